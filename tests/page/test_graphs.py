"""The page of graphs, and the egg on the page of pictures."""

import json
import shlex
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pictures import drawing, packed
from tests.e2e.served import LONG_S, PATIENCE_S, Served
from tests.page.driving import drop, opened
from tests.page.graph_driving import COLOURED, SLOW, SOME_KNOWN, arrays, coloured, run

pytestmark = [pytest.mark.browser, pytest.mark.long]

RUNS = 20  # of three seconds each, at most, for a machine that needs more for the first values

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
VIOLATIONS = """async () => (await axe.run(document)).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)"""


def test_nodes_take_their_colours_while_it_runs(itten: Served, browser: Browser) -> None:
    itten.wait_ready()
    with opened(browser, f"{itten.url}/graphs?{SLOW}&deadline_s={LONG_S:.0f}") as page:
        expect(page.locator("#run")).to_be_enabled()
        assert page.evaluate(COLOURED) == 0
        page.locator("#run").click()
        page.wait_for_function(SOME_KNOWN)
        expect(page.locator("#cancel")).to_be_visible()
        expect(page.locator("#countdown")).to_be_visible()
        coloured(page)
        page.locator("#cancel").click()
        expect(page.locator("#status")).to_have_attribute("data-state", "cancelled")


def test_hover_and_arrow_keys_tell_a_node(graphs: Page) -> None:
    job = run(graphs)
    expect(graphs.locator("#ramp-low")).to_have_text("0.296")
    values = arrays(graphs, job)
    graphs.locator("#plot").focus()
    graphs.keyboard.press("ArrowRight")
    size, value = values["ball_size"][0], values["lambda2"][0]
    expect(graphs.locator("#tip")).to_have_text(f"Node 0: λ₂ {value:.3g}, ball of {size:.0f} nodes")
    graphs.keyboard.press("ArrowDown")
    expect(graphs.locator("#tip")).to_contain_text("Node 1:")
    graphs.locator("#plot").hover()  # the middle of the middle island
    expect(graphs.locator("#tip")).to_contain_text("ball of 13 nodes")


def test_partial_is_gone_on_with_to_the_same_values(itten: Served, browser: Browser) -> None:
    itten.wait_ready()
    with opened(browser, f"{itten.url}/graphs?{SLOW}&deadline_s=3") as page:
        expect(page.locator("#run")).to_be_enabled()
        first = lambda2(page, run(page, "partial"), more_than=0)
        expect(page.locator("#badge")).to_have_text("partial")
        expect(page.locator("#ramp .unknown")).to_be_visible()
        known = ~np.isnan(first)
        second = lambda2(page, run(page, "partial", "#resume"), more_than=known.sum())
    np.testing.assert_array_equal(first[known], second[known])


def lambda2(page: Page, job: dict[str, Any], *, more_than: int) -> np.ndarray:
    """The values of a partial job, gone on with until there are more than so many."""
    for _ in range(RUNS):
        values = arrays(page, job).get("lambda2", np.zeros(0))
        if np.isfinite(values).sum() > more_than:
            return values
        job = run(page, "partial", "#resume")
    raise AssertionError(job)


def test_of_many_nodes_a_sample_is_drawn(itten: Served, browser: Browser) -> None:
    with opened(browser, f"{itten.url}/graphs?{SLOW}&deadline_s=3") as page:
        expect(page.locator("#run")).to_be_enabled()
        text = page.locator("#graph-meta").inner_text()
        assert text.startswith("90,000 nodes · 179,400 edges · ")
        assert 18_000 < int(text.split(" · ")[2].split()[0].replace(",", "")) < 22_000
        lambda2(page, run(page, "partial"), more_than=0)
        coloured(page)


def test_fiedler_vectors_one_by_one(graphs: Page) -> None:
    graphs.locator("#kind label:has([value='graph.fiedler'])").click()
    graphs.locator("#generators").get_by_text("Landscape").click()
    job = run(graphs)
    vectors = arrays(graphs, job)["vectors"]
    expect(graphs.locator("#channel option")).to_have_count(4)
    for channel in (1, 3):
        graphs.locator("#channel").select_option(str(channel))
        low, high = vectors[channel - 1].min(), vectors[channel - 1].max()
        assert float(graphs.locator("#ramp-low").inner_text()) == pytest.approx(low, rel=0.01)
        assert float(graphs.locator("#ramp-high").inner_text()) == pytest.approx(high, rel=0.01)


def test_file_without_coordinates_runs(graphs: Page) -> None:
    edges = {"src": [0, 1, 2, 3], "dst": [1, 2, 3, 0]}
    document = json.dumps({"format": "itten.graph/1", "n": 5, "edges": edges}).encode()
    drop(graphs, document, "ring.json", "body")
    expect(graphs.locator("#graph-meta")).to_have_text("5 nodes · 4 edges · laid out by forces")
    job = run(graphs)
    assert job["result"]["lambda2"][:4] == pytest.approx([2.0] * 4)
    expect(graphs.locator("#curl")).to_contain_text("-F graph=@ring.json")
    graphs.reload()
    expect(graphs.locator("#again")).to_contain_text("Choose the same file again")


def test_refused_file_says_what_to_change(graphs: Page) -> None:
    bad = json.dumps({"n": 3, "edges": {"src": [0, 9], "dst": [1, 1]}}).encode()
    drop(graphs, bad, "bad.json", "body")
    expect(graphs.locator("#blank")).to_contain_text("cannot draw it")
    graphs.locator("#run").click()
    expect(graphs.locator("#problem")).to_contain_text("edges.src[1]")
    expect(graphs.locator("#run")).to_be_enabled()


def test_refused_value_is_said_at_its_field(graphs: Page) -> None:
    graphs.locator("[id='params.radius']").fill("99")
    graphs.locator("#run").click()
    expect(graphs.locator("[id='params.radius-complaint']")).to_contain_text("at most 6")
    graphs.locator("[id='graph.params.num_islands']").fill("-1")
    expect(graphs.locator("[id='graph.params.num_islands-complaint']")).to_contain_text(
        "1 to 2000000"
    )


@pytest.mark.parametrize("generator", ["Hex", "Random"])
def test_curl_command_gives_the_same_values(graphs: Page, tmp_path: Path, generator: str) -> None:
    graphs.locator("#generators").get_by_text(generator).click()
    job = run(graphs)
    save = graphs.locator("#command-note button")
    if save.count():
        with graphs.expect_download() as download:
            save.click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    words = shlex.split(graphs.locator("#curl").inner_text())
    subprocess.run(words, cwd=tmp_path, check=True, timeout=PATIENCE_S, capture_output=True)
    theirs = json.loads((tmp_path / "result.json").read_bytes())
    assert theirs["result"]["lambda2"] == job["result"]["lambda2"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violations_and_no_scrolling(itten: Served, browser: Browser, scheme: str) -> None:
    for width, height in ((360, 740), (3840, 2160)):
        look = {"color_scheme": scheme, "viewport": {"width": width, "height": height}}
        with opened(browser, f"{itten.url}/graphs", **look) as page:
            expect(page.locator("#run")).to_be_enabled()
            run(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == []


def test_field_goes_on_the_egg(page: Page) -> None:
    drop(page, packed(drawing(160, 160)))
    expect(page.locator("#run")).to_be_enabled()
    expect(page.locator("#egg-open")).to_be_hidden()
    page.locator("#run").click()
    page.locator("#egg-open").click()
    image = page.locator("#egg img")
    expect(image).to_be_visible()
    first = image.get_attribute("src")
    page.locator("#egg [name=wears]").select_option("result")
    expect(image).not_to_have_attribute("src", str(first))
    page.wait_for_function("() => document.querySelector('#egg img').naturalWidth === 512")
    page.evaluate(AXE)
    assert page.evaluate(VIOLATIONS) == []
    with page.expect_download() as download:
        page.locator("#egg [data-do=save]").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    page.keyboard.press("Escape")
    expect(page.locator("#egg")).to_be_hidden()
