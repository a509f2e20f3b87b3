import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from scipy.spatial import cKDTree

from tests.worker.drawing.shapes import disc, flat, two_regions
from worker.drawing.lines import Lines
from worker.drawing.strokes import resampled, spectral_lines
from worker.drawing.svg import svg_document

NAME = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


def walked(data: str) -> list[np.ndarray]:
    """The on-curve points (x, y) of each piece of a path of M, c and s."""
    pieces = []
    for piece in data.split("M")[1:]:
        head, *curves = re.split("([cs])", piece)
        points = [np.array([float(n) for n in NUMBER.findall(head)])]
        for command, numbers in zip(curves[::2], curves[1::2], strict=True):
            size = 6 if command == "c" else 4
            steps = np.array([float(n) for n in NUMBER.findall(numbers)]).reshape(-1, size)
            for step in steps:
                points.append(points[-1] + step[-2:])
        pieces.append(np.array(points))
    return pieces


def paths(document: bytes) -> list[np.ndarray]:
    root = ET.fromstring(document)
    return [piece for path in root.iter(f"{NAME}path") for piece in walked(path.attrib["d"])]


def test_it_is_an_svg_of_the_size_of_the_picture():
    root = ET.fromstring(svg_document(spectral_lines(*two_regions()), 240, 200, (255, 255, 255)))
    assert root.tag == f"{NAME}svg"
    assert root.attrib["viewBox"] == "0 0 240 200"
    assert (root.attrib["width"], root.attrib["height"]) == ("240", "200")


def test_paper_is_a_rectangle_and_transparency_none():
    lines = spectral_lines(*disc())
    root = ET.fromstring(svg_document(lines, 160, 150, (1, 171, 255)))
    rect = root.find(f"{NAME}rect")
    assert rect is not None
    assert rect.attrib == {"width": "160", "height": "150", "fill": "#01abff"}
    assert ET.fromstring(svg_document(lines, 160, 150, None)).find(f"{NAME}rect") is None


def test_points_lie_on_the_lines_and_cover_them():
    lines = spectral_lines(*two_regions())
    points = np.concatenate(paths(svg_document(lines, 240, 200, None)))
    assert ((points >= 0) & (points <= (240, 200))).all()
    drawn = points[:, ::-1] - 0.5
    line = resampled(lines, 0.2).points
    assert cKDTree(line).query(drawn)[0].max() < 0.3
    assert cKDTree(drawn).query(line)[0].max() < 4


def test_pieces_of_one_line_join():
    # The weight rises along the line: every piece begins where another one ended.
    y = np.linspace(5, 95, 80)
    line = Lines(np.stack((y, 50 + 20 * np.sin(y / 20)), 1), y / 100, np.array([0, 80]))
    pieces = paths(svg_document(line, 100, 100, None))
    assert len(pieces) > 3
    ends = {tuple(piece[-1].round(1)) for piece in pieces}
    begins = {tuple(piece[0].round(1)) for piece in pieces}
    assert len(begins - ends) == 1
    assert len(ends - begins) == 1


def test_strokes_are_wider_where_lines_are_stronger():
    y = np.linspace(5, 95, 80)
    line = Lines(np.stack((y, np.full(80, 50.0)), 1), y / 100, np.array([0, 80]))
    root = ET.fromstring(svg_document(line, 100, 100, None))
    height = {
        float(path.attrib["stroke-width"]): walked(path.attrib["d"])[0][:, 1].mean()
        for path in root.iter(f"{NAME}path")
    }
    assert len(height) > 3
    assert sorted(height, key=lambda wide: height[wide]) == sorted(height)


@pytest.mark.parametrize("value", [0.5, 10.5, 100.04, 20.0])
def test_decimals_are_written_short_and_right(value: float):
    line = Lines(np.array([(30.0, value), (30.0, value + 4)]), np.ones(2), np.array([0, 2]))
    begin = paths(svg_document(line, 200, 100, None))[0][0]
    assert begin == pytest.approx([value + 0.5, 30.5], abs=0.051)


def test_a_disc_takes_a_few_hundred_bytes_and_nothing_takes_none():
    assert len(svg_document(spectral_lines(*disc()), 160, 150, None)) < 2000
    assert paths(svg_document(spectral_lines(*flat(64, 80)), 80, 64, None)) == []
