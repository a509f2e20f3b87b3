"""What tests of the page have a browser do."""

import base64
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

# What keeps a browser from asking the world for anything.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SYSTEM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 120_000  # for whatever is waited for: guards against a hang and nothing else
# What Chromium itself says of a network that is gone or an answer that is no 200.
UNASKED = ("Failed to load resource", "WebSocket connection to")

DROP = """([data, name, at]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  for (const type of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true });
    document.querySelector(at).dispatchEvent(event);
  }
}"""

# Polls see a state only if it lasts: what passes by itself has to be written down in the page.
REMEMBER = """(at) => {
  const place = document.querySelector(at);
  const seen = ((window.remembered ??= {})[at] = []);
  const look = () => seen.push([place.dataset.state ?? "", place.textContent]);
  const parts = { attributes: true, childList: true, characterData: true, subtree: true };
  new MutationObserver(look).observe(place, parts);
  look();
}"""
WAS = """([at, state, text]) => window.remembered[at].some(
  (seen) => (state === null || seen[0] === state) && new RegExp(text).test(seen[1]))"""
OVER = """(before) => location.hash.startsWith("#job=") && location.hash !== before
  && !document.getElementById("run").disabled"""

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own."""
    path = next(filter(None, map(shutil.which, SYSTEM)), None)
    with sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            if os.environ.get("CI"):
                pytest.fail("no Chromium: `make test` should have installed one")
            pytest.skip("no Chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """The page, in a context of its own; whatever it complains about fails the test."""
    viewport = {"width": 1280, "height": 900}
    context: BrowserContext = browser.new_context(**{"viewport": viewport} | options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(UNASKED):
            complaints.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        page.goto(url)
        yield page
    finally:
        context.close()
    assert complaints == []


def drop(page: Page, picture: bytes, name: str = "picture.png", at: str = "#drop") -> None:
    """Drop a file onto an element of the page."""
    page.evaluate(DROP, [base64.b64encode(picture).decode(), name, at])


def job_url(page: Page) -> str:
    """Where the job is that the address of the page names."""
    # Of a new fragment `page.url` learns a moment later.
    origin, fragment = page.evaluate("[location.origin, location.hash]")
    assert fragment.startswith("#job="), fragment
    return f"{origin}/jobs/{fragment.removeprefix('#job=')}"


def run_to_its_end(page: Page, button: str = "#run") -> str:
    """Press it, and return where the new job is once the page is done with it."""
    expect(page.locator(button)).to_be_enabled()
    before = page.evaluate("location.hash")
    page.locator(button).click()
    page.wait_for_function(OVER, arg=before)
    return job_url(page)


def remember(page: Page, at: str) -> None:
    """Have the page write down what state and text an element has from now on."""
    page.evaluate(REMEMBER, at)


def has_been(page: Page, at: str, *, state: str | None = None, text: str = "") -> None:
    """Wait until a remembered element is or was in a state, with a text that has this pattern."""
    page.wait_for_function(WAS, arg=[at, state, text])


def until_true(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what the browser tells this process: it is heard while the page is asked."""
    give_up = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert time.monotonic() < give_up
        page.wait_for_timeout(50)
