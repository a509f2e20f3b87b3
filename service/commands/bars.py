"""One line of text with a bar in it, as wide as a terminal allows. Pure."""

import math
from typing import NamedTuple
from unicodedata import combining, east_asian_width

NAME_CELLS, BAR_CELLS = 24, 32  # at most
_LEAST_BAR = 10  # cells; what is less important goes before the bar gets shorter
_GAP = "  "
_LEAVE_FIRST: tuple[tuple[str, ...], ...] = (
    (),
    ("bound",),
    ("bound", "name"),
    ("bound", "name", "counts"),
    ("bound", "name", "counts", "seconds"),
)


class Line(NamedTuple):
    """What the line says; what is empty is left out, and so is a bar without a share."""

    name: str = ""
    stage: str = ""
    share: float | None = None  # 0..1
    counts: str = ""
    bound: str = ""
    seconds: str = ""

    def drawn(self, width: int, *, unicode: bool = True) -> str:
        """The line in at most `width` cells."""
        least = 0 if self.share is None else _LEAST_BAR
        texts, room = self._texts(()), 0
        for left_out in _LEAVE_FIRST:
            texts = self._texts(left_out)
            room = width - sum(cells(text) + len(_GAP) for text in texts.values())
            if room >= (least or -len(_GAP)):
                break
        if self.share is not None and room >= least:
            texts["share"] = _bar(self.share, min(room, BAR_CELLS), unicode)
        line = _GAP.join(texts[each] for each in self._fields if each in texts)
        return cut(line, width, unicode=unicode)

    def _texts(self, left_out: tuple[str, ...]) -> dict[str, str]:
        kept = [each for each in self._fields if each not in (*left_out, "share")]
        texts = {each: printable(str(getattr(self, each))) for each in kept}
        return {
            each: cut(text, NAME_CELLS) if each == "name" else text
            for each, text in texts.items()
            if text
        }


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(_cells_of(each) for each in text)


def cut(text: str, width: int, *, unicode: bool = True) -> str:
    """The text, or its beginning with a mark of what is missing, in at most `width` cells."""
    if cells(text) <= width:
        return text
    mark = "…" if unicode else "."
    kept, room = "", width - 1
    for each in text:
        room -= _cells_of(each)
        if room < 0:
            break
        kept += each
    return kept + mark if width > 0 else ""


def printable(text: str) -> str:
    """The text without what would move the cursor or worse."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _cells_of(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _bar(share: float, width: int, unicode: bool) -> str:
    share = min(1.0, max(0.0, share))
    if not unicode:
        done = math.floor(share * (width - 2))
        return f"[{'#' * done}{'-' * (width - 2 - done)}]"
    halves = math.floor(share * width * 2)
    line = "━" * (halves // 2) + "╸" * (halves % 2)
    return line + "─" * (width - len(line))
