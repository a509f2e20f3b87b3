"""docs/parameters.md is what the models say, and the pictures of docs/ are those that are shown."""

import pytest
from PIL import Image

from benchmarks.gallery.studio import Studio
from benchmarks.manual import reference, strips
from benchmarks.manual.__main__ import DOCS, main
from benchmarks.manual.pictures import makers
from service.spec.fields import FieldSpec, PhaseSpec, ShadeSpec
from tests.docs.pages import PAGES, blocks, links

PICTURES = {*DOCS.rglob("*.png"), *DOCS.rglob("*.webp")}
MOST = 1_500_000  # bytes of all pictures


def test_the_page_of_parameters_is_current():
    assert (DOCS / "parameters.md").read_text() == reference.page(), "make docs ARGS=--text"


def test_every_field_has_a_place_with_its_description():
    page = reference.page()
    for model in (ShadeSpec, FieldSpec, PhaseSpec):
        for name, field in model.model_fields.items():
            assert page.count(f"### `{name}`\n") == 1
            assert str(field.description) in page


def test_every_strip_is_of_a_field_and_shown():
    fields = {*ShadeSpec.model_fields, *FieldSpec.model_fields, *PhaseSpec.model_fields}
    assert set(strips.NAMES) <= fields
    shown = links((DOCS / "parameters.md").read_text())
    assert {f"parameters/{name}.webp" for name in strips.NAMES} <= set(shown)


def test_pictures_are_all_made_shown_somewhere_and_small():
    made = {DOCS / name for name in makers(Studio({}))}
    assert {DOCS / "load.png", *made} == PICTURES
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page.read_text())}
    assert shown >= PICTURES
    assert sum(path.stat().st_size for path in PICTURES) < MOST
    for path in PICTURES:
        with Image.open(path) as picture:
            picture.verify()


def test_a_picture_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]):
    assert main(["--only", "no-such-picture"]) == 2
    assert "no-such-picture" in capsys.readouterr().err


def test_the_template_has_examples():
    assert [block.language for block in blocks(reference.TEMPLATE.read_text())] == ["sh", "sh"]
