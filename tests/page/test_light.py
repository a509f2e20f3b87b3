"""The field lights up: by what is known of each tile, and as often as the browser paints."""

from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pictures import packed, photograph
from tests.page.driving import drop

pytestmark = [pytest.mark.browser, pytest.mark.long]

LIGHT = """async (statuses) => {
  const { FieldCanvas } = await import("/static/wall/canvas.js");
  const canvas = document.createElement("canvas");
  const field = new FieldCanvas(canvas);
  field.begin(400, 100);
  field.tiles(statuses.map((status, i) => ({ status, x: 100 * i, y: 0, width: 100, height: 100 })));
  for (let tries = 0; tries < 200 && field.frame; tries++) await new Promise(requestAnimationFrame);
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, height / 2, width, 1);
  return statuses.map((_, i) => data[4 * Math.round((i + 0.5) * width / 4) + 3]);
}"""
# When the browser could paint, when the field was painted, and when there was news of it.
WATCH = """() => {
  const seen = (window.seen = { ticks: [], frames: [], previews: [] });
  const field = document.getElementById("field");
  const tick = () => {
    seen.ticks.push(performance.now() / 1000);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  const { drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.drawImage = function (...rest) {
    const paints = this.canvas === field && this.globalCompositeOperation === "copy";
    if (paints) seen.frames.push(performance.now() / 1000);
    return drawImage.apply(this, rest);
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...rest) {
      super(...rest);
      this.addEventListener("message", ({ data }) => {
        if (data instanceof ArrayBuffer) seen.previews.push(performance.now() / 1000);
      });
    }
  };
}"""
LIVE_S = 0.5  # after a preview, in which the light rises; longer there may be nothing to preview
ENOUGH = (
    f"() => seen.previews.length > 12 && seen.previews.at(-1) - seen.previews[0] > 6 * {LIVE_S}"
)


def test_light_tells_coarse_from_converged(page: Page):
    coarse, refining, degenerate, converged = page.evaluate(
        LIGHT, ["coarse", "refining", "degenerate", "converged"]
    )
    assert 60 < coarse < refining < degenerate < converged == 255


def test_the_field_is_painted_as_often_as_can_be_while_the_worker_is_saturated(page: Page):
    """Ten times a second, or where the browser has no such time by every other frame of its own."""
    page.evaluate(WATCH)
    drop(page, packed(photograph(800, 600)))
    page.locator("[name=passes]").fill("16")
    page.locator("#run").click()
    page.wait_for_function(ENOUGH)
    seen = page.evaluate("seen")
    page.locator("#cancel").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "cancelled")
    spans = [(a, min(b, a + LIVE_S)) for a, b in pairwise(seen["previews"])]
    live_s = sum(b - a for a, b in spans)
    painted, could = (
        sum(a <= moment < b for a, b in spans for moment in seen[name]) / live_s
        for name in ("frames", "ticks")
    )
    assert painted >= min(10, could / 2 - 1)
