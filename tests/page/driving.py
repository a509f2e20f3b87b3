"""What tests of the page have a browser do."""

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

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
PATIENCE_MS = 60_000  # the service answers in ten seconds; the browser shares its cores
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
    page = context.new_page()
    complaints: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(UNASKED):
            complaints.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    try:
        yield page
    finally:
        context.close()
    assert complaints == []


def drop(page: Page, picture: bytes, name: str = "picture.png", at: str = "#drop") -> None:
    """Drop a file onto an element of the page."""
    page.evaluate(DROP, [base64.b64encode(picture).decode(), name, at])


def job_url(page: Page) -> str:
    """Where the job is that the address of the page names."""
    address, _, job = page.url.partition("#job=")
    return f"{address.partition('?')[0].rstrip('/')}/jobs/{job}"
