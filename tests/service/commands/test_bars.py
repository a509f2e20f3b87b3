"""The line on a terminal: what it says, and that it fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.commands.bars import BAR_CELLS, Line, cells, cut, printable

LINE = Line(
    name="photo.png",
    stage="pass 2 of 4",
    share=0.5,
    counts="242/484 tiles",
    bound="bound 0.031",
    seconds="3.2/60 s",
)


def test_with_room_it_says_everything() -> None:
    bar = "━" * (BAR_CELLS // 2) + "─" * (BAR_CELLS // 2)
    said = f"photo.png  pass 2 of 4  {bar}  242/484 tiles  bound 0.031  3.2/60 s"
    assert LINE.drawn(200) == said


def test_without_room_the_bar_stays_and_what_says_least_goes() -> None:
    assert LINE.drawn(79).count("━") > 5
    narrow = LINE.drawn(60)
    assert "bound" not in narrow
    assert "242/484 tiles" in narrow
    narrower = LINE.drawn(34)
    assert "pass 2 of 4" in narrower
    assert "━" in narrower
    assert "photo.png" not in narrower


@pytest.mark.parametrize(
    ("share", "drawn"), [(0.0, "─"), (1.0, "━"), (2.0, "━"), (-1.0, "─"), (0.5, "━")]
)
def test_the_bar_begins_with_what_is_done(share: float, drawn: str) -> None:
    assert Line(share=share).drawn(40)[0] == drawn


def test_a_terminal_of_few_characters_gets_those() -> None:
    said = LINE._replace(share=0.25).drawn(200, unicode=False)
    assert said.isascii()
    assert "[#######-----------------------]" in said


def test_without_a_share_there_is_no_bar() -> None:
    assert Line("a.png", "waiting", seconds="0.1 s").drawn(80) == "a.png  waiting  0.1 s"


@given(
    name=st.text(),
    stage=st.text(max_size=30),
    share=st.none() | st.floats(),
    width=st.integers(0, 120),
    unicode=st.booleans(),
)
def test_it_always_fits_and_is_one_line(
    name: str, stage: str, share: float | None, width: int, unicode: bool
) -> None:
    drawn = LINE._replace(name=name, stage=stage, share=share).drawn(width, unicode=unicode)
    assert cells(drawn) <= width
    assert drawn.isprintable()


def test_wide_characters_take_two_cells() -> None:
    assert cells("画像") == 4
    assert cells("e\u0301") == 1
    assert cut("画像.png", 5) == "画像…"
    assert cut("画像.png", 4) == "画…"


def test_nothing_moves_the_cursor() -> None:
    assert printable("a\x1b[2Jb\n") == "a?[2Jb?"
