"""What the form has copied runs as it is, and gives the bytes that the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import service
from tests.e2e.pictures import drawing, packed
from tests.e2e.served import PATIENCE_S
from tests.page.driving import drop, has_been, remember, run_to_its_end

pytestmark = [pytest.mark.browser, pytest.mark.long]

ROOT = Path(service.__file__).parents[1]
ODD = 'it\'s; my, "cat" $HOME.png'


def result_of(page: Page) -> bytes:
    """What the page shows when it has run, as it downloads it."""
    run_to_its_end(page)
    expect(page.locator("#status")).to_have_attribute("data-state", "complete")
    with page.expect_download() as download:
        page.locator("#download-png").click()
    return download.value.path().read_bytes()


def copied(page: Page, way: str) -> str:
    """The text that the Copy button puts on the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(f"#commands label:has([value={way}])").click()
    expect(page.locator("#copy")).to_have_text("Copy")  # what was copied before is said no more
    remember(page, "#copy")
    page.locator("#copy").click()
    has_been(page, "#copy", text="^Copied$")
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def outcomes(page: Page, folder: Path) -> list[bytes]:
    """What comes of the curl command and of the Python script, run in the folder."""
    before = set(folder.iterdir())
    found = []
    for way, words in (("curl", ["sh", "-c"]), ("python", [sys.executable, "-c"])):
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(
            [*words, copied(page, way)], cwd=folder, env=env, check=True, timeout=PATIENCE_S
        )
        (made,) = (each for each in set(folder.iterdir()) - before if is_result(each))
        found.append(made.read_bytes())
        made.unlink()
    return found


def is_result(path: Path) -> bool:
    return re.search(r"-(itten|drawing|field)\.png$", path.name) is not None


WITH_A_KEY = """async () => {
  const { pythonScript } = await import("/static/form/python.js");
  const { curlCommand } = await import("/static/form/curl.js");
  const order = { kind: "drawing", endpoint: "/field", fields: [["render", "contours"]] };
  const pictures = { target: { name: "a.png" }, source: null };
  const more = { kind: "drawing", named: "drawing", types: new Map(), withKey: true };
  const to = ["http://host", order, pictures];
  return [curlCommand(...to, true), pythonScript(...to, more)];
}"""


def test_the_key_is_taken_from_the_environment(page: Page):
    assert page.evaluate(WITH_A_KEY) == [
        "curl -F target=@a.png -F render=contours http://host/field -o a-drawing.png"
        ' -H "Authorization: Bearer $ITTEN_KEY"',
        "import os\n\nfrom service.client import Itten\n\n"
        'with Itten("http://host", key=os.environ["ITTEN_KEY"]) as itten:\n'
        '    result = itten.field("a.png", render="contours")\n'
        '    result.save("a-drawing.png")',
    ]


def test_a_file_of_an_odd_name_with_values_of_every_type(page: Page, tmp_path: Path):
    picture = packed(drawing(96, 80))
    (tmp_path / ODD).write_bytes(picture)
    (tmp_path / "-o.png").write_bytes(picture)
    drop(page, picture, ODD)
    drop(page, picture, "-o.png", "#source-way")
    for fold in ("Envelope", "All parameters"):
        page.locator("#form summary", has_text=fold).click()
    page.locator("[name=passes]").fill("1")
    page.locator("[name=contours]").select_option("local")
    page.locator("[name=effect_strength]").fill("1.5")
    page.locator("[name=radii]").fill("1, 2")
    page.locator("[name=structure_weight]").uncheck()
    page.locator("[name=background]").fill("#102030")
    page.get_by_role("slider", name="Dilation radius, attack").press("ArrowUp")
    result = result_of(page)
    assert outcomes(page, tmp_path) == [result, result]


def test_a_sample_is_fetched_by_the_command(page: Page, tmp_path: Path):
    page.locator("#samples button").first.click()
    page.locator("#kind label", has_text="Line drawing").click()
    page.locator("[name=render]").select_option("viridis")
    page.locator("[name=max_side]").fill("96")
    result = result_of(page)
    assert outcomes(page, tmp_path) == [result, result]
    assert copied(page, "link") == page.url.partition("#")[0]  # the job is nobody else's
    page.reload()  # opens the job again, whose picture is the sample still
    expect(page.locator("#status")).to_have_attribute("data-state", "complete")
    expect(page.locator("#curl")).to_contain_text("samples/whale.png")
    expect(page).to_have_url(re.compile("target=sample%3Awhale"))
