"""A thick marker and flat colours: shapes to be found again by their tone."""

import math
from random import Random

from PIL import Image, ImageDraw

from benchmarks.drawings.pen import INK, PAPER, Colour, Pen, Point, Points, arc, closed, curve

RED, TOMATO, BRICK = (232, 44, 38), (244, 88, 60), (196, 30, 24)
PINK, ROSE, WINE = (244, 70, 140), (238, 26, 98), (190, 12, 78)
PLUM, TEAL, CORAL, SAND, LEAF = (
    (120, 66, 150),
    (44, 160, 164),
    (240, 112, 88),
    (246, 206, 110),
    (92, 170, 84),
)


def boxes() -> Image.Image:
    """Scribbled boxes and the arrows between them, in reds and pinks on white."""
    pen, random = Pen(5, (384, 384)), Random(6)
    places: list[tuple[Point, Colour]] = [
        ((188, 62), RED),
        ((96, 176), TOMATO),
        ((280, 170), ROSE),
        ((54, 318), BRICK),
        ((188, 312), PINK),
        ((324, 320), WINE),
    ]
    for centre, colour in places:
        _box(pen, random, centre, 30 + 6 * random.random(), colour)
    _arrow(pen, (154, 98), (124, 134), RED)
    _arrow(pen, (222, 98), (254, 130), RED)
    _arrow(pen, (82, 220), (62, 274), TOMATO)
    _arrow(pen, (120, 216), (160, 272), TOMATO)
    _arrow(pen, (262, 212), (216, 270), ROSE)
    _arrow(pen, (292, 212), (316, 276), ROSE)
    _arrow(pen, (142, 172), (236, 166), TOMATO)
    return pen.picture()


def _box(pen: Pen, random: Random, centre: Point, half: float, colour: Colour) -> None:
    """A square with a scribble that nearly fills it."""
    x, y = centre

    def near(dx: float, dy: float) -> Point:
        return (x + dx + 5 * (random.random() - 0.5), y + dy + 5 * (random.random() - 0.5))

    corners = [near(-half, -half), near(half, -half), near(half, half), near(-half, half)]
    pen.line([*corners, corners[0], near(-half / 2, -half)], 4.5, colour, waver=1.5)
    zigzag: list[Point] = []
    for i in range(9):
        across = -half + 4 + (2 * half - 8) * i / 8
        zigzag += [near(across - 3, half - 5), near(across + 5, -half + 5)]
    pen.line(zigzag, 5.5, colour, waver=1.0)


def _arrow(pen: Pen, start: Point, end: Point, colour: Colour) -> None:
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    middle = ((start[0] + end[0]) / 2 + 3, (start[1] + end[1]) / 2 - 3)
    pen.line(curve([start, middle, end]), 5, colour)
    for turn in (2.5, -2.5):
        barb = (end[0] + 17 * math.cos(angle + turn), end[1] + 17 * math.sin(angle + turn))
        pen.line([barb, end], 5, colour)


def snail() -> Image.Image:
    """A snail under a mushroom: flat colours, each within a thick outline."""
    pen = Pen(17)
    _mushroom(pen)
    body = [(48, 420), (60, 372), (82, 300), (112, 262), (150, 266), (164, 310), (168, 362)]
    body += [(230, 396), (340, 404), (430, 412), (470, 436), (420, 448), (240, 452), (90, 448)]
    _outlined(pen, closed(body), TEAL, 6)
    shell = [(186, 400), (150, 330), (164, 250), (236, 200), (320, 214), (372, 282), (366, 360)]
    shell += [(316, 410), (244, 420)]
    _outlined(pen, closed(shell), CORAL, 7)
    spiral = [
        (
            264 + (6 + 4.3 * i) * math.cos(0.42 * i) * 1.04,
            318 + (6 + 4.1 * i) * math.sin(0.42 * i) * 0.94,
        )
        for i in range(21)
    ]
    pen.line(curve(spiral), 6, taper=0.08)
    for x, tip in ((112, (84, 206)), (142, (150, 196))):
        pen.line(curve([(x, 272), ((x + tip[0]) / 2 - 6, 240), tip]), 12)
        pen.line(curve([(x, 276), ((x + tip[0]) / 2 - 6, 240), tip]), 5, TEAL)
        _outlined(pen, arc(tip, (13, 13), 0, 360), PAPER, 5)
        pen.dot((tip[0] - 3, tip[1] + 2), 5)
    pen.line(curve([(72, 340), (92, 352), (116, 344)]), 5, taper=0.2)
    pen.line(curve([(20, 454), (160, 458), (340, 456), (496, 452)]), 5, taper=0.1)
    return pen.picture()


def _mushroom(pen: Pen) -> None:
    _outlined(
        pen,
        closed([(412, 440), (414, 340), (404, 214), (446, 214), (440, 340), (442, 440)]),
        SAND,
        5,
    )
    cap = [(300, 196), (330, 122), (416, 70), (486, 116), (502, 196), (430, 222), (360, 220)]
    _outlined(pen, closed(cap), PLUM, 6)
    for centre, radius in (((370, 152), 17), ((434, 116), 14), ((466, 168), 15), ((418, 184), 10)):
        pen.dot(centre, radius, SAND)
    for x in (24, 480, 360):
        blade = [(x, 454), (x + 4, 424), (x + 18, 396), (x + 16, 428), (x + 20, 454)]
        _outlined(pen, curve(blade), LEAF, 4)


def _outlined(pen: Pen, line: Points, colour: Colour, width: float) -> None:
    pen.fill(line, colour)
    pen.line(line, width, INK, waver=0.8)


def balloons() -> Image.Image:
    """Balloons on strings: flat colours with even outlines."""
    image = Image.new("RGB", (256, 256), (250, 244, 230))
    draw = ImageDraw.Draw(image)
    colours = [(214, 64, 48), (240, 180, 40), (40, 110, 170), (60, 150, 90), (120, 70, 150)]
    for i, colour in enumerate(colours):
        x, y, r = 30 + 44 * i, 60 + 90 * (i % 2), 20 + 5 * i
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline=INK, width=3)
        draw.line((x, y + r, x + 12 * (i - 2), 240), fill=INK, width=2)
    return image
