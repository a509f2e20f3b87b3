import pytest

from service.pictures.picture import Picture


def test_knows_its_layout():
    picture = Picture(3, 2, 4, bytes(24))
    assert (picture.nbytes, picture.area, picture.mode) == (24, 6, "RGBA")


@pytest.mark.parametrize(
    ("width", "height", "channels", "length"),
    [(3, 2, 3, 17), (3, 2, 3, 19), (0, 2, 3, 0), (3, 2, 2, 12)],
)
def test_refuses_pixels_that_do_not_fit(width: int, height: int, channels: int, length: int):
    with pytest.raises(ValueError, match="x"):
        Picture(width, height, channels, bytes(length))


def test_takes_any_flat_buffer_and_keeps_it_out_of_its_repr():
    picture = Picture(100, 100, 3, memoryview(bytearray(30000)))
    assert len(repr(picture)) < 100
