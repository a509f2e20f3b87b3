"""The page of surfaces: textures, lattices, eggs, by their params or by a job of the service."""

import io
from collections.abc import Iterator
from importlib.resources import files

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.pictures import packed, photograph
from tests.e2e.served import PATIENCE_S, Served
from tests.page.driving import opened, run_to_its_end

pytestmark = [pytest.mark.browser, pytest.mark.long]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
VIOLATIONS = """async () => (await axe.run(document)).violations
  .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html))"""
SHOWN = """async () => {
  const image = document.getElementById("picture");
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const context = canvas.getContext("2d");
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { width, height, data: [...data] };
}"""


@pytest.fixture
def surfaces(itten: Served, browser: Browser) -> Iterator[Page]:
    """The page of surfaces, whose worker is warm."""
    itten.wait_ready()
    with opened(browser, f"{itten.url}/surfaces") as page:
        expect(page.locator("#run")).to_be_enabled()
        yield page


def made(page: Page, button: str = "#run", state: str = "complete") -> str:
    """Run to this end; where the job is."""
    job = run_to_its_end(page, button)
    expect(page.locator("#status")).to_have_attribute("data-state", state)
    return job


def shown(page: Page) -> np.ndarray:
    """What hangs there, as pixels."""
    found = page.evaluate(SHOWN)
    return np.array(found["data"], np.uint8).reshape(found["height"], found["width"], 4)[..., :3]


def arrays(job: str) -> dict[str, np.ndarray]:
    headers = {"Accept": "application/x-npz"}
    answer = httpx.get(f"{job}/result", headers=headers, timeout=PATIENCE_S)
    with np.load(io.BytesIO(answer.content)) as file:
        return dict(file)


def test_a_texture_is_shown_with_its_maps_and_saved(surfaces: Page) -> None:
    surfaces.locator("[id='params.carrier_name']").select_option("dragon")
    surfaces.locator("[id='params.egg_size']").fill("128")
    job = made(surfaces)
    assert httpx.get(job, timeout=PATIENCE_S).json()["spec"]["params"]["carrier_name"] == "dragon"
    found = arrays(job)
    assert np.array_equal(shown(surfaces), found["picture"])
    for name, pixels in (("normals", found["normals"]), ("height", 255 * found["height"])):
        surfaces.locator(f"#view label:has([value={name}])").click()
        words = f"The {name.rstrip('s')} map"
        expect(surfaces.locator("#picture")).to_have_attribute("alt", words)
        assert np.abs(shown(surfaces) - pixels.astype(float)).max() <= 1
    with surfaces.expect_download() as download:
        surfaces.locator("#download-png").click()
    assert download.value.suggested_filename == "texture-synth-height.png"
    with Image.open(download.value.path()) as saved:
        assert saved.size == found["height"].shape[1::-1]
    surfaces.wait_for_function("() => location.search.includes('carrier_name=dragon')")
    surfaces.reload()
    expect(surfaces.locator("#picture")).to_be_visible()
    expect(surfaces.locator("[id='params.carrier_name']")).to_have_value("dragon")


def test_lattices_grow_on_an_egg(surfaces: Page) -> None:
    surfaces.locator("#kind label:has([value='lattice.egg'])").click()
    surfaces.locator("[id='params.layers']").fill("1")
    surfaces.locator("[id='params.size']").fill("128")
    job = made(surfaces)
    assert httpx.get(job, timeout=PATIENCE_S).json()["kind"] == "lattice.egg"
    assert np.array_equal(shown(surfaces), arrays(job)["picture"])
    expect(surfaces.locator("#title")).to_have_text("Lattices")


def test_an_egg_wears_a_picture_that_is_chosen(surfaces: Page, itten: Served) -> None:
    surfaces.locator("#kind label:has([value='render.egg'])").click()
    surfaces.locator("[id='params.size']").fill("96")
    plain = shown_after(surfaces)
    file = FilePayload(name="worn.png", mimeType="image/png", buffer=packed(photograph(64, 64)))
    surfaces.locator("#part-texture").set_input_files(file)
    worn = shown_after(surfaces)
    assert not np.array_equal(plain, worn)
    expect(surfaces.locator("#view")).to_be_hidden()
    surfaces.goto("about:blank")
    surfaces.goto(f"{itten.url}/#job={surfaces_job(itten)}")
    expect(surfaces.locator("#again")).to_contain_text("texture")
    expect(surfaces.locator("#picture")).to_be_visible()
    assert np.array_equal(shown(surfaces), worn)


def shown_after(page: Page) -> np.ndarray:
    made(page)
    return shown(page)


def surfaces_job(itten: Served) -> str:
    """The id of the newest job."""
    newest: str = itten.get("/jobs").json()["jobs"][0]["id"]
    return newest


def test_what_is_wrong_is_said_at_its_value(surfaces: Page) -> None:
    surfaces.locator("[id='params.modes']").fill("33")
    surfaces.locator("#run").click()
    expect(surfaces.locator("[id='params.modes-complaint']")).to_contain_text("32")
    expect(surfaces.locator("#status")).to_have_attribute("data-state", "failed")
    surfaces.locator("#reset").click()
    expect(surfaces.locator("[id='params.modes']")).to_have_value("8")


def test_a_kind_without_a_page_says_where_it_is(page: Page, itten: Served) -> None:
    job = itten.post("/jobs", json={"kind": "rankk", "x": [[1, 2]], "params": {"k": 1}})
    page.goto("about:blank")
    page.goto(f"{itten.url}/#job={job.json()['id']}")
    expect(page.locator("#problem")).to_contain_text(job.json()["links"]["self"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violations_and_no_scrolling(itten: Served, browser: Browser, scheme: str) -> None:
    itten.wait_ready()
    for width, height in ((360, 740), (3840, 2160)):
        look = {"color_scheme": scheme, "viewport": {"width": width, "height": height}}
        with opened(browser, f"{itten.url}/surfaces", **look) as page:
            expect(page.locator("#run")).to_be_enabled()
            made(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == []
