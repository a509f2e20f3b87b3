"""The API's page in a browser: for everybody, on any screen."""

from importlib.resources import files

import pytest
from playwright.sync_api import Browser

from tests.e2e.served import Served
from tests.page.driving import opened

pytestmark = [pytest.mark.browser, pytest.mark.long]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
VIOLATIONS = "async () => (await axe.run(document)).violations.map(({ id }) => id)"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_page_of_the_api_is_for_everybody(
    itten: Served, browser: Browser, scheme: str, width: int
):
    itten.wait_ready()
    size = {"width": width, "height": 800}
    with opened(browser, itten.url, color_scheme=scheme, viewport=size) as page:
        page.goto(f"{itten.url}/docs#ShadeSpec")
        page.evaluate(AXE)
        assert page.evaluate(VIOLATIONS) == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        page.get_by_role("navigation").get_by_text("Problems").click()
        page.get_by_role("heading", name="Problems").wait_for()
        page.get_by_role("link", name="Itten", exact=True).click()
        page.wait_for_url(f"{itten.url}/")
