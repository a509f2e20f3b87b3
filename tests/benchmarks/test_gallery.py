"""Sheets of the gallery hold what they say, and the command writes them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.gallery import album, sheets
from benchmarks.gallery.__main__ import main
from benchmarks.gallery.layout import Cell
from benchmarks.gallery.page import index
from benchmarks.gallery.plans import Plan
from benchmarks.gallery.studio import Studio, on_paper, opaque_or_not
from benchmarks.gallery.sweeps import Sweep

RED, BLUE = (255, 0, 0), (0, 0, 255)


def flat(size: tuple[int, int] = (40, 30), colour: tuple[int, ...] = RED) -> Image.Image:
    return Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour)


def test_differences_are_dark_on_white():
    one, other = flat((10, 10)), flat((10, 10))
    other.putpixel((3, 4), (0, 0, 0))
    found = sheets.difference(one, other)
    assert found.getpixel((0, 0)) == (255, 255, 255)
    assert found.getpixel((3, 4)) == (0, 255, 255)
    assert sheets.differing(one, other) == 0.01


@pytest.mark.parametrize(
    ("value", "label"), [(0.5, "x=0.5"), (True, "x=true"), ([1, 2], "x=[1, 2]"), ("sign", "x=sign")]
)
def test_labels_say_what_a_request_would(value: object, label: str):
    assert sheets.label("x", value) == label


def test_transparency_is_kept_where_there_is_some():
    assert opaque_or_not(flat(colour=(255, 0, 0, 255))).mode == "RGB"
    assert opaque_or_not(flat(colour=(255, 0, 0, 254))).mode == "RGBA"
    assert on_paper(flat(colour=(255, 0, 0, 0)), BLUE).getpixel((0, 0)) == BLUE


def test_pictures_are_cut_out():
    drawn = flat((30, 20), (255, 255, 255))
    drawn.putpixel((4, 5), (1, 2, 3))
    cut = album.without_paper(drawn)
    assert [cut.getpixel(at) for at in ((4, 5), (0, 0))] == [(1, 2, 3, 255), (255, 255, 255, 0)]
    alpha = np.asarray(album.oval(drawn))[..., 3]
    assert alpha[10, 15] == 255
    assert alpha[0, 0] == 0


def test_the_page_shows_the_sheets_that_are_there(tmp_path: Path):
    made = [Plan(name, f"<{name}>", sheets.alone, ()) for name in ("here", "gone")]
    (tmp_path / "here.png").touch()
    page = index(made, tmp_path)
    assert '<img src="here.png" alt="&lt;here&gt;"' in page
    assert "gone" not in page


@pytest.fixture
def studio() -> Studio:
    def lines(colour: tuple[int, int, int]) -> Image.Image:
        image = flat((72, 64), (255, 255, 255))
        for x in range(6, 66):
            for y in (16, 17, 40, 41):
                image.putpixel((x, y), colour)
        return image

    return Studio({"black": lambda: lines((0, 0, 0)), "red": lambda: lines((200, 30, 30))})


def test_jobs_are_run_once(studio: Studio):
    shaded = studio.shade("black", passes=2)
    assert len(shaded.passes) == 2
    assert shaded.finished.state == "complete"
    assert shaded.last.size == shaded.field.size == (72, 64)
    assert studio.shade("black", passes=2) is shaded
    assert studio.shade("black", "red", passes=2) is not shaded


def test_sheets_of_a_pair_have_all_their_columns(studio: Studio):
    [row] = sheets.cross(studio, [("black", "red")])
    assert [cell.caption for cell in row] == [
        *("target: black", "source: red"),
        *(f"pass {i}" for i in (1, 2, 3, 4)),
    ]
    head, table = sheets.sources(studio, ["black"], ["red", "black"])
    assert head[0].picture is None
    assert [cell.caption for cell in table] == ["target: black", "black x red", "black x black"]


def test_short_rows_share_a_line():
    one, two, three = ([Cell(None, caption)] for caption in "abc")
    assert sheets.by_twos([one, two, three]) == [[*one, *two], three]


def test_sweeps_mark_the_default(studio: Studio):
    [row] = sheets.sweep(studio, Sweep("percentile", (10, 40), "where"), ["black"])
    assert [(cell.caption, cell.marked) for cell in row] == [
        ("percentile=10", False),
        ("percentile=40", True),
    ]


def files(folder: Path) -> Mapping[str, Path]:
    made = {name: folder / f"{name}.png" for name in ("one", "two")}
    for path in made.values():
        flat((64, 64)).save(path)
    return made


def test_the_command_writes_sheets_and_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    images = [str(path) for path in files(tmp_path).values()]
    out = tmp_path / "out"
    assert main(["--only", "cross", "--out", str(out), "--images", *images]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["cross-own.png", "index.html"]
    assert "cross-own.png" in (out / "index.html").read_text()
    said = capsys.readouterr()
    assert said.out.split() == [str(out / "index.html")]
    assert "[1/1] cross-own" in said.err


def test_the_command_lists_sheets_and_refuses_unknown_ones(capsys: pytest.CaptureFixture[str]):
    assert main(["--list", "--only", "docs"]) == 0
    assert capsys.readouterr().out.split() == ["docs-shading", "docs-cross", "docs-spectrum"]
    assert main(["--only", "nothing"]) == 2
    assert "no such sheet: nothing" in capsys.readouterr().err
