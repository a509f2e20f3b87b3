"""Line art: black pen on white paper, hardly anything filled."""

import math

from PIL import Image, ImageDraw

from benchmarks.drawings.pen import (
    INK,
    PAPER,
    SIDE,
    Pen,
    Point,
    Points,
    arc,
    closed,
    curve,
)


def whale() -> Image.Image:
    """A whale with ruled lines of even width; nothing filled but an eye."""
    image = Image.new("RGB", (SIDE, SIDE), PAPER)
    draw = ImageDraw.Draw(image)
    body = [(66, 300), (92, 236), (160, 190), (246, 184), (322, 214), (380, 262), (420, 258)]
    belly = [(66, 300), (96, 352), (170, 380), (262, 370), (338, 330), (392, 292), (420, 258)]
    tail = [(420, 258), (440, 214), (470, 184), (476, 222), (450, 250), (484, 272), (474, 300)]
    tail += [(442, 288), (420, 258)]
    fin = [(216, 352), (224, 398), (262, 428), (276, 388), (262, 362)]
    for line in (body, belly, tail, fin):
        draw.line(curve(line), fill=INK, width=2, joint="curve")
    for offset in range(5):
        x = 112 + 34 * offset
        draw.line(curve([(x, 352 + 3 * offset), (x + 34, 330), (x + 84, 322)]), fill=INK)
    draw.line(curve([(72, 306), (112, 316), (156, 304)]), fill=INK, width=2)
    draw.ellipse((148, 258, 160, 270), outline=INK)
    draw.ellipse((152, 262, 157, 267), fill=INK)
    for lean in (-34, -12, 12, 34):
        spray = [
            (210, 178),
            (210 + lean * 0.6, 124),
            (210 + lean * 1.7, 112),
            (210 + lean * 2, 138),
        ]
        draw.line(curve(spray), fill=INK, width=2)
    for row in range(3):
        y = 446 + 20 * row
        wave = [(30 + 18 * i + 9 * row, y + 5 * math.sin(i * 1.4)) for i in range(26)]
        draw.line(curve(wave), fill=INK, width=1 + (row == 0))
    return image


def potato() -> Image.Image:
    """A bird like a potato: one thin outline, a beak, next to nothing else."""
    pen = Pen(3)
    body = [(118, 262), (150, 214), (232, 168), (330, 148), (386, 176), (404, 258)]
    body += [(396, 340), (340, 372), (230, 366), (138, 350), (112, 312)]
    pen.line(closed(body), 2, waver=2.0, swell=0.1)
    pen.line(curve([(304, 152), (322, 196), (334, 236)]), 2, waver=0.8)
    pen.line(curve([(334, 236), (346, 200), (368, 162)]), 2, waver=0.8)
    pen.dot((286, 206), 4)
    for x in (214, 286):
        pen.line([(x, 368), (x - 4, 408), (x + 16, 412)], 2, waver=0.6)
        pen.line([(x - 4, 408), (x - 16, 416)], 2, waver=0.4)
    return pen.picture()


def plant() -> Image.Image:
    """A plant in a pot: long leaves with veins, lines from thin to thick."""
    pen = Pen(11)
    leaves = [(-88, 164, 36), (-64, 226, 44), (-36, 226, 44), (-16, 330, 54), (14, 250, 44)]
    leaves += [(36, 296, 52), (62, 224, 46), (86, 168, 36)]
    for lean, length, width in leaves:
        _leaf(pen, (252 + lean * 0.25, 372), lean, length, width)
    pen.fill([(170, 372), (336, 372), (312, 480), (192, 480)], PAPER)
    pen.line(closed([(168, 366), (254, 360), (340, 366), (340, 388), (254, 392), (168, 388)]), 4)
    pen.line(curve([(178, 392), (188, 440), (198, 484)]), 4)
    pen.line(curve([(330, 392), (320, 440), (310, 484)]), 4)
    pen.line(curve([(198, 484), (254, 490), (310, 484)]), 5)
    for i in range(4):
        y = 410 + 19 * i
        hatch = [(300 - 3 * i, y), (312 - 3 * i, y + 3), (322 - 4 * i, y + 2)]
        pen.line(curve(hatch), 1.6, taper=0.3)
    pen.line(curve([(60, 488), (180, 496), (330, 494), (462, 486)]), 2, waver=2.5, taper=0.2)
    return pen.picture()


def _leaf(pen: Pen, foot: Point, lean: float, length: float, width: float) -> None:
    """A stalk and a leaf on it, `lean` degrees from upright."""
    angle = math.radians(lean)
    droop = 0.0022 * lean

    def place(along: float, across: float) -> Point:
        bent = angle + droop * along * 2
        reach = along * length
        return (
            foot[0] + reach * math.sin(bent) + across * math.cos(bent),
            foot[1] - reach * math.cos(bent) + across * math.sin(bent),
        )

    shape = [(0.34, 0.0), (0.46, 0.7), (0.62, 1.0), (0.82, 0.66), (1.0, 0.0)]
    right = [place(a, 0.5 * width * w) for a, w in shape]
    left = [place(a, -0.5 * width * w) for a, w in shape]
    pen.fill(curve(right) + curve(left)[::-1], PAPER)
    pen.line(curve([place(0, 0), place(0.2, 0), place(0.36, 0)]), 3)
    for side, thick in ((right, 3.4), (left, 2.2)):
        pen.line(curve(side), thick, taper=0.15)
    pen.line(curve([place(a / 10, 0) for a in range(3, 10)]), 1.6, taper=0.3)
    for i in range(4):
        start = 0.46 + 0.1 * i
        reach = 0.3 * width * (1 - 0.16 * i)
        for sign in (-1, 1):
            vein = [place(start, 0), place(start + 0.07, sign * reach)]
            pen.line(vein, 1.5, waver=0.5, taper=0.3)


def cup() -> Image.Image:
    """A cup that steams, in a dozen strokes."""
    pen = Pen(23)
    pen.line(arc((236, 214), (112, 30), -20, 352), 3)
    pen.line(arc((238, 222), (94, 20), 8, 172), 2, taper=0.2)
    pen.line(curve([(124, 218), (132, 316), (164, 390), (206, 410)]), 4.5)
    pen.line(curve([(348, 214), (340, 310), (306, 390), (266, 410)]), 5.5)
    pen.line(curve([(206, 410), (236, 415), (266, 410)]), 4)
    pen.line(curve([(346, 248), (396, 232), (430, 268), (412, 322), (362, 346), (326, 344)]), 5)
    pen.line(curve([(344, 270), (386, 260), (402, 284), (388, 312), (352, 324), (334, 322)]), 3)
    pen.line(arc((238, 408), (186, 40), -158, -206), 2.5)
    pen.line(arc((238, 408), (186, 40), 154, -22), 4)
    pen.line(arc((238, 412), (110, 18), 165, 15), 2, taper=0.3)
    for x, lift in ((182, 0), (236, 26), (288, 6)):
        steam = [(x + 13 * math.sin(i / 8), 178 - lift - 2.6 * i) for i in range(46)]
        pen.line(steam, 3, waver=2, taper=0.4)
    pen.line(curve([(30, 470), (160, 478), (340, 476), (484, 468)]), 2, waver=3, taper=0.2)
    for i in range(6):
        hatch = [(330 - 5 * i, 268 + 24 * i), (318 - 6 * i, 290 + 21 * i)]
        pen.line(hatch, 1.8, taper=0.3)
    return pen.picture()


def face() -> Image.Image:
    """A face, in few strokes of a brush."""
    pen = Pen(42)
    strokes: list[tuple[Points, float]] = [
        # hair: over the head, down both sides, a lock across the brow
        ([(250, 96), (176, 104), (128, 170), (118, 262), (96, 350), (60, 404)], 7),
        ([(250, 96), (322, 88), (380, 140), (396, 230), (392, 320), (424, 396), (470, 424)], 7),
        ([(250, 96), (262, 150), (226, 204), (168, 232)], 5),
        ([(262, 110), (296, 176), (352, 212), (378, 222)], 5),
        ([(238, 112), (196, 150), (160, 204)], 3),
        ([(284, 108), (330, 150), (362, 192)], 3),
        # cheeks and chin, neck
        ([(160, 232), (164, 306), (196, 372), (248, 408), (272, 404)], 4),
        ([(272, 404), (330, 368), (360, 306), (364, 230)], 4),
        ([(214, 398), (210, 440), (172, 476), (120, 494)], 4),
        ([(308, 392), (316, 440), (358, 476), (416, 492)], 4),
        # brows, nose, mouth
        ([(184, 244), (206, 232), (236, 238)], 5),
        ([(288, 238), (316, 230), (342, 242)], 5),
        ([(264, 254), (258, 292), (244, 320), (262, 330), (274, 324)], 3),
        ([(222, 356), (246, 356), (260, 361), (276, 356), (306, 350)], 4),
        ([(246, 376), (266, 380), (284, 374)], 2.5),
    ]
    for points, width in strokes:
        pen.line(curve(points), width, taper=0.3)
    for x in (212, 316):
        pen.line(curve([(x - 26, 276), (x - 4, 262), (x + 26, 276)]), 5, taper=0.2)
        pen.line(curve([(x - 16, 286), (x, 292), (x + 18, 286)]), 2, taper=0.3)
        pen.dot((x, 276), 8)
    return pen.picture()
