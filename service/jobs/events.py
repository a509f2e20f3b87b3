"""What listeners hear about a job, and the frames it travels in.

Text frames are `{"type", "job", "seq", "data"}`; a preview's text frame announces one binary frame:
u32 big-endian length of a JSON header, the header, the encoded picture.
How events reach a listener is in `service.jobs.mailbox`.
"""

import struct
from dataclasses import asdict
from typing import Any, ClassVar, Literal, Self

import msgspec

from service.jobs.admission import Quote
from worker.wire import messages as wire


class Event(msgspec.Struct, frozen=True):
    """Base of all events; `type` is the name on the wire."""

    type: ClassVar[str]

    def data(self) -> dict[str, Any]:
        """The event's part of the text frame."""
        return msgspec.structs.asdict(self)

    def after(self, earlier: Self, most: int) -> Self:  # noqa: ARG002
        """Both events of one kind as one, with at most so many things of each; else the newer."""
        return self


class Accepted(Event, frozen=True):
    """The job has a place."""

    type = "accepted"
    quote: Quote

    def data(self) -> dict[str, Any]:
        """How many jobs are before it, and what it may expect."""
        return {"position": self.quote.position, "quote": asdict(self.quote)}


class Snapshot(Event, frozen=True):
    """Where the job stands, for a listener that comes late."""

    type = "snapshot"
    document: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The job document itself."""
        return self.document


class Started(Event, frozen=True):
    """The job has left the queue."""

    type = "started"


class Tiles(Event, frozen=True):
    """Tiles got better: counts over all passes and the source, certificates since the last."""

    type = "tiles"
    pass_index: int  # 1-based; 0: the certificates are those of the source
    done: int
    total: int
    certificates: list[wire.Certificate]
    eta_s: float | None = None  # seconds until the job's end, estimated

    def data(self) -> dict[str, Any]:
        """Certificates as objects, with null where there is no bound."""
        return {
            "pass": self.pass_index,
            "done": self.done,
            "total": self.total,
            "eta_s": self.eta_s,
            "certificates": [msgspec.structs.asdict(each) for each in self.certificates],
        }

    def after(self, earlier: Self, most: int) -> Self:
        """Newest counts, and the newest certificate of each tile."""
        if earlier.pass_index != self.pass_index:
            return self  # every tile is computed anew in the next pass
        newest = {(each.y, each.x): each for each in earlier.certificates}
        newest |= {(each.y, each.x): each for each in self.certificates}
        return msgspec.structs.replace(self, certificates=list(newest.values())[-most:])


class Patch(Event, frozen=True):
    """Parts of an answer that is data are there: counts, and values since the last."""

    type = "patch"
    done: int
    total: int
    index: list[int]  # the places of the values: of some, where there are very many at a time
    values: dict[str, list[float | None]]
    eta_s: float | None = None  # seconds until the job's end, estimated

    def data(self) -> dict[str, Any]:
        """The values by their names, beside their places."""
        counts = {"done": self.done, "total": self.total, "eta_s": self.eta_s}
        return counts | {"idx": self.index} | self.values

    def after(self, earlier: Self, most: int) -> Self:
        """The newest counts, and the newest values."""
        places = (earlier.index + self.index)[-most:]
        names = {**earlier.values, **self.values}
        values = {n: (earlier.values.get(n, []) + self.values.get(n, []))[-most:] for n in names}
        return msgspec.structs.replace(self, index=places, values=values)


class Pass(Event, frozen=True):
    """A pass is complete."""

    type = "pass"
    index: int  # 1-based
    of: int


class Preview(Event, frozen=True):
    """A small picture of a part of the whole, in pixels of the whole."""

    type = "preview"
    kind: Literal["field", "image"]
    format: Literal["png", "webp"]
    x: int
    y: int
    width: int
    height: int
    full_width: int
    full_height: int
    pass_index: int
    picture: bytes  # encoded, at most 512 px a side

    def data(self) -> dict[str, Any]:
        """The header of the binary frame that follows, less job and seq."""
        header = msgspec.structs.asdict(self)
        del header["picture"]
        return header | {"pass": header.pop("pass_index")}

    @property
    def place(self) -> tuple[str, int, int, int, int]:
        """A newer preview of the same place makes this one worthless."""
        return self.kind, self.x, self.y, self.width, self.height


class Terminal(Event, frozen=True):
    """The job has ended; exactly one per job, and the last."""

    type: ClassVar[Literal["complete", "partial", "failed", "cancelled"]]
    document: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The job document itself."""
        return self.document


class Complete(Terminal, frozen=True):
    """Everything was done."""

    type = "complete"


class Partial(Terminal, frozen=True):
    """The deadline came first."""

    type = "partial"


class Failed(Terminal, frozen=True):
    """No result."""

    type = "failed"


class Cancelled(Terminal, frozen=True):
    """Nobody wanted it any more."""

    type = "cancelled"


_TERMINALS = {kind.type: kind for kind in (Complete, Partial, Failed, Cancelled)}


def terminal(document: dict[str, Any]) -> Terminal:
    """The terminal event of an ended job's document."""
    return _TERMINALS[document["state"]](document)


def from_worker(message: wire.Started | wire.Tiles | wire.Patch | wire.PassDone) -> Event:
    """The event that tells of a worker's message."""
    if isinstance(message, wire.Patch):
        return Patch(message.done, message.total, message.index, message.values, message.eta_s)
    if isinstance(message, wire.Tiles):
        return Tiles(
            message.pass_index, message.done, message.total, message.certificates, message.eta_s
        )
    if isinstance(message, wire.PassDone):
        return Pass(message.index, message.of)
    return Started()


def preview(
    message: wire.Preview, picture: bytes, picture_format: Literal["png", "webp"]
) -> Preview:
    """The event of a worker's preview, its pixels encoded by now."""
    return Preview(
        kind=message.kind,
        format=picture_format,
        x=message.x,
        y=message.y,
        width=message.width,
        height=message.height,
        full_width=message.full_width,
        full_height=message.full_height,
        pass_index=message.pass_index,
        picture=picture,
    )


class Envelope(msgspec.Struct, frozen=True):
    """An event with its place in a job's sequence, ready to be framed."""

    job: str
    seq: int
    event: Event

    def text(self) -> str:
        """The text frame."""
        frame = {
            "type": self.event.type,
            "job": self.job,
            "seq": self.seq,
            "data": self.event.data(),
        }
        return msgspec.json.encode(frame).decode()

    def binary(self) -> bytes | None:
        """The binary frame that follows the text frame, for a preview."""
        if not isinstance(self.event, Preview):
            return None
        header = msgspec.json.encode({"job": self.job, "seq": self.seq} | self.event.data())
        return struct.pack(">I", len(header)) + header + self.event.picture

    def sse(self) -> bytes:
        """The same as `text`, as one server-sent event."""
        return f"id: {self.seq}\nevent: {self.event.type}\ndata: {self.text()}\n\n".encode()
