"""What tests of the page of graphs do again and again."""

import io
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Page, expect

from tests.e2e.served import PATIENCE_S
from tests.page.driving import run_to_its_end

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

# A graph whose map takes any machine of the tests a minute.
SLOW = "graph=square&graph.params.rows=300&graph.params.cols=300&params.radius=6"
SOME_KNOWN = "() => /^[1-9][0-9]* of 90000$/.test(counts.textContent)"


def run(page: Page, state: str = "complete", button: str = "#run") -> dict[str, Any]:
    """Run to this end; the job document."""
    url = run_to_its_end(page, button)
    expect(page.locator("#status")).to_have_attribute("data-state", state)
    document: dict[str, Any] = httpx.get(url, timeout=PATIENCE_S).json()
    return document


def coloured(page: Page) -> None:
    """Wait for colours on the canvas: they come with the next frame."""
    page.wait_for_function(f"() => ({COLOURED})() > 0")


def arrays(page: Page, job: dict[str, Any]) -> dict[str, Any]:
    """The arrays of a job; none where its time was up before there were any."""
    url = page.url.partition("/graphs")[0] + job["links"]["result"]
    headers = {"Accept": "application/x-npz"}
    answer = httpx.get(url, headers=headers, timeout=PATIENCE_S)
    if answer.status_code == httpx.codes.CONFLICT:
        return {}
    with np.load(io.BytesIO(answer.content)) as file:
        return dict(file)
