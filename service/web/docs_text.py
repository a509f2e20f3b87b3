"""Pieces of HTML in which nothing can be other than text."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")


def tag(name: str, *children: str | Markup, **attributes: str) -> Markup:
    """An element; what is not Markup is text, and escaped. `class_` is class."""
    opened = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup(opened), joined(children))  # noqa: S704


def code(text: str) -> Markup:
    """Text as it is typed."""
    return tag("code", text)


def told(text: str) -> Markup:
    """A description, in which `this` is typed."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def joined(pieces: Iterable[str | Markup], between: str = "") -> Markup:
    """All pieces, one after the other."""
    return Markup(between).join(pieces)  # noqa: S704 - ours


def table(heads: Iterable[str], rows: Iterable[Markup]) -> Markup:
    """Rows below their heads."""
    head = tag("tr", *(tag("th", each, scope="col") for each in heads))
    return tag("table", tag("thead", head), tag("tbody", *rows))
