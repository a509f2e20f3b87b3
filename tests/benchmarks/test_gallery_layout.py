"""Sheets are laid out as promised."""

import numpy as np
import pytest
from PIL import Image, ImageFont

from benchmarks.gallery.layout import (
    CAPTION_HEIGHT,
    CELL,
    GAP,
    TITLE_HEIGHT,
    Cell,
    bare,
    compose,
    fitted,
    shortened,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)


def flat(size: tuple[int, int] = (40, 30), colour: tuple[int, ...] = RED) -> Image.Image:
    return Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour)


def test_a_sheet_is_a_grid_of_cells_below_captions():
    sheet = compose(
        "title", [[Cell(flat((400, 200)), "a"), Cell(flat(colour=BLUE), "b")]], cell=100
    )
    assert sheet.size == (2 * (100 + GAP) + GAP, TITLE_HEIGHT + CAPTION_HEIGHT + 60 + GAP)
    top = TITLE_HEIGHT + CAPTION_HEIGHT
    assert sheet.getpixel((GAP, top)) == RED
    assert sheet.getpixel((GAP + 99, top + 49)) == RED
    assert sheet.getpixel((100 + 2 * GAP, top)) == BLUE


def test_empty_places_keep_the_columns():
    sheet = compose("t", [[Cell(None), Cell(flat((50, 50), BLUE))]], cell=50)
    assert sheet.getpixel((50 + 2 * GAP + 1, sheet.height - GAP - 1)) == BLUE
    assert sheet.getpixel((GAP + 1, sheet.height - GAP - 1)) != BLUE


def test_marked_cells_have_a_frame_around_the_whole_picture():
    plain, framed = (
        np.asarray(compose("t", [[Cell(flat((50, 50)), marked=marked)]], cell=50), int)
        for marked in (False, True)
    )
    ys, xs = np.nonzero((plain != framed).any(-1))
    top, left = TITLE_HEIGHT + CAPTION_HEIGHT, GAP
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (top - 2, top + 51, left - 2, left + 51)
    assert not (plain != framed)[top : top + 50, left : left + 50].any()


@pytest.mark.parametrize(
    ("size", "shown"), [((64, 64), (320, 320)), ((256, 256), (256, 256)), ((1024, 512), (320, 160))]
)
def test_pictures_are_shrunk_smoothly_and_enlarged_by_whole_factors(
    size: tuple[int, int], shown: tuple[int, int]
):
    assert fitted(flat(size), CELL).size == shown


def test_bare_sheets_hold_nothing_but_pictures():
    rows = [[Cell(flat((20, 10)), "caption"), Cell(flat((20, 20)), "b")], [Cell(flat((20, 20)))]]
    assert bare(rows, cell=20, gap=4).size == (44, 44)


def test_long_captions_are_cut_to_the_width():
    font = ImageFont.load_default(15)
    assert shortened("short", font, 300) == "short"
    cut = shortened("a caption that does not fit " * 9, font, 120)
    assert cut.endswith("...")
    assert font.getlength(cut) <= 120
