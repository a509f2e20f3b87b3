"""How the passes of a job came about: kept as the document of the API, and layers beside it."""

import math

import msgspec

from service.pictures.layers import LAYERS, check_layers, layer_picture
from service.pictures.picture import Picture
from worker.wire.explained import Match, Segment
from worker.wire.messages import Explained, Submit

DOCUMENT, LAYERS_FILE = "json", "layers"  # endings of the files of a pass
_DIGITS = 3  # of a pixel that places are told by


class Place(msgspec.Struct, frozen=True):
    """In pixels, the middle of the first one is 0."""

    x: float
    y: float


class Size(msgspec.Struct, frozen=True):
    """Of a picture, in pixels."""

    width: int
    height: int


class Box(msgspec.Struct, frozen=True):
    """A segment: its box, and how many pixels of it are its own."""

    x: int
    y: int
    width: int
    height: int
    pixels: int


class Lent(msgspec.Struct, frozen=True):
    """A stroke that was copied: from where, to where, and beside which segment that is."""

    lent: Place = msgspec.field(name="from")
    to: Place
    beside: Place
    turn: float  # degrees
    distance: float  # of signatures


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The document of one pass."""

    index: int = msgspec.field(name="pass")
    width: int
    height: int
    source: Size | None  # that strokes were taken from; None: the picture itself
    layers: tuple[str, ...] = LAYERS
    segments: list[Box]
    matches: list[Lent]


def files_of(message: Explained, layers: bytes, submit: Submit) -> dict[str, bytes]:
    """The files of what a worker told, by their endings. Blocks.

    Raises:
        ValueError: the layers are not those of the job's picture, or a match is no number.
    """
    check_layers(layers, submit.width, submit.height, message.segments)
    source = submit.source
    document = Explanation(
        index=message.index,
        width=submit.width,
        height=submit.height,
        source=None if source is None else Size(source.width, source.height),
        segments=[Box(*msgspec.structs.astuple(each)) for each in message.segments],
        matches=[_lent(each) for each in message.matches],
    )
    return {DOCUMENT: msgspec.json.encode(document), LAYERS_FILE: layers}


def drawn(document: bytes, layers: bytes, name: str) -> Picture:
    """One of the layers as a picture, from the files of a pass. Blocks."""
    about = msgspec.json.decode(document, type=Explanation)
    segments = [Segment(*msgspec.structs.astuple(each)) for each in about.segments]
    return layer_picture(name, layers, about.width, about.height, segments)


def _lent(match: Match) -> Lent:
    numbers = (*match.lent, *match.to, *match.beside, match.turn, match.distance)
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a match of what is no number")
    return Lent(
        lent=_place(match.lent),
        to=_place(match.to),
        beside=_place(match.beside),
        turn=match.turn,
        distance=round(match.distance, _DIGITS),
    )


def _place(at: tuple[float, float]) -> Place:
    x, y = at
    return Place(round(x, _DIGITS), round(y, _DIGITS))
