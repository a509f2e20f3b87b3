"""What tests of the page of graphs do again and again."""

import io
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Page, expect

from tests.page.driving import PATIENCE_MS, job_url

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


def run(page: Page, state: str = "complete", button: str = "#run") -> dict[str, Any]:
    """Run to this end; the job document."""
    page.locator(button).click()
    expect(page.locator("#run")).to_be_disabled()
    expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE_MS)
    expect(page.locator("#status")).to_have_attribute("data-state", state)
    document: dict[str, Any] = httpx.get(job_url(page).replace("/graphs/", "/")).json()
    return document


def arrays(page: Page, job: dict[str, Any]) -> dict[str, Any]:
    """The arrays of a job."""
    url = page.url.partition("/graphs")[0] + job["links"]["result"]
    answer = httpx.get(url, headers={"Accept": "application/x-npz"})
    with np.load(io.BytesIO(answer.content)) as file:
        return dict(file)
