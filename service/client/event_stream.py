"""Server-sent events as the events they tell of."""

import math
from typing import Any, Literal

import msgspec

from service.client.documents import JobDocument
from service.jobs.events import (
    Accepted,
    Event,
    Pass,
    Patch,
    Snapshot,
    Started,
    Terminal,
    Tiles,
    terminal,
)
from service.jobs.jobs import JobState
from worker.wire.messages import Certificate

_MAX_EVENT = 8 << 20  # bytes; 4096 certificates are 1 MB
_ENDS = {str(state) for state in JobState if state.ended}


class _Frame(msgspec.Struct):
    type: str
    data: dict[str, Any] = {}


class _Certificate(msgspec.Struct):  # an object here, an array between service and worker
    y: int
    x: int
    height: int
    width: int
    status: Literal["coarse", "refining", "converged", "degenerate"]
    angle_bound: float | None
    lambda2: float | None
    iterations: int

    def plain(self) -> Certificate:
        lambda2 = math.nan if self.lambda2 is None else self.lambda2
        return Certificate(**msgspec.structs.asdict(self) | {"lambda2": lambda2})


class _Tiles(msgspec.Struct, rename={"pass_index": "pass"}):
    pass_index: int
    done: int
    total: int
    certificates: list[_Certificate] = []
    eta_s: float | None = None

    def event(self) -> Tiles:
        certificates = [each.plain() for each in self.certificates]
        return Tiles(self.pass_index, self.done, self.total, certificates, self.eta_s)


def _patch(data: dict[str, Any]) -> Patch:
    """A patch has its values by their names, beside its counts."""
    counts = {name: data.get(name) for name in ("done", "total", "eta_s")}
    values = {name: each for name, each in data.items() if name not in (*counts, "idx")}
    return msgspec.convert(counts | {"index": data.get("idx", []), "values": values}, Patch)


class EventDecoder:
    """Turns a stream, however it is cut into pieces, into events.

    Attributes:
        ended: nothing more comes: the terminal event has been there, or what is no event.
    """

    def __init__(self) -> None:
        self.ended = False
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[Event]:
        """The events that are complete with this piece; kinds that are not known are left out."""
        if self.ended:
            return []
        # Not httpx's own lines: those end at characters that JSON leaves as they are.
        *lines, self._rest = (self._rest + piece).split(b"\n")
        events = [self._read(line.removesuffix(b"\r")) for line in lines]
        self.ended |= len(self._rest) + sum(len(line) + 1 for line in self._data) > _MAX_EVENT
        return [event for event in events if event is not None]

    def _read(self, line: bytes) -> Event | None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        if line or not self._data or self.ended:
            return None
        text = b"\n".join(self._data)
        self._data.clear()
        try:
            event = read_event(text)
        except (ValueError, RecursionError):
            self.ended = True
            return None
        self.ended = isinstance(event, Terminal)
        return event


def read_event(text: bytes) -> Event | None:
    """The event of one text frame; None for a kind that is not known, or not of interest.

    Raises:
        ValueError: not a text frame.
        RecursionError: nested too deeply to be one.
    """
    frame = msgspec.json.decode(text, type=_Frame)
    if frame.type in _ENDS or frame.type == Snapshot.type:
        JobDocument.of(frame.data)
        return terminal(frame.data) if frame.type in _ENDS else Snapshot(frame.data)
    if frame.type == Tiles.type:
        return msgspec.convert(frame.data, _Tiles).event()
    if frame.type == Patch.type:
        return _patch(frame.data)
    plain: dict[str, type[Event]] = {each.type: each for each in (Accepted, Started, Pass)}
    known = plain.get(frame.type)
    return None if known is None else msgspec.convert(frame.data, known)
