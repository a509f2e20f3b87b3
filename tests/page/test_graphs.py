"""The page of graphs, and the egg on the page of pictures."""

import io
import json
import shlex
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pictures import drawing, packed
from tests.e2e.served import Served
from tests.page.driving import PATIENCE_MS, drop, job_url, opened
from worker.graphs.reading import read_document

pytestmark = [pytest.mark.browser, pytest.mark.long]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
VIOLATIONS = """async () => (await axe.run(document)).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)"""
DRAWN = """async ([name, values]) => {
  const { GENERATORS, documentOf } = await import("/static/graph/generators.js");
  const drawn = GENERATORS[name].draw(values);
  const { n, src, dst, x, y } = drawn;
  return { n, src: [...src], dst: [...dst], x: x && [...x], y: y && [...y],
           document: documentOf(name, values, drawn) };
}"""
READ = """async (bytes) => {
  const { readGraph } = await import("/static/graph/files.js");
  const { n, src, dst, x, y } = await readGraph(new File([new Uint8Array(bytes)], "graph"));
  return { n, src: [...src], dst: [...dst], x: x && [...x], y: y && [...y] };
}"""
LAID_OUT = """async ({ n, src, dst }) => {
  const { ForceLayout } = await import("/static/graph/layout.js");
  const layout = new ForceLayout({ n, src: Int32Array.from(src), dst: Int32Array.from(dst) });
  while (!layout.settled) layout.step();
  return [...layout.x].map((x, i) => [x, layout.y[i]]);
}"""
COLOURED = """() => {
  const canvas = document.getElementById("plot");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const bytes = data.slice(i, i + 3);
    count += data[i + 3] === 255 && Math.max(...bytes) - Math.min(...bytes) > 60;
  }
  return count;
}"""
CASES: list[tuple[str, dict[str, float]]] = [
    ("territory", {"num_islands": 3, "radius": 6, "bridge_width": 1, "spacing": 18}),
    ("territory", {"num_islands": 4, "radius": 3, "bridge_width": 9, "spacing": 5}),
    ("territory", {"num_islands": 2, "radius": 0, "bridge_width": 2, "spacing": 4}),
    ("square", {"rows": 3, "cols": 5}),
    ("triangle", {"rows": 4, "cols": 3}),
    ("hex", {"rows": 4, "cols": 7}),
    (
        "pinched",
        {"x_range": 20, "y_range": 9, "period": 4, "bottleneck_prob": 0.5, "seed": 3_000_000_000},
    ),
    (
        "heightfield",
        {"rows": 5, "cols": 6, "hills": 3, "elevation_scale": 2, "connectivity": 8, "seed": 1},
    ),
    ("gnp", {"n": 60, "p": 0.1, "seed": 7}),
    ("gnp", {"n": 9, "p": 1, "seed": 0}),
]
SLOW = "graph=square&graph.params.rows=150&graph.params.cols=150&params.radius=4&deadline_s=1"


@pytest.fixture
def graphs(itten: Served, browser: Browser) -> Iterator[Page]:
    """The page of graphs, whose worker is warm."""
    itten.wait_ready()
    with opened(browser, f"{itten.url}/graphs") as page:
        expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
        yield page


def run(page: Page, state: str = "complete", button: str = "#run") -> dict[str, Any]:
    """Run to this end; the job document."""
    page.locator(button).click()
    expect(page.locator("#run")).to_be_disabled()
    expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
    expect(page.locator("#status")).to_have_attribute("data-state", state)
    document: dict[str, Any] = httpx.get(job_url(page).replace("/graphs/", "/")).json()
    return document


def arrays(page: Page, job: dict[str, Any]) -> dict[str, Any]:
    """The arrays of a job."""
    url = page.url.partition("/graphs")[0] + job["links"]["result"]
    answer = httpx.get(url, headers={"Accept": "application/x-npz"})
    with np.load(io.BytesIO(answer.content)) as file:
        return dict(file)


def ends(graph: dict[str, Any]) -> set[tuple[int, int]]:
    """Its edges, each once."""
    return {(min(pair), max(pair)) for pair in zip(graph["src"], graph["dst"], strict=True)}


@pytest.mark.parametrize(("name", "values"), CASES)
def test_generator_draws_what_the_service_draws(
    graphs: Page, name: str, values: dict[str, float]
) -> None:
    drawn = graphs.evaluate(DRAWN, [name, values])
    theirs = read_document(drawn["document"])
    counts = np.diff(theirs.rows.crow)
    rows, columns = np.repeat(np.arange(theirs.rows.n), counts), theirs.rows.col
    assert drawn["n"] == theirs.rows.n
    assert len(drawn["src"]) == len(ends(drawn))
    assert ends(drawn) == {(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if r < c}
    if drawn["x"]:
        assert theirs.coords is not None
        np.testing.assert_allclose(np.stack([drawn["x"], drawn["y"]], 1), theirs.coords)


def test_nodes_take_their_colours_while_it_runs(itten: Served, browser: Browser) -> None:
    itten.wait_ready()
    with opened(browser, f"{itten.url}/graphs?{SLOW.replace('_s=1', '_s=3')}") as page:
        expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
        assert page.evaluate(COLOURED) == 0
        page.locator("#run").click()
        page.wait_for_function("() => /^[1-9][0-9]* of 22500$/.test(counts.textContent)")
        expect(page.locator("#cancel")).to_be_visible()
        expect(page.locator("#countdown")).to_be_visible()
        assert page.evaluate(COLOURED) > 0
        page.locator("#cancel").click()
        expect(page.locator("#status")).to_have_attribute("data-state", "cancelled", timeout=5000)


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
    with opened(browser, f"{itten.url}/graphs?{SLOW}") as page:
        expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
        first = arrays(page, run(page, "partial"))["lambda2"]
        expect(page.locator("#badge")).to_have_text("partial")
        expect(page.locator("#ramp .unknown")).to_be_visible()
        second = arrays(page, run(page, "partial", "#resume"))["lambda2"]
    known = ~np.isnan(first)
    assert 0 < known.sum() < (~np.isnan(second)).sum()
    np.testing.assert_array_equal(first[known], second[known])


def test_of_many_nodes_a_sample_is_drawn(itten: Served, browser: Browser) -> None:
    size = "graph.params.rows=300&graph.params.cols=300"
    with opened(browser, f"{itten.url}/graphs?graph=square&{size}&deadline_s=1") as page:
        expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
        text = page.locator("#graph-meta").inner_text()
        assert text.startswith("90,000 nodes · 179,400 edges · ")
        assert 18_000 < int(text.split(" · ")[2].split()[0].replace(",", "")) < 22_000
        run(page, "partial")
        assert page.evaluate(COLOURED) > 0


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


def test_files_are_read_as_the_service_reads_them(graphs: Page) -> None:
    src, dst = np.array([0, 1, 2]), np.array([1, 2, 3])
    coords = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    packed_up, rows, listed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(listed, n=np.array(4), coords=coords, src=src, dst=dst)
    np.savez_compressed(packed_up, n=np.int32(4), src=src, dst=dst)
    indptr, indices = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2], np.int32)
    np.savez(rows, indptr=indptr, indices=indices)
    lists = {"src": [0, 1, 2], "dst": [1, 2, 3]}
    document = {"format": "itten.graph/1", "n": 4, "edges": lists, "coords": coords.tolist()}
    texts = [listed.getvalue(), packed_up.getvalue(), rows.getvalue(), json.dumps(document)]
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        read = graphs.evaluate(READ, list(data))
        assert read["n"] == 4
        assert ends(read) == {(0, 1), (1, 2), (2, 3)}
        assert read["x"] in (None, [0, 1, 1, 0])


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
    expect(graphs.locator("[id='params.radius-complaint']")).to_contain_text("<= 6")
    graphs.locator("[id='graph.params.num_islands']").fill("-1")
    expect(graphs.locator("[id='graph.params.num_islands-complaint']")).to_contain_text("1 to 50")


def test_reload_shows_the_job_again(graphs: Page) -> None:
    graphs.locator("[id='graph.params.num_islands']").fill("2")
    run(graphs)
    graphs.wait_for_function("() => location.search.includes('num_islands=2')")
    graphs.reload()
    expect(graphs.locator("#status")).to_have_attribute("data-state", "complete")
    expect(graphs.locator("#graph-meta")).to_contain_text("nodes")
    expect(graphs.locator("#ramp")).to_be_visible()
    assert graphs.evaluate(COLOURED) > 0


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
    subprocess.run(words, cwd=tmp_path, check=True, timeout=30, capture_output=True)
    theirs = json.loads((tmp_path / "result.json").read_bytes())
    assert theirs["result"]["lambda2"] == job["result"]["lambda2"]


def test_layout_keeps_neighbours_near_and_others_apart(graphs: Page) -> None:
    n = 40
    ring = {"n": n, "src": [*range(n)], "dst": [*range(1, n), 0]}
    places = np.array(graphs.evaluate(LAID_OUT, ring))
    near = np.linalg.norm(places - np.roll(places, -1, 0), axis=1)
    across = np.linalg.norm(places - np.roll(places, n // 2, 0), axis=1)
    assert np.isfinite(places).all()
    assert across.min() > 3 * near.max()


def test_layout_of_nodes_at_one_place_ends(graphs: Page) -> None:
    graphs.evaluate("""async () => {
      const { Quadtree } = await import("/static/graph/quadtree.js");
      const tree = new Quadtree(500);
      tree.build(new Float64Array(500).fill(3), new Float64Array(500).fill(4));
      if (tree.mass[0] !== 500 || Math.abs(tree.x[0] - 3) > 1e-9) throw new Error("lost some");
    }""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violations_and_no_scrolling(itten: Served, browser: Browser, scheme: str) -> None:
    for width, height in ((360, 740), (3840, 2160)):
        look = {"color_scheme": scheme, "viewport": {"width": width, "height": height}}
        with opened(browser, f"{itten.url}/graphs", **look) as page:
            expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
            run(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == []


def test_field_goes_on_the_egg(page: Page) -> None:
    drop(page, packed(drawing(160, 160)))
    expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
    expect(page.locator("#egg-open")).to_be_hidden()
    page.locator("#run").click()
    page.locator("#egg-open").click(timeout=PATIENCE_MS)
    image = page.locator("#egg img")
    expect(image).to_be_visible(timeout=PATIENCE_MS)
    first = image.get_attribute("src")
    page.locator("#egg [name=wears]").select_option("result")
    expect(image).not_to_have_attribute("src", str(first), timeout=PATIENCE_MS)
    page.wait_for_function("() => document.querySelector('#egg img').naturalWidth === 512")
    page.evaluate(AXE)
    assert page.evaluate(VIOLATIONS) == []
    with page.expect_download() as download:
        page.locator("#egg [data-do=save]").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    page.keyboard.press("Escape")
    expect(page.locator("#egg")).to_be_hidden()
