"""What can be done with a job: go on from it, save what it came to, find it again, remove it."""

import io
import re

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.e2e.pictures import drawing, packed, photograph, unpacked
from tests.page.driving import PATIENCE_MS, drop, has_been, job_url, remember, run_to_its_end

pytestmark = [pytest.mark.browser, pytest.mark.long]

ENDED = re.compile("complete|partial")


def deadline(page: Page, seconds: str) -> None:
    page.locator("[name=deadline_s]").fill(seconds)


def run(page: Page, button: str = "#run") -> None:
    run_to_its_end(page, button)
    expect(page.locator("#status")).to_have_attribute("data-state", ENDED)


def cards(page: Page) -> Locator:
    page.locator("#history").scroll_into_view_if_needed()
    return page.locator("#history-list li")


def test_a_partial_job_is_gone_on_from_with_its_pictures_on_the_wall(page: Page):
    drop(page, packed(photograph(1200, 900)))
    page.locator("[name=passes]").fill("16")  # more than any deadline here has time for
    deadline(page, "2")
    run(page)
    resume = page.locator("#resume")
    expect(page.locator("#badge")).to_have_text("partial")
    deadline(page, "30")
    first = job_url(page)
    ring = page.locator("#countdown")
    remember(page, "#countdown")
    resume.click()
    has_been(page, "#countdown", text=r"^\s*(30|[12]\d)\.\d")
    expect(page.locator("#live")).to_be_visible()  # what there was hangs there meanwhile
    expect(resume).to_be_hidden()
    expect(page.locator("#status")).to_have_attribute("data-state", "running")
    assert job_url(page) != first
    job = page.request.get(job_url(page)).json()
    assert job["resumed_from"] == first.rpartition("/")[2]
    page.locator("#cancel").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "cancelled")
    expect(ring).to_be_hidden()
    page.goto("about:blank")
    page.goto(first.replace("/jobs/", "/#job="))  # the first one stays as it was
    expect(page.locator("#badge")).to_have_text("partial")
    deadline(page, "2")
    run(page, "#resume")
    expect(ring).to_be_hidden()
    expect(page.locator("#result")).to_be_visible()


def test_a_result_is_saved_as_png_webp_and_npz(page: Page):
    drop(page, packed(drawing(96, 64)), "ink.png")
    page.locator("[name=passes]").fill("1")
    run(page)
    saved = {}
    for ending in ("png", "webp", "npz"):
        with page.expect_download() as download:
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
    expect(page.locator("#badge")).to_have_text("complete")
    expect(page.locator("#original-title")).to_have_text("mine.png")
    expect(page.locator("#passes-strip .filled")).to_have_count(3)
    path = job_url(page)
    page.get_by_role("link", name="History").click()
    assert job_url(page) == path
    own = page.locator(f"#history-list [data-job='{path.rpartition('/')[2]}']")
    own.get_by_role("button", name="Remove").click()
    expect(own).to_have_count(0)
    assert page.request.get(path).status == 410


def test_a_field_of_another_client_is_shown_as_what_it_is(page: Page):
    file = FilePayload(name="flower.png", mimeType="image/png", buffer=packed(drawing(96, 64)))
    url = page.url.partition("?")[0]
    sent = {"target": file, "render": "viridis"}
    answer = page.request.post(f"{url}field", multipart=sent, timeout=PATIENCE_MS)
    assert answer.ok
    own = page.locator(f"#history-list [data-job='{answer.headers['itten-job']}']")
    page.locator("#history").scroll_into_view_if_needed()
    own.locator("button.open").click()
    expect(page.locator("#status")).to_contain_text("Complete: a field")
    expect(page.locator("#passes-section")).to_be_hidden()
    with page.expect_download() as download:
        page.locator("#download-png").click()
    assert download.value.suggested_filename == "flower-field.png"


def test_a_job_that_runs_is_found_again_after_a_reload(page: Page):
    drop(page, packed(photograph(700, 700)), "large.png")
    page.locator("[name=passes]").fill("16")
    page.locator("#run").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "running")
    page.reload()
    expect(page.locator("#original-title")).to_have_text("large.png")
    expect(page.locator("#countdown")).to_be_visible()
    page.locator("#cancel").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "cancelled")
