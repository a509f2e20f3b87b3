"""How pictures come in: two places to drop on, files, the clipboard, samples."""

import base64

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from tests.e2e.pictures import drawing, packed, photograph
from tests.e2e.served import Served
from tests.page.driving import PATIENCE_MS, drop, job_url, run_to_its_end, until_true

pytestmark = [pytest.mark.browser, pytest.mark.long]

PASTE = """([data, at]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  const event = new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
  document.querySelector(at).dispatchEvent(event);
}"""
DRAWING = packed(drawing(160, 120))


def name_in(page: Page, part: str) -> Locator:
    return page.locator(f"#{part}-way .slot .meta")


def test_a_second_picture_lends_its_strokes(page: Page):
    drop(page, packed(photograph(96, 128)), "lender.png", at="#source-way")
    expect(page.locator("#run")).to_be_disabled()  # a source alone is nothing to work on
    drop(page, DRAWING, "drawn.png")
    expect(name_in(page, "target")).to_have_text("drawn.png")
    expect(name_in(page, "source")).to_have_text("lender.png")
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "complete")
    assert page.request.get(job_url(page)).json()["spec"]["mode"] == "cross"


def test_the_source_of_a_job_comes_back_with_it_and_lends_again(page: Page):
    drop(page, DRAWING, "drawn.png")
    drop(page, packed(photograph(96, 128)), "lender.png", at="#source-way")
    page.locator("[name=passes]").fill("1")
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "complete")
    first = job_url(page)
    page.goto("about:blank")
    page.goto(first.replace("/jobs/", "/#job="))
    expect(name_in(page, "source")).to_have_text("source.png")
    expect(status).to_have_attribute("data-state", "complete")
    again = run_to_its_end(page)
    assert again != first
    assert page.request.get(again).json()["spec"]["mode"] == "cross"
    pictures = [page.request.get(f"{job}/image").body() for job in (first, again)]
    assert pictures[0] == pictures[1]


def test_pictures_are_swapped_and_a_source_is_removed(page: Page):
    drop(page, DRAWING, "one.png")
    expect(page.locator("[data-do=swap]")).to_be_hidden()
    drop(page, packed(photograph(96, 128)), "two.png", at="#source-way .slot")
    page.locator("[data-do=swap]").click()
    expect(name_in(page, "target")).to_have_text("two.png")
    expect(name_in(page, "source")).to_have_text("one.png")
    expect(page.locator("#original-title")).to_have_text("two.png")
    page.locator("[data-do=remove]").click()
    expect(name_in(page, "source")).to_contain_text("none")
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "complete")
    assert page.request.get(job_url(page)).json()["spec"]["mode"] == "self"


def test_a_line_drawing_takes_no_source(page: Page):
    drop(page, DRAWING, at="#source-way")
    drop(page, DRAWING)
    page.locator("#kind label", has_text="Line drawing").click()
    expect(page.locator("#source-way")).to_be_hidden()
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "complete")


def test_what_is_pasted_goes_where_the_focus_is(page: Page):
    data = base64.b64encode(DRAWING).decode()
    page.evaluate(PASTE, [data, "body"])
    expect(name_in(page, "target")).to_have_text("pasted.png")
    expect(name_in(page, "source")).to_contain_text("none")
    page.locator("#source-file").focus()
    page.evaluate(PASTE, [data, "#source-file"])
    expect(name_in(page, "source")).to_have_text("pasted.png")


def test_a_file_can_be_chosen_for_each(page: Page):
    for part in ("target", "source"):
        file = FilePayload(name=f"{part}.png", mimeType="image/png", buffer=DRAWING)
        page.locator(f"#{part}-file").set_input_files(file)
        expect(name_in(page, part)).to_have_text(f"{part}.png")


def test_a_file_that_is_chosen_before_the_page_is_there_is_taken(itten: Served, browser: Browser):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    held: list[Route] = []
    page.route("**/static/main.js", lambda route: held.append(route))
    page.goto(itten.url, wait_until="commit")
    file = FilePayload(name="early.png", mimeType="image/png", buffer=DRAWING)
    page.locator("#target-file").set_input_files(file)
    until_true(page, lambda: bool(held))
    held[0].continue_()
    expect(name_in(page, "target")).to_have_text("early.png")
    page.close()


def test_samples_are_for_either_by_keyboard_alone(page: Page):
    page.locator("#samples [title^=Plant]").focus()
    page.keyboard.press("Enter")
    expect(name_in(page, "target")).to_have_text("plant.png")
    samples = page.locator("#samples")
    expect(samples).to_be_hidden()
    page.locator("#source-way [data-do=samples]").focus()
    page.keyboard.press("Enter")
    expect(samples).to_contain_text("as the source")
    page.keyboard.press("Escape")
    expect(samples).to_be_hidden()
    expect(page.locator("#source-way [data-do=samples]")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(name_in(page, "source")).to_have_text("plant.png")
    expect(page.locator("#original-title")).to_have_text("plant.png")
