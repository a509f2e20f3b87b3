"""What can be done with a job: go on from it, save what it came to, find it again, remove it."""

import io
import re

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.e2e.pictures import drawing, packed, photograph, unpacked
from tests.page.driving import PATIENCE_MS, drop, job_url

pytestmark = [pytest.mark.browser, pytest.mark.long]

ENDED = re.compile("complete|partial")


def deadline(page: Page, seconds: str) -> None:
    page.locator("[name=deadline_s]").fill(seconds)


def run(page: Page) -> None:
    page.locator("#run").click()
    expect(page.locator("#status")).to_have_attribute("data-state", ENDED, timeout=PATIENCE_MS)


def cards(page: Page) -> Locator:
    page.locator("#history").scroll_into_view_if_needed()
    return page.locator("#history-list li")


def test_a_partial_job_is_gone_on_from_with_its_pictures_on_the_wall(page: Page):
    drop(page, packed(photograph(400, 400)))
    deadline(page, "0.6")
    run(page)
    resume = page.locator("#resume")
    expect(page.locator("#badge")).to_have_text("partial")
    deadline(page, "10")
    first = job_url(page)
    resume.click()
    ring = page.locator("#countdown")
    expect(ring).to_contain_text(re.compile(r"^\s*[5-9]\.\d"))
    expect(page.locator("#live")).to_be_visible()  # what there was hangs there meanwhile
    expect(resume).to_be_hidden()
    expect(page.locator("#status")).to_have_attribute("data-state", ENDED, timeout=PATIENCE_MS)
    expect(ring).to_be_hidden()
    assert job_url(page) != first
    job = page.request.get(job_url(page)).json()
    assert job["resumed_from"] == first.rpartition("/")[2]
    expect(page.locator("#result")).to_be_visible()


def test_a_result_is_saved_as_png_webp_and_npz(page: Page):
    drop(page, packed(drawing(96, 64)), "ink.png")
    page.locator("[name=passes]").fill("1")
    run(page)
    saved = {}
    for ending in ("png", "webp", "npz"):
        with page.expect_download(timeout=PATIENCE_MS) as download:
            page.locator(f"#download-{ending}").click()
        saved[download.value.suggested_filename] = download.value.path().read_bytes()
    expect(page.locator("#download-svg")).to_have_count(0)
    assert set(saved) == {"ink-itten.png", "ink-itten.webp", "ink-itten.npz"}
    assert unpacked(saved["ink-itten.png"]).shape == (64, 96, 3)
    assert unpacked(saved["ink-itten.webp"]).shape == (64, 96, 3)
    with np.load(io.BytesIO(saved["ink-itten.npz"])) as arrays:
        assert arrays["vectors"].shape[:2] == (64, 96)


def test_the_history_opens_a_job_again_and_removes_it(page: Page):
    drop(page, packed(drawing(96, 64)), "mine.png")
    page.locator("[name=passes]").fill("2")
    run(page)
    newest = cards(page).first
    expect(newest).to_contain_text("mine, 2 passes")
    expect(newest.locator("img")).to_have_js_property("naturalWidth", 96)
    page.goto(page.url.partition("#")[0])  # as who comes back later
    expect(page.locator("#outcome")).to_be_hidden()
    expect(page.locator("#target-way")).to_contain_text("choose mine.png again")
    cards(page).first.locator("button.open").click()
    expect(page.locator("#badge")).to_have_text("complete", timeout=PATIENCE_MS)
    expect(page.locator("#original-title")).to_have_text("mine.png")
    expect(page.locator("#passes-strip .filled")).to_have_count(3)
    path = job_url(page)
    page.get_by_role("link", name="History").click()
    assert job_url(page) == path
    before = cards(page).count()
    cards(page).first.get_by_role("button", name="Remove").click()
    expect(cards(page)).to_have_count(before - 1)
    assert page.request.get(path).status == 410


def test_a_field_of_another_client_is_shown_as_what_it_is(page: Page):
    file = FilePayload(name="flower.png", mimeType="image/png", buffer=packed(drawing(96, 64)))
    url = page.url.partition("?")[0]
    answer = page.request.post(f"{url}field", multipart={"target": file, "render": "viridis"})
    assert answer.ok
    cards(page).first.locator("button.open").click()
    expect(page.locator("#status")).to_contain_text("Complete: a field")
    expect(page.locator("#passes-section")).to_be_hidden()
    with page.expect_download() as download:
        page.locator("#download-png").click()
    assert download.value.suggested_filename == "flower-field.png"


def test_a_job_that_runs_is_found_again_after_a_reload(page: Page):
    drop(page, packed(photograph(700, 700)), "large.png")
    deadline(page, "8")
    page.locator("#run").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "running", timeout=PATIENCE_MS)
    page.reload()
    expect(page.locator("#original-title")).to_have_text("large.png")
    expect(page.locator("#countdown")).to_be_visible()
    page.locator("#cancel").click()
    expect(page.locator("#status")).to_have_attribute(
        "data-state", "cancelled", timeout=PATIENCE_MS
    )
