"""The wall: what the machine sees, the film strip, before and after, actual pixels."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.pictures import drawing, packed, photograph
from tests.e2e.served import LONG_S, PATIENCE_S, Served
from tests.page.driving import drop, opened, until_true

pytestmark = [pytest.mark.browser, pytest.mark.long]

PASSES = 3
WIDTH, HEIGHT = 256, 192
SAME = """async ([id, bytes]) => {
  const image = document.getElementById(id);
  if (image.hidden || !image.complete || !image.naturalWidth) return false;
  const read = async (what) => {
    const bitmap = await createImageBitmap(what);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    return canvas.getContext("2d").getImageData(0, 0, bitmap.width, bitmap.height).data;
  };
  const [a, b] = [await read(image), await read(new Blob([new Uint8Array(bytes)]))];
  return a.length === b.length && a.every((value, i) => value === b[i]);
}"""


@pytest.fixture(scope="module")
def job(itten: Served) -> str:
    """The path of a shading that is done and explained."""
    itten.wait_ready()
    with httpx.Client(base_url=itten.url, timeout=PATIENCE_S) as client:
        answer = client.put(
            "/jobs/of-the-wall",
            data={"kind": "shade", "passes": PASSES, "explain": "true"},
            files={"target": packed(photograph(WIDTH, HEIGHT))},
            headers={"Prefer": f"wait={LONG_S:.0f}"},
        )
        assert answer.json()["state"] == "complete"
        return str(answer.json()["links"]["self"])


@pytest.fixture(scope="module")
def wall(itten: Served, browser: Browser, job: str) -> Iterator[Page]:
    """The page with that job on the wall, all its pictures there; shared, so as others left it."""
    with opened(browser, f"{itten.url}/#job={job.rpartition('/')[2]}") as page:
        expect(page.locator("#badge")).to_have_text("complete")
        expect(page.locator("#passes-strip button:enabled")).to_have_count(PASSES + 1)
        yield page


def choose(page: Page, switch: str, value: str) -> None:
    """Press one of the choices of a switch."""
    page.locator(f"{switch} label:has([value='{value}']) span").click()


def kept(itten: Served, path: str, **query: object) -> httpx.Response:
    """What the service answers."""
    answer = itten.get(path, params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    return answer


def shows(page: Page, image: str, expected: bytes) -> None:
    """An image of the page comes to show exactly this picture."""
    until_true(page, lambda: bool(page.evaluate(SAME, [image, list(expected)])))


def box(place: Locator) -> tuple[float, float, float, float]:
    """Left, top, width and height on the screen."""
    found = place.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["width"], found["height"]


@pytest.mark.parametrize("layer", ["gate", "contours"])
def test_layers_follow_the_pass_that_is_looked_at(wall: Page, itten: Served, job: str, layer: str):
    choose(wall, "#view", layer)
    for pass_index in (PASSES, 1):
        wall.locator("#passes-strip button").nth(pass_index).click()
        shows(
            wall,
            "layer",
            kept(itten, f"{job}/explanation", layer=layer, **{"pass": pass_index}).content,
        )
        expect(wall.locator("#legend")).to_contain_text(f"pass {pass_index}")


def test_a_layer_that_is_refused_for_now_is_asked_for_again(wall: Page, itten: Served, job: str):
    asked = []

    def busy(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"title": "Full"})
        else:
            route.continue_()

    wall.route("**/explanation?pass=2&layer=gate", busy)
    wall.locator("#passes-strip button").nth(2).click()
    choose(wall, "#view", "gate")
    shows(wall, "layer", kept(itten, f"{job}/explanation", **{"pass": 2, "layer": "gate"}).content)
    assert len(asked) == 2


def test_one_match_is_shown_by_pointer_and_by_keys(wall: Page, itten: Served, job: str):
    told: dict[str, Any] = kept(itten, f"{job}/explanation", **{"pass": PASSES}).json()
    wall.locator("#passes-strip button").last.click()
    choose(wall, "#view", "segments")
    lines = wall.locator("#matches .match")
    expect(lines).to_have_count(len(told["matches"]))
    legend = wall.locator("#legend")
    expect(legend).to_contain_text(f"{len(told['segments'])} segments")
    first = lines.first.locator(".seen")
    ends = [first.get_attribute(name) for name in ("x1", "y1", "x2", "y2")]
    match = told["matches"][0]
    assert [float(end or "nan") for end in ends] == [
        match[part][axis] for part in ("from", "to") for axis in ("x", "y")
    ]
    lines.first.focus()
    expect(legend).to_contain_text("Match 1 of")
    wall.keyboard.press("ArrowRight")
    expect(legend).to_contain_text("Match 2 of")
    expect(wall.locator("#matches .active")).to_have_count(1)
    wall.keyboard.press("End")
    expect(legend).to_contain_text(f"Match {len(told['matches'])} of")
    lines.nth(3).dispatch_event("pointerover")
    expect(legend).to_contain_text("Match 4 of")


def test_each_eigenvector_can_be_looked_at(wall: Page, itten: Served, job: str):
    choose(wall, "#view", "field")
    for channel in (1, 3):
        choose(wall, "#eigenvector", str(channel))
        shows(wall, "layer", kept(itten, f"{job}/field", channel=channel).content)


def test_the_whole_picture_has_a_spectrum_on_demand(wall: Page):
    choose(wall, "#view", "field")
    with wall.expect_response(lambda answer: "channel=2" in answer.url and answer.ok) as asked:
        choose(wall, "#spectrum", "image")
        choose(wall, "#eigenvector", "2")
    shows(wall, "layer", httpx.get(asked.value.url, timeout=PATIENCE_S).content)
    document = httpx.get(asked.value.url.partition("/field")[0], timeout=PATIENCE_S).json()
    assert document["kind"] == "field"
    assert document["spec"]["scope"] == "image"


def test_the_film_strip_is_scrubbed(wall: Page, itten: Served, job: str):
    title, slider = wall.locator("#result-title"), wall.locator("#scrub")
    slider.fill(str(PASSES))
    expect(title).to_have_text("Result")
    slider.focus()
    for key, said in (("ArrowLeft", "Pass 2"), ("Home", "Input"), ("ArrowRight", "Pass 1")):
        wall.keyboard.press(key)
        expect(title).to_have_text(said)
        expect(slider).to_have_attribute("aria-valuetext", said)
    shows(wall, "result", kept(itten, f"{job}/image", **{"pass": 1}).content)
    places = [box(wall.locator("#passes-strip li").nth(place)) for place in range(PASSES + 1)]
    middles = [(x + width / 2, y + height / 3) for x, y, width, height in places]
    wall.mouse.move(*middles[0])
    wall.mouse.down()
    expect(title).to_have_text("Input")
    wall.mouse.move(*middles[2], steps=4)
    expect(title).to_have_text("Pass 2")
    wall.mouse.up()
    wall.mouse.move(*middles[0])
    expect(title).to_have_text("Pass 2")
    slider.fill("3")
    expect(title).to_have_text("Result")


def test_before_and_after_by_pointer_and_keys(wall: Page):
    wall.locator("#compare").click()
    expect(wall.locator("#before")).to_be_visible()
    clip = "() => parseFloat(document.getElementById('before').style.clipPath.split(' ')[1])"
    assert wall.evaluate(clip) == pytest.approx(50, abs=1)
    x, y, width, height = box(wall.locator("#right"))
    wall.mouse.move(x + width / 2, y + height / 2)
    wall.mouse.down()
    wall.mouse.move(x + width / 4, y + height / 2, steps=3)
    wall.mouse.up()
    assert wall.evaluate(clip) == pytest.approx(75, abs=1.5)
    wall.keyboard.press("Home")  # the divider has the focus
    assert wall.evaluate(clip) == pytest.approx(100, abs=1)
    wall.locator("#compare").click()
    expect(wall.locator("#before")).to_be_hidden()


def test_actual_pixels_move_together(wall: Page):
    wall.locator("#zoom").click()
    left, right = (box(wall.locator(f"{side} .layers"))[2] for side in ("#left", "#right"))
    assert left == pytest.approx(right, abs=0.01)
    assert left / WIDTH == pytest.approx(round(left / WIDTH), abs=0.01)
    wall.locator("#left").focus()
    before = [box(wall.locator(f"{side} .layers"))[0] for side in ("#left", "#right")]
    wall.keyboard.press("ArrowRight")
    after = [box(wall.locator(f"{side} .layers"))[0] for side in ("#left", "#right")]
    assert after[0] < before[0] - 10
    assert after[0] - before[0] == pytest.approx(after[1] - before[1], abs=1)
    wall.locator("#zoom").click()
    expect(wall.locator("#left")).not_to_have_attribute("tabindex", "0")


class Fingers:
    """Fingers on a page that is emulated as a phone's."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def go(self, *path: tuple[tuple[float, float], ...]) -> None:
        """Come down at the first places of the window, move to the others, and leave."""
        for kind, points in zip(["touchStart"] + ["touchMove"] * len(path), path, strict=False):
            self._send(kind, points)
        self._send("touchEnd", ())

    def _send(self, kind: str, points: tuple[tuple[float, float], ...]) -> None:
        places = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def test_two_fingers_zoom_and_one_moves(itten: Served, browser: Browser):
    itten.wait_ready()
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with opened(browser, itten.url, **phone) as page:
        drop(page, packed(photograph(WIDTH, HEIGHT)))
        left = page.locator("#left")
        left.scroll_into_view_if_needed()
        frame, whole = box(left), box(left.locator(".layers"))
        x, y = frame[0] + frame[2] / 2, frame[1] + frame[3] / 2
        place = x + 20, y + 10  # between the fingers: it stays under them
        before = [(place[0] - whole[0]) / whole[2], (place[1] - whole[1]) / whole[3]]
        fingers = Fingers(page)
        spreads = (20, 30, 40, 50, 60)
        fingers.go(*(((place[0] - s, place[1]), (place[0] + s, place[1])) for s in spreads))
        expect(page.locator("#zoom")).to_have_attribute("aria-pressed", "true")
        near = box(left.locator(".layers"))
        assert near[2] == pytest.approx(3 * whole[2], rel=0.02)
        after = [(place[0] - near[0]) / near[2], (place[1] - near[1]) / near[3]]
        assert after == pytest.approx(before, abs=0.01)
        fingers.go(*(((x + moved, y + moved),) for moved in (0, 10, 20, 30)))
        there = box(left.locator(".layers"))
        assert (there[0] - near[0], there[1] - near[1]) == pytest.approx((30, 30), abs=1)
        assert page.evaluate("[visualViewport.scale, scrollX]") == [1, 0]
        fingers.go(((x - 60, y), (x + 60, y)), ((x - 10, y), (x + 10, y)))
        expect(page.locator("#zoom")).to_have_attribute("aria-pressed", "false")
        assert box(left.locator(".layers"))[2] == pytest.approx(whole[2], abs=0.5)


def test_strokes_of_a_source_are_shown_in_it(page: Page):
    drop(page, packed(photograph(WIDTH, HEIGHT)))
    drop(page, packed(drawing(160, 120)), "source.png", "#source-way")
    page.locator("[name=passes]").fill("1")
    page.locator("#run").click()
    choose(page, "#view", "segments")  # before there is anything to see
    expect(page.locator("#status")).to_have_attribute("data-state", "complete")
    expect(page.locator("#inset")).to_be_visible()
    page.locator("#matches .match").first.focus()
    expect(page.locator("#inset .dot.active")).to_have_count(1)


def test_the_service_shows_what_the_browser_cannot_read(page: Page):
    drop(page, packed(photograph(120, 80), "TIFF"), "photo.tif")
    expect(page.locator("#unseen")).to_be_visible()
    page.locator("[name=passes]").fill("1")
    page.locator("#run").click()
    expect(page.locator("#original")).to_be_visible()
    expect(page.locator("#unseen")).to_be_hidden()
    expect(page.locator("#compare")).to_be_visible()
    width, height = box(page.locator("#left .layers"))[2:]
    assert width / height == pytest.approx(120 / 80, abs=0.01)
