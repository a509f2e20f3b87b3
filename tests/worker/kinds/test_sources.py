import msgspec
import pytest
import torch

from tests.worker.kinds.jobs import SHADE, field_params, random_pixels, shade_params, shape_of
from worker.kinds.lender import Solved
from worker.kinds.sources import Sources, source_key
from worker.wire.messages import Shape
from worker.wire.params import ShadeParams

PIXELS = memoryview(random_pixels(6, 8).tobytes())


def solved(kilobytes: int) -> Solved:
    return Solved(torch.zeros(kilobytes, 256), None)


def test_what_was_put_comes_back():
    sources, field = Sources(), solved(1)
    assert sources.get(b"a") is None
    sources.put(b"a", field)
    assert sources.get(b"a") is field
    sources.clear()
    assert sources.get(b"a") is None


def test_the_least_recently_used_is_forgotten_first():
    sources = Sources(3 << 10)
    for key in (b"a", b"b", b"c"):
        sources.put(key, solved(1))
    sources.get(b"a")
    sources.put(b"d", solved(1))
    assert [key for key in (b"a", b"b", b"c", b"d") if sources.get(key)] == [b"a", b"c", b"d"]
    sources.put(b"e", solved(3))
    assert [key for key in (b"a", b"c", b"d", b"e") if sources.get(key)] == [b"e"]


def test_what_is_too_large_displaces_nothing():
    sources = Sources(3 << 10)
    sources.put(b"a", solved(1))
    sources.put(b"b", solved(4))
    assert sources.get(b"b") is None
    assert sources.get(b"a") is not None


def test_the_same_again_takes_no_more_room():
    sources = Sources(2 << 10)
    sources.put(b"a", solved(1))
    for _ in range(5):
        sources.put(b"b", solved(1))
    assert sources.get(b"a") is not None


def test_outlines_take_room_too():
    outlined = Solved(torch.zeros(1, 256), torch.zeros(1024, dtype=torch.bool))
    assert outlined.nbytes == 2 << 10


@pytest.mark.parametrize(
    ("pixels", "shape", "params"),
    [
        (memoryview(random_pixels(6, 8)[::-1].tobytes()), Shape(8, 6, 3), SHADE),
        (PIXELS, Shape(6, 8, 3), SHADE),
        (PIXELS, Shape(9, 4, 4), SHADE),
        (PIXELS, Shape(8, 6, 3), shade_params(field=field_params(edge_threshold=0.2))),
        (PIXELS, Shape(8, 6, 3), shade_params(field=field_params(channel=2))),
        (PIXELS, Shape(8, 6, 3), shade_params(contours="spectral")),
        (PIXELS, Shape(8, 6, 3), shade_params(background=(0, 0, 0))),
    ],
)
def test_other_fields_have_other_keys(pixels: memoryview, shape: Shape, params: ShadeParams):
    assert source_key(pixels, shape, params) != source_key(PIXELS, Shape(8, 6, 3), SHADE)


def test_the_same_field_has_the_same_key():
    shape = shape_of(random_pixels(6, 8))
    params = msgspec.structs.replace(SHADE, passes=9, percentile=3.0, max_segments=9)
    assert source_key(PIXELS, shape, params) == source_key(PIXELS, Shape(8, 6, 3), SHADE)
