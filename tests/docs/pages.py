"""The pages of the documentation: their code blocks, links and headings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


class Block(NamedTuple):
    """Code of a page."""

    language: str
    text: str
    line: int  # of the page, from 1


def blocks(text: str) -> list[Block]:
    """All code of a page."""
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(text)
    ]


def prose(text: str) -> str:
    """The page without its code."""
    return _FENCE.sub("", text)


def commands(text: str) -> list[str]:
    """The commands of a shell's block, each in one string; comments are none."""
    lines = text.replace("\\\n", "").splitlines()
    return [line for line in lines if shlex.split(line, comments=True)]


def links(text: str) -> list[str]:
    """Where a page's links and pictures point."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """The names of a page's headings, as they are linked to."""
    return set(map(_anchor, _HEADING.findall(prose(text))))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def words(command: str) -> Iterator[str]:
    """The words of a command, without what it sets for itself."""
    yield from (each for each in shlex.split(command, comments=True) if not _is_setting(each))


def settings(command: str, folder: Path) -> dict[str, str]:
    """The variables that stand before a command in a folder."""
    found = {}
    for each in shlex.split(command, comments=True):
        if not _is_setting(each):
            break
        name, _, value = each.partition("=")
        found[name] = value.replace("$PWD", str(folder))
    return found


def _is_setting(word: str) -> bool:
    return re.match(r"[A-Z_]+=", word) is not None
