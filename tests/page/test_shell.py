"""The page as a whole: for everybody, on any screen, over a slow line."""

import re
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.e2e.served import Served
from tests.page.driving import opened

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
TOLD = """async (rules) => (await axe.run(document, rules)).violations.map(
  ({ id, nodes }) => id + ": " + nodes.map(({ html, failureSummary }) => html + failureSummary))"""
FIRST_PAINT = 30_000  # bytes that the first paint waits for
EVERYTHING = 150_000  # bytes, with all modules, the parameters and the thumbnails
BLOCKING = """() => performance.getEntriesByType("resource")
  .filter((each) => each.renderBlockingStatus === "blocking")
  .concat(performance.getEntriesByType("navigation"))
  .reduce((bytes, each) => bytes + each.transferSize, 0)"""
FULL = {
    "status": 503,
    "headers": {"Retry-After": "60"},
    "content_type": "application/problem+json",
    "body": '{"title": "Full", "status": 503, "detail": "Send it again later."}',
}
SCREENS = [(360, 740), (768, 1024), (1280, 900), (3840, 2160)]


RULES: dict[str, Any] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}  # all that differs


def violations(page: Page, scheme: str) -> list[str]:
    page.evaluate(AXE)
    found: list[str] = page.evaluate(TOLD, RULES[scheme])
    return found


def shade_a_sample(page: Page, name: str = "Cottage") -> None:
    page.locator(f"#samples [title^={name}]").click()
    page.locator("[name=passes]").fill("1")
    page.locator("#run").click()
    ended = re.compile("complete|partial")
    expect(page.locator("#status")).to_have_attribute("data-state", ended)


@pytest.mark.parametrize("scheme", RULES)
def test_nobody_is_kept_out(itten: Served, browser: Browser, scheme: str):
    itten.wait_ready()
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    with opened(browser, itten.url, **options) as page:
        assert violations(page, scheme) == []
        shade_a_sample(page)
        page.locator("#source-way [data-do=samples]").click()
        page.locator("#history").scroll_into_view_if_needed()
        expect(page.locator("#history-list li").first).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        assert violations(page, scheme) == []
        page.route("**/jobs/*", lambda route: route.fulfill(**FULL))
        page.locator("#run").click()
        expect(page.locator("#problem")).to_contain_text("Try again in")
        assert violations(page, scheme) == []


@pytest.mark.parametrize("size", SCREENS, ids=lambda size: f"{size[0]}")
def test_no_screen_has_to_be_scrolled_sideways(
    itten: Served, browser: Browser, size: tuple[int, int]
):
    itten.wait_ready()
    viewport = {"width": size[0], "height": size[1]}
    with opened(browser, itten.url, viewport=viewport) as page:
        for state in ("empty", "chosen"):
            if state == "chosen":
                page.locator("#samples [title^=Snail]").click()
                expect(page.locator("#original")).to_be_visible()
            width = page.evaluate("document.scrollingElement.scrollWidth")
            assert width <= size[0], state


def test_the_first_paint_takes_little(itten: Served, browser: Browser):
    context = browser.new_context()
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(itten.url, wait_until="networkidle")
    assert 0 < page.evaluate(BLOCKING) < FIRST_PAINT
    sizes = [answer.request.sizes() for answer in answers]
    context.close()
    assert (
        sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes) < EVERYTHING
    )


def test_a_picture_is_shaded_and_saved_by_keyboard_alone(page: Page):
    walk_to(page, "Cottage, as pixel art")
    page.keyboard.press("Enter")
    expect(page.locator("#run")).to_be_enabled()
    walk_to(page, "Run")
    page.keyboard.press("Enter")
    ended = re.compile("complete|partial")
    expect(page.locator("#status")).to_have_attribute("data-state", ended)
    walk_to(page, "PNG")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "cottage-itten.png"


def walk_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on this button."""
    for _ in range(100):
        page.keyboard.press("Tab")
        text = page.evaluate(
            "() => { const at = document.activeElement; return at.title || at.textContent.trim(); }"
        )
        if text == name:
            return
    raise AssertionError(f"the focus never comes to {name}")
