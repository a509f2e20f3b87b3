"""One `itten serve` with the real worker, and one Chromium, for all tests of the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.served import PATIENT, Served, served
from tests.page.driving import chromium, opened


@pytest.fixture(scope="package")
def itten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service of this package, patient: what has no deadline of its own ends as complete."""
    with served(tmp_path_factory.mktemp("data"), "--device", "cpu", **PATIENT) as service:
        yield service


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser of this package."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(itten: Served, browser: Browser) -> Iterator[Page]:
    """The page, whose worker is warm; whatever it complains about fails the test."""
    itten.wait_ready()
    with opened(browser, itten.url) as page:
        yield page


@pytest.fixture
def graphs(itten: Served, browser: Browser) -> Iterator[Page]:
    """The page of graphs, whose worker is warm."""
    itten.wait_ready()
    with opened(browser, f"{itten.url}/graphs") as page:
        expect(page.locator("#run")).to_be_enabled()
        yield page
