"""The demo page in Chromium: drop an image, watch, get the result."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from service.access.keys import new_key
from tests.e2e.pictures import drawing, packed, photograph, unpacked
from tests.e2e.served import PATIENT, served
from tests.page.driving import PATIENCE_MS, drop, until_true

pytestmark = pytest.mark.browser

HEAR_A_SOURCE = """async () => {
  const { Run } = await import("/static/job/run.js");
  const { statusLine, measure } = await import("/static/job/words.js");
  const said = [], painted = [], progress = { passes_done: 0, passes_total: 2 };
  const run = new Run(null, {
    state: () => {},
    tiles: (certificates) => painted.push(...certificates),
    progress: (news) => {
      Object.assign(progress, news);
      said.push([statusLine("shading", "running", progress), measure(progress, 0.01)]);
    },
  });
  const tell = (pass, done, total) =>
    run.hear({ type: "tiles", data: { pass, done, total, certificates: [pass] } });
  tell(0, 3, 11);
  tell(1, 4, 11);
  tell(0, 1, 3);
  return { said, painted };
}"""


def test_tiles_of_a_source_are_counted_but_not_painted(page: Page):
    heard = page.evaluate(HEAR_A_SOURCE)
    assert heard["painted"] == [1]
    assert heard["said"] == [
        ["Running: the source.", "3 of 11 tiles"],
        ["Running: pass 1 of 2.", "4 of 11 tiles"],
        ["Running: the source.", "bound 0.010"],  # a whole image each: no tiles to count
    ]


def test_a_dropped_image_is_shaded_and_can_be_downloaded(page: Page):
    drop(page, packed(photograph(256, 192)))
    page.locator("[name=passes]").fill("2")
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "complete")
    expect(page.locator("#passes-strip .filled")).to_have_count(3)  # the input and two passes
    expect(page.locator("#curl")).to_contain_text("-F passes=2")
    sizes = page.evaluate(
        "() => ['original', 'result'].map((id) => document.getElementById(id))"
        ".map((i) => [i.naturalWidth ?? i.width, i.naturalHeight ?? i.height])"
    )
    assert sizes == [[256, 192], [256, 192]]
    with page.expect_download() as download:
        page.locator("#download-png").click()
    saved = unpacked(download.value.path().read_bytes())
    assert saved.shape == (192, 256, 3)


def test_the_field_lights_up_while_it_is_computed(page: Page):
    drop(page, packed(photograph(320, 320)))
    page.locator("[name=passes]").fill("1")
    page.locator("#run").click()
    lit = (
        "() => { const c = document.getElementById('field');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0;"
        "return n > 0.2 * d.length / 4; }"
    )
    page.wait_for_function(lit)
    expect(page.locator("#status")).to_have_attribute("data-state", "complete")


def test_a_line_drawing_comes_as_png_and_as_svg(page: Page):
    drop(page, packed(photograph(200, 150)), "photo.jpg.png")
    page.locator("#kind label", has_text="Line drawing").click()
    expect(page.locator("[name=passes]")).to_be_hidden()
    page.locator("[name=background]").fill("transparent")
    expect(page.locator("#curl")).to_contain_text("render=contours")
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "complete")
    expect(page.locator("#counts")).to_contain_text("bound 0.0")  # of one tile, the whole picture
    expect(page.locator("#passes-section")).to_be_hidden()
    saved = {}
    for button in ("#download-png", "#download-svg"):
        with page.expect_download() as download:
            page.locator(button).click()
        saved[download.value.suggested_filename] = download.value.path().read_bytes()
    assert unpacked(saved["photo.jpg-drawing.png"]).shape == (150, 200, 4)
    assert saved["photo.jpg-drawing.svg"].startswith(b"<svg")


def test_the_field_of_the_whole_picture_can_drive_the_shader(page: Page):
    drop(page, packed(photograph(160, 120)))
    page.locator("[name=scope]").select_option("image")
    page.locator("[name=contours]").select_option("spectral")
    page.locator("[name=passes]").fill("2")
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "complete")
    expect(page.locator("#counts")).to_contain_text("bound 0.0")
    expect(page.locator("#passes-strip .filled")).to_have_count(3)


def test_a_run_can_be_cancelled(page: Page):
    drop(page, packed(photograph(1400, 1400)))
    page.locator("[name=passes]").fill("16")  # more than anybody waits for
    page.locator("#run").click()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "running")
    page.locator("#cancel").click()
    expect(status).to_have_attribute("data-state", "cancelled")


def test_a_refused_image_is_explained(page: Page):
    drop(page, packed(drawing(64, 64))[:200], "broken.png")
    page.locator("#run").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "failed")
    expect(page.locator("#problem")).to_be_visible()
    assert page.locator("#problem").inner_text().strip()


def test_a_service_with_keys_is_asked_with_one_that_no_address_has(
    browser: Browser, tmp_path: Path
):
    text, key = new_key("alice", ("submit", "read"))
    (tmp_path / "keys").write_text(key.line())
    keys = {"ITTEN_API_KEYS_FILE": str(tmp_path / "keys")}
    with served(tmp_path, "--device", "cpu", **PATIENT, **keys) as itten:
        itten.wait_ready()
        context = browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        addresses: list[str] = []
        frames: list[object] = []

        def opened(socket: WebSocket) -> None:
            addresses.append(socket.url)
            socket.on("framereceived", lambda frame: frames.append(frame))

        page.on("request", lambda request: addresses.append(request.url))
        page.on("websocket", opened)
        page.goto(itten.url)
        expect(page.locator("#key-form")).to_be_hidden()
        drop(page, packed(photograph(128, 96)))
        page.locator("[name=passes]").fill("1")
        page.locator("#run").click()
        for each in ("itten_wrong", text):
            # Asked again only once the answer to the wrong one is there: the form hides when sent.
            expect(page.locator("#key-form")).to_be_visible()
            page.locator("#key").fill(each)
            page.locator("#key-form button").click()
        status = page.locator("#status")
        expect(status).to_have_attribute("data-state", "complete")
        expect(page.locator("#key-form")).to_be_hidden()
        expect(page.locator("#curl")).to_contain_text("$ITTEN_KEY")
        expect(page.locator("#passes-strip .filled")).to_have_count(2)
        until_true(page, lambda: bool(frames))
        assert any("ticket=" in each for each in addresses)
        assert not any(text in each for each in [*addresses, page.content()])
        context.close()
