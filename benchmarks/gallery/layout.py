"""Rows of captioned pictures as one sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

CELL = 320  # pixels; the most a picture takes in width and height
GAP = 8
BACKDROP, TEXT, MARK = (227, 227, 227), (40, 40, 40), (190, 60, 20)
CAPTION_SIZE, TITLE_SIZE = 15, 22  # pixels
CAPTION_HEIGHT, TITLE_HEIGHT = 24, 40

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Cell:
    """A picture and what stands above it; a marked one is the default."""

    picture: Image.Image | None  # None: an empty place
    caption: str = ""
    marked: bool = False


Row = Sequence[Cell]


def compose(title: str, rows: Sequence[Row], cell: int = CELL) -> Image.Image:
    """A sheet: the title, if there is one, then one row of cells below the other."""
    width = GAP + max(len(row) for row in rows) * (cell + GAP)
    strips = [_strip(row, width, cell) for row in rows]
    y = TITLE_HEIGHT if title else 0
    sheet = Image.new("RGB", (width, y + sum(s.height for s in strips)), BACKDROP)
    _write(ImageDraw.Draw(sheet), (GAP, 8), title, width - 2 * GAP, TITLE_SIZE, TEXT)
    for strip in strips:
        sheet.paste(strip, (0, y))
        y += strip.height
    return sheet


def bare(rows: Sequence[Row], cell: int = CELL, gap: int = 4) -> Image.Image:
    """The pictures alone, close together: for a page that says itself what they are."""
    strips = [[fitted(c.picture, cell) for c in row if c.picture] for row in rows]
    heights = [max(p.height for p in strip) for strip in strips]
    width = max(len(strip) for strip in strips) * (cell + gap) - gap
    sheet = Image.new("RGB", (width, sum(heights) + gap * (len(rows) - 1)), BACKDROP)
    y = 0
    for strip, height in zip(strips, heights, strict=True):
        for i, picture in enumerate(strip):
            sheet.paste(picture, (i * (cell + gap), y))
        y += height + gap
    return sheet


def fitted(picture: Image.Image, cell: int = CELL) -> Image.Image:
    """Shrunk to fit a cell; enlarged by whole factors only, so that pixels stay squares."""
    scale = min(cell / picture.width, cell / picture.height)
    if scale >= 1:
        factor = int(scale)
        size = (picture.width * factor, picture.height * factor)
        return picture.resize(size, Image.Resampling.NEAREST)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _strip(row: Row, width: int, cell: int) -> Image.Image:
    pictures = [c.picture and fitted(c.picture, cell) for c in row]
    height = max(p.height for p in pictures if p)
    strip = Image.new("RGB", (width, CAPTION_HEIGHT + height + GAP), BACKDROP)
    draw = ImageDraw.Draw(strip)
    for i, (each, picture) in enumerate(zip(row, pictures, strict=True)):
        x = GAP + i * (cell + GAP)
        _write(draw, (x, 4), each.caption, cell, CAPTION_SIZE, MARK if each.marked else TEXT)
        if picture is None:
            continue
        strip.paste(picture, (x, CAPTION_HEIGHT))
        if each.marked:
            right, bottom = x + picture.width + 1, CAPTION_HEIGHT + picture.height + 1
            draw.rectangle((x - 2, CAPTION_HEIGHT - 2, right, bottom), outline=MARK, width=2)
    return strip


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    width: int,
    size: int,
    colour: tuple[int, int, int],
) -> None:
    font = ImageFont.load_default(size)
    draw.text(place, shortened(text, font, width), fill=colour, font=font)


def shortened(text: str, font: Font, width: float) -> str:
    """As much of a text as the width in pixels takes."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text.rstrip() + "..."
