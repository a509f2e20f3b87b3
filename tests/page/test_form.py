"""The form in Chromium: parameters as the service describes them, presets, the envelope, links."""

import json
import re
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.pictures import drawing, packed
from tests.e2e.served import Served
from tests.page.driving import PATIENCE_MS, drop, opened, until_true
from tests.page.test_shell import violations

pytestmark = [pytest.mark.browser, pytest.mark.long]

IN_THE_FORM = """() => [...document.querySelectorAll("#form [data-name]")].map((field) => ({
  name: field.dataset.name,
  help: field.querySelector(".help").textContent,
  inputs: [...field.querySelectorAll("input, select")].length,
}))"""
AWAY_AND_BACK = """async () => {
  const { fromQuery, toQuery } = await import("/static/form/state.js");
  const states = [
    { kind: "shading", fields: {}, target: null, source: null },
    { kind: "drawing", fields: { scope: "" }, target: { name: "a&b=c.png" }, source: null },
    {
      kind: "shading",
      fields: { envelope: '[{},{"fill_threshold":0.4}]', radii: "1, 2" },
      target: { name: "whale.png", sample: "whale" },
      source: { name: "sample:odd.png" },
    },
  ];
  return { states, again: states.map((state) => fromQuery(toQuery(state))) };
}"""


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#form [data-name={name}]")


def unfold(page: Page, title: str) -> None:
    page.locator("#form summary", has_text=title).click()


def query(page: Page, *names: str) -> dict[str, list[str]]:
    """The query of the address, once it has these names."""
    page.wait_for_function(
        "(names) => names.every((name) => new URLSearchParams(location.search).has(name))",
        arg=list(names),
    )
    return parse_qs(page.evaluate("location.search.slice(1)"))


@pytest.mark.parametrize(("kind", "model"), [("shading", "ShadeSpec"), ("drawing", "FieldSpec")])
def test_every_parameter_is_there_with_range_and_default(
    itten: Served, page: Page, kind: str, model: str
):
    page.locator(f"#kind label:has([value={kind}])").click()
    page.wait_for_selector("#form [data-name=deadline_s]")
    expect(field(page, "render")).to_have_count(int(kind == "drawing"))
    described = itten.get("/openapi.json").json()["components"]["schemas"][model]
    known = described["properties"]
    if kind == "drawing":  # of one picture, without passes
        known = {name: each for name, each in known.items() if name not in ("mode", "passes")}
    shown = {each["name"]: each for each in page.evaluate(IN_THE_FORM)}
    assert shown.keys() == known.keys()
    assert all(each["inputs"] for each in shown.values())
    for name, each in known.items():
        if isinstance(each["default"], int | float) and not isinstance(each["default"], bool):
            help_text = f"{each['maximum']:g}", f"default {each['default']:g}"
            assert all(text in shown[name]["help"] for text in help_text), shown[name]


def test_a_value_can_be_given_and_taken_back_in_each_control(page: Page):
    unfold(page, "All parameters")
    curl, undo = page.locator("#curl"), page.locator("#form .undo:visible")
    expect(undo).to_have_count(0)
    page.locator("[name=percentile]").fill("55.5")
    page.locator("[name=radii]").fill("1, 3")
    page.locator("[name=background]").fill("#102030")
    page.locator("[name=solver]").select_option("lanczos")
    page.locator("[name=structure_weight]").uncheck()
    field(page, "gate_sharpness").locator("[type=range]").fill("9")
    expect(page.locator("[name=gate_sharpness]")).to_have_value("9")
    for text in ("percentile=55.5", "'radii=1, 3'", "'background=#102030'", "solver=lanczos"):
        expect(curl).to_contain_text(f"-F {text}")
    expect(curl).to_contain_text("-F structure_weight=false")
    expect(page.locator(".changed", has_text="6 changed")).to_be_visible()
    expect(undo).to_have_count(6)
    assert "structure_weight" in query(page, "structure_weight")
    for _ in range(6):
        undo.first.click()
    expect(curl).not_to_contain_text("=9")
    expect(page.locator("[name=radii]")).to_have_value("1, 2, 3, 4, 5, 6")
    expect(page.locator("[name=structure_weight]")).to_be_checked()
    expect(page).to_have_url(re.compile(r"/$"))


def test_the_default_said_aloud_is_no_change(page: Page):
    page.locator("[name=passes]").fill("4")
    page.locator("[name=effect_strength]").fill("1.0")
    expect(page.locator("#form .undo:visible")).to_have_count(0)
    expect(page.locator("#curl")).not_to_contain_text("passes")


def test_a_point_of_the_envelope_is_dragged_and_moved_by_keys(page: Page):
    unfold(page, "Envelope")
    curve = page.get_by_role("group", name="Fill threshold")
    plot, dot = curve.locator(".plot"), curve.locator(".dot").nth(1)
    dot.scroll_into_view_if_needed()
    box, at = plot.bounding_box(), dot.bounding_box()
    assert box is not None
    assert at is not None
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.mouse.move(at["x"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.move(at["x"], box["y"] + box["height"] / 4, steps=4)
    page.mouse.up()
    wanted = [{}, {"fill_threshold": pytest.approx(0.75, abs=0.02)}]
    # The address is written where the pointer rests, and on a slow machine it rests on the way.
    until_true(page, lambda: json.loads(query(page, "envelope")["envelope"][0]) == wanted)
    page.get_by_role("slider", name="Dilation radius, release").press("ArrowUp")
    page.get_by_role("slider", name="Dilation radius, release").press("ArrowUp")
    expect(page.locator("#curl")).to_contain_text('{},{"dilation_radius":3}]')
    curve.get_by_role("button", name="Reset fill threshold").click()
    expect(page.locator("#curl")).to_contain_text(
        "--form-string 'envelope=[{},{},{},{\"dilation_radius\":3}]'"
    )
    page.locator("[name=passes]").fill("7")
    expect(page.locator(".envelope .row")).to_contain_text("3 sustain, 4 to 7 release")
    page.locator("[name=envelope_curve]").select_option("stretch")
    expect(page.locator(".envelope .row")).to_contain_text("pass 7 is release")


def test_a_preset_sets_values_and_is_left_by_another_one(page: Page):
    chips = page.locator("#presets button")
    expect(page.get_by_role("button", name="As it is", pressed=True)).to_be_visible()
    page.locator("[name=deadline_s]").fill("7")  # no matter of the look: it stays
    for index in range(chips.count()):
        chips.nth(index).click()
        expect(chips.nth(index)).to_have_attribute("aria-pressed", "true")
        expect(page.locator('#presets [aria-pressed="true"]')).to_have_count(1)
    expect(page.locator("#curl")).to_contain_text("deadline_s=7")
    page.locator("[name=passes]").fill("9")
    expect(page.locator('#presets [aria-pressed="true"]')).to_have_count(0)


def test_states_survive_their_link(page: Page):
    told = page.evaluate(AWAY_AND_BACK)
    assert told["again"] == told["states"]


def test_a_link_brings_back_values_and_samples(itten: Served, browser: Browser):
    asked = "passes=2&contours=local&envelope=%5B%7B%22dilation_radius%22%3A5%7D%5D"
    with opened(browser, f"{itten.url}/?{asked}&target=sample%3Awhale&source=sample%3Acup") as page:
        expect(page.locator("#curl")).to_contain_text("target=@whale.png")
        expect(page.locator("#curl")).to_contain_text("-F passes=2 -F contours=local")
        expect(page.locator("#curl")).to_contain_text("source=@cup.png")
        unfold(page, "Envelope")
        expect(page.get_by_role("slider", name="Dilation radius, attack")).to_have_value("5")
        expect(page.locator("#again")).to_be_hidden()
        expect(page.locator("#run")).to_be_enabled()
        there = query(page, "target", "source")
        assert there["target"] == ["sample:whale"]
        assert there["passes"] == ["2"]


def test_a_link_that_names_a_file_asks_for_it_and_hostile_values_are_left_out(
    itten: Served, browser: Browser
):
    hostile = (
        "constructor=x&colour=red&channel=many&contours=%3Cb%3E&envelope=%5B5%2C%7B%7D&radii=,"
    )
    with opened(browser, f"{itten.url}/?{hostile}&passes=3&target=file%3Amy+cat.png") as page:
        expect(page.locator("#again")).to_contain_text("my cat.png. Choose the same file again")
        expect(page.locator("[name=passes]")).to_have_value("3")
        expect(page.locator("#channel")).to_have_value("1")
        expect(page.locator("[name=contours]")).to_have_value("auto")
        expect(page).not_to_have_url(re.compile("channel"))
        assert query(page).keys() <= {"passes", "target", "radii"}
        drop(page, packed(drawing(64, 64)), "my cat.png")
        expect(page.locator("#again")).to_be_hidden()
        assert query(page)["target"] == ["file:my cat.png"]


def test_each_kind_keeps_its_values(page: Page):
    page.locator("[name=passes]").fill("3")
    page.locator("#kind label", has_text="Line drawing").click()
    expect(page.locator("#curl")).to_contain_text("-F render=contours")
    expect(page.locator("#curl")).not_to_contain_text("passes")
    expect(page.locator("[name=scope]")).to_have_value("image")  # as lines need it
    page.locator("[name=render]").select_option("viridis")
    expect(page.locator("[name=scope]")).to_have_value("tiles")
    page.locator("#kind label", has_text="Shade").click()
    expect(page.locator("[name=passes]")).to_have_value("3")
    page.locator("#reset").click()
    expect(page.locator("[name=passes]")).to_have_value("4")


def test_what_the_service_complains_of_is_said_at_its_field(page: Page):
    drop(page, packed(drawing(64, 64)))
    unfold(page, "All parameters")
    page.locator("[name=percentile]").fill("400")
    page.locator("[name=overlap]").fill("60")
    unfold(page, "All parameters")
    page.locator("#run").click()
    wrong = page.locator("[name=percentile]")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()  # its fold is open again
    expect(field(page, "percentile").locator(".complaint")).to_have_text(
        "must be at most 100, not 400"
    )
    wrong.fill("40")
    expect(field(page, "percentile").locator(".complaint")).to_be_hidden()
    page.locator("#run").click()
    expect(field(page, "overlap").locator(".complaint")).to_contain_text(
        "at most half of tile_size"
    )


def test_parameters_come_as_soon_as_the_server_is_back(itten: Served, browser: Browser):
    back = False

    def refuse(route: Route) -> None:
        if back:
            route.continue_()
        else:
            route.abort()

    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.clock.install()
    page.route("**/openapi.json", refuse)
    page.goto(f"{itten.url}/?passes=2")
    expect(page.locator("#fields")).to_contain_text("trying again")
    back = True
    page.clock.fast_forward(3000)
    expect(page.locator("[name=passes]")).to_have_value("2")
    expect(page.locator("#curl")).to_contain_text("passes=2")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_whole_form_is_for_everybody(itten: Served, browser: Browser, scheme: str):
    unfolded = (
        "() => document.querySelectorAll('#form details').forEach((it) => { it.open = true })"
    )
    wide = "() => document.documentElement.scrollWidth > innerWidth"
    link = f"{itten.url}/?passes=3&percentile=30&target=file%3Amine.png"
    with opened(browser, link, color_scheme=scheme, bypass_csp=True) as page:
        expect(page.locator("[name=passes]")).to_have_value("3")
        page.evaluate(unfolded)
        page.locator("#commands label:has([value=python])").click()
        assert violations(page, scheme) == []
        for width in (360, 1280, 3840):
            page.set_viewport_size({"width": width, "height": 900})
            assert not page.evaluate(wide), width


def test_the_form_is_worked_by_keyboard_alone(page: Page):
    page.locator("#presets button").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Whisper", pressed=True)).to_be_focused()
    page.locator("[name=passes]").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("[name=passes]")).to_have_value("3")
    expect(field(page, "passes").locator("[type=range]")).to_have_value("3")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # on its reset
    expect(page.locator("[name=passes]")).to_be_focused()
    expect(page.locator("[name=passes]")).to_have_value("4")
    summary = page.locator("#form summary", has_text="Envelope")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("slider", name="Thicken modulation, attack")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("#curl")).to_contain_text('[{"thicken_modulation":1}]')
