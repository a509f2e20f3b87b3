"""Pixel art: few colours, every pixel placed; one sprite as large squares, one scene as it is."""

from PIL import Image, ImageDraw

from benchmarks.drawings.pen import Colour

GHOST = """
................
.....######.....
...##oooooo##...
..#oooooooooo#..
..#oooooooooo#..
.#ooowwkoowwko#.
.#ooowkkoowkko#.
.#oooooooooooo#.
.#ooppookkoopp#.
.#oooooooooooo#.
.#sooooooooooo#.
.#sooooooooooo#.
.#ssoooooooooo#.
.#so##soo##oos#.
..##..###..###..
................
"""
GHOST_COLOURS: dict[str, Colour] = {
    ".": (52, 48, 92),
    "#": (20, 16, 40),
    "o": (186, 232, 224),
    "s": (120, 180, 190),
    "w": (255, 255, 255),
    "k": (30, 24, 60),
    "p": (240, 140, 150),
}


def sprite(scale: int = 20) -> Image.Image:
    """A ghost of 16 x 16 pixels, each a square of `scale` pixels."""
    rows = GHOST.split()
    image = Image.new("RGB", (16, 16))
    image.putdata([GHOST_COLOURS[p] for row in rows for p in row])
    return image.resize((16 * scale, 16 * scale), Image.Resampling.NEAREST)


NIGHT: tuple[Colour, ...] = ((24, 20, 56), (44, 34, 92), (86, 50, 122), (156, 78, 132))
MOON, CRATER, STAR = (250, 236, 190), (226, 200, 150), (255, 255, 255)
HILLS: tuple[Colour, ...] = ((58, 40, 96), (34, 62, 82))
GRASS, TREE, TRUNK = (46, 110, 78), (20, 66, 62), (70, 44, 40)
WALL, ROOF, DOOR, LIGHT = (206, 178, 150), (176, 56, 60), (96, 52, 44), (255, 214, 92)
PATH = (186, 150, 104)


def cottage() -> Image.Image:
    """A cottage under the moon, 64 x 64 pixels as they are."""
    image = Image.new("RGB", (64, 64), NIGHT[0])
    draw = ImageDraw.Draw(image)
    _sky(draw)
    draw.polygon([(0, 40), (10, 30), (18, 36), (30, 24), (46, 40), (46, 48), (0, 48)], HILLS[0])
    draw.polygon([(26, 46), (40, 33), (50, 40), (63, 31), (63, 48), (26, 48)], HILLS[1])
    draw.rectangle((0, 46, 63, 63), GRASS)
    for x, y in ((3, 50), (9, 58), (15, 61), (52, 60), (58, 54), (60, 61), (20, 51), (49, 51)):
        draw.line((x, y, x, y - 1), TREE)
    _house(draw)
    for x, foot, height in ((7, 51, 18), (54, 53, 22), (61, 49, 14)):
        _pine(draw, x, foot, height)
    return image


def _sky(draw: ImageDraw.ImageDraw) -> None:
    for band, colour in enumerate(NIGHT):
        draw.rectangle((0, 12 * band, 63, 12 * band + 11), colour)
        if band:  # a row of dots where two colours meet, the way pixel art blends
            draw.point([(x, 12 * band - 1) for x in range(0, 64, 2)], colour)
            draw.point([(x, 12 * band - 3) for x in range(1, 64, 4)], colour)
    draw.ellipse((44, 4, 56, 16), MOON)
    draw.rectangle((47, 7, 48, 8), CRATER)
    draw.rectangle((52, 10, 54, 11), CRATER)
    draw.point([(6, 5), (15, 10), (24, 3), (33, 8), (38, 15), (11, 20), (28, 17), (60, 21)], STAR)


def _house(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((22, 40, 43, 53), WALL)
    draw.polygon([(19, 40), (26, 30), (39, 30), (46, 40)], ROOF)
    draw.line([(19, 40), (46, 40)], DOOR)
    draw.rectangle((36, 26, 39, 32), TRUNK)
    draw.point([(37, 24), (38, 22), (38, 21), (37, 19), (38, 17)], MOON)
    draw.rectangle((30, 45, 34, 53), DOOR)
    draw.point((33, 49), LIGHT)
    for x in (24, 38):
        draw.rectangle((x, 44, x + 3, 48), LIGHT, DOOR)
    draw.polygon([(30, 54), (34, 54), (42, 63), (26, 63)], PATH)


def _pine(draw: ImageDraw.ImageDraw, x: int, foot: int, height: int) -> None:
    draw.line((x, foot, x, foot - 3), TRUNK)
    for tier in range(3):
        top = foot - height + tier * (height // 4)
        half = 2 + tier
        draw.polygon([(x, top), (x - half, top + height // 3), (x + half, top + height // 3)], TREE)
