"""The pictures of docs/ are made by what they are about."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from benchmarks.drawings import DRAWINGS
from benchmarks.gallery.studio import Studio
from benchmarks.gallery.sweeps import DRAWING, PHOTOGRAPH
from benchmarks.manual.pictures import makers
from benchmarks.manual.steps import Steps

SIZE = (224, 160)  # pixels, fifteen tiles


def photograph() -> Image.Image:
    return Image.fromarray(data.coffee()).resize(SIZE)


def drawing() -> Image.Image:
    return DRAWINGS["snail"]().resize(SIZE)


@pytest.fixture(scope="module")
def steps() -> Steps:
    return Steps(Studio({PHOTOGRAPH: photograph, DRAWING: drawing}))


def test_every_step_of_a_pass_is_drawn(steps: Steps):
    for name, make in steps.names.items():
        strip = np.asarray(make())
        assert strip.shape[1] == 816, name
        quarters = np.array_split(strip, 4, 1)
        assert all(quarter.std() > 5 for quarter in quarters), name


def test_a_picture_for_every_name_and_no_name_twice():
    names = [name.rpartition("/")[2] for name in makers(Studio({}))]
    assert len(set(names)) == len(names) >= 40
