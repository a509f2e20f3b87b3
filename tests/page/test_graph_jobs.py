"""Jobs of graphs by their addresses, and by the history of either page."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.served import LONG_S, Served
from tests.page.driving import drop
from tests.page.graph_driving import SLOW, SOME_KNOWN, coloured, run

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_reload_shows_the_job_again(graphs: Page) -> None:
    graphs.locator("[id='graph.params.num_islands']").fill("2")
    run(graphs)
    graphs.wait_for_function("() => location.search.includes('num_islands=2')")
    graphs.reload()
    expect(graphs.locator("#status")).to_have_attribute("data-state", "complete")
    expect(graphs.locator("#graph-meta")).to_contain_text("nodes")
    expect(graphs.locator("#ramp")).to_be_visible()
    coloured(graphs)


def test_any_graph_of_a_job_is_there_again_by_its_address(graphs: Page, itten: Served) -> None:
    edges = {"src": [0, 1, 2, 3], "dst": [1, 2, 3, 0]}
    document = json.dumps({"format": "itten.graph/1", "n": 4, "edges": edges}).encode()
    drop(graphs, document, "ring.json", "body")
    expect(graphs.locator("#graph-meta")).to_contain_text("4 nodes")
    graphs.locator("[id='params.radius']").fill("1")
    job = run(graphs)
    for address in (
        graphs.url,
        f"{itten.url}/graphs#job={job['id']}",
        f"{itten.url}/#job={job['id']}",
    ):
        graphs.goto("about:blank")
        graphs.goto(address)
        expect(graphs.locator("#status")).to_have_attribute("data-state", "complete")
        expect(graphs.locator("#graph-meta")).to_have_text("4 nodes · 4 edges · laid out by forces")
        expect(graphs.locator("#graph-title")).to_have_text("ring.npz")
        expect(graphs.locator("[id='params.radius']")).to_have_value("1")
        expect(graphs).to_have_url(re.compile(f"#job={job['id']}$"))
        coloured(graphs)
    again = run(graphs)  # of the graph as the service gave it back
    assert again["id"] != job["id"]
    assert again["result"]["lambda2"] == job["result"]["lambda2"]


def test_history_of_either_page_leads_to_a_job(graphs: Page, itten: Served) -> None:
    graphs.locator("#kind label:has([value='graph.fiedler'])").click()
    graphs.locator("#generators").get_by_text("Hex").click()
    job = run(graphs)
    graphs.locator("#generators").get_by_text("Square").click()
    entry = f"#history [data-job='{job['id']}'] .open"
    graphs.locator("#history").scroll_into_view_if_needed()
    graphs.locator(entry).click()
    expect(graphs.locator("#graph-title")).to_have_text("hex.npz")
    expect(graphs.locator("#channel option")).to_have_count(4)
    graphs.goto(itten.url)
    graphs.locator("#history").scroll_into_view_if_needed()
    graphs.locator(entry).click()
    expect(graphs).to_have_url(f"{itten.url}/graphs#job={job['id']}")
    expect(graphs.locator("#status")).to_have_attribute("data-state", "complete")
    expect(graphs.locator("#kind [value='graph.fiedler']")).to_be_checked()


def test_history_shows_what_has_a_picture(graphs: Page, itten: Served) -> None:
    egg = itten.post("/jobs", json={"kind": "render.egg", "params": {"size": 64}})
    entry = graphs.locator(f"#history [data-job='{egg.json()['id']}'] .open")
    graphs.reload()
    graphs.locator("#history").scroll_into_view_if_needed()
    expect(entry.locator("img")).to_be_visible()
    entry.click()
    expect(graphs).to_have_url(re.compile(f"/surfaces.*#job={egg.json()['id']}$"))
    expect(graphs.locator("#picture")).to_be_visible()


def test_a_job_that_no_page_shows_is_said_to_be_none(graphs: Page, itten: Served) -> None:
    rank = itten.post("/jobs", json={"kind": "rankk", "x": [[1, 2], [3, 4]]}).json()
    graphs.goto("about:blank")
    graphs.goto(f"{itten.url}/graphs#job={rank['id']}")
    expect(graphs.locator("#problem")).to_contain_text("rankk")
    expect(graphs.locator("#run")).to_be_enabled()
    graphs.goto("about:blank")
    graphs.goto(f"{itten.url}/graphs#job=none-such-job")
    expect(graphs.locator("#problem")).to_contain_text("no such job", ignore_case=True)
    expect(graphs).to_have_url(re.compile(r"/graphs(\?[^#]*)?$"))


def test_a_job_that_runs_goes_on_over_a_reload(graphs: Page, itten: Served) -> None:
    graphs.goto(f"{itten.url}/graphs?{SLOW}&deadline_s={LONG_S:.0f}")
    expect(graphs.locator("#run")).to_be_enabled()
    graphs.locator("#run").click()
    graphs.wait_for_function(SOME_KNOWN)
    graphs.reload()
    expect(graphs.locator("#cancel")).to_be_visible()
    graphs.wait_for_function(SOME_KNOWN)
    expect(graphs.locator("#ramp")).to_be_visible()
    coloured(graphs)
    graphs.locator("#cancel").click()
    expect(graphs.locator("#status")).to_have_attribute("data-state", "cancelled")
