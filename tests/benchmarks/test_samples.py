"""The samples of the page are what the project draws."""

import pytest
from PIL import Image, ImageChops

from benchmarks.samples import FOLDER, SAMPLES, THUMBNAIL, drawn


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_the_drawing_and_has_a_thumbnail(name: str):
    with Image.open(FOLDER / f"{name}.png") as kept:
        assert ImageChops.difference(kept.convert("RGB"), drawn(name)).getbbox() is None
    with Image.open(FOLDER / f"{name}-small.webp") as thumbnail:
        assert all(side <= most for side, most in zip(thumbnail.size, THUMBNAIL, strict=True))


def test_there_are_no_other_samples_and_the_page_knows_these():
    files = {f"{name}{ending}" for name in SAMPLES for ending in (".png", "-small.webp")}
    assert {file.name for file in FOLDER.iterdir()} == files
    listed = (FOLDER.parent / "job" / "samples.js").read_text()
    assert listed.count("{ name: ") == len(SAMPLES)
    assert all(f'{{ name: "{name}"' in listed for name in SAMPLES)
