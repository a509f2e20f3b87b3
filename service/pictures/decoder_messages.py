"""What crosses the socket between the service and a decoder process, in the worker's framing."""

import msgspec

from worker.wire.jobs.kind import Sort
from worker.wire.messages import Message


class Inspect(Message, frozen=True):
    """Read the header. Payload: the file. Answered by `Header` or `Refused`."""

    max_pixels: int


class Decode(Message, frozen=True):
    """Decode the pixels. Payload: the file. Answered by `Decoded`, or `Refused`."""

    max_pixels: int
    max_side: int | None


class Split(Message, frozen=True):
    """Find the members of an object. Payload: its JSON. Answered by `Members` or `Refused`."""


class Read(Message, frozen=True):
    """Read what a job works on. Payload: the file. Answered by `Packed`, or `Refused`."""

    sort: Sort


class Ready(Message, frozen=True):
    """The process has started and takes requests, one at a time."""


class Header(Message, frozen=True):
    """What an image file says of itself; the size is that of the upright picture."""

    format: str  # PNG, JPEG, WebP, GIF, BMP, TIFF
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """How many pixels, the unit of all caps and prices."""
        return self.width * self.height


class Decoded(Message, frozen=True):
    """The picture's shape; `Rows` follow until all its pixels are there."""

    width: int
    height: int
    channels: int


class Rows(Message, frozen=True):
    """The next rows, top to bottom. Payload: their pixels."""


class Member(msgspec.Struct, frozen=True):
    """A member of an object, and where in the JSON its value is."""

    name: str
    begin: int
    end: int


class Members(Message, frozen=True):
    """Those of an object; of several of one name the last."""

    members: list[Member]


class Array(msgspec.Struct, frozen=True):
    """An array of numbers, its dtype by numpy's name."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Packed(Message, frozen=True):
    """Arrays of numbers; `Rows` follow until all their bytes are there, one after the other."""

    arrays: list[Array]
    facts: dict[str, int]
    nbytes: int


class Refused(Message, frozen=True):
    """The file cannot be taken."""

    problem: str  # slug of UnsupportedFormat, BrokenImage, TooManyPixels or BadSpec
    detail: str
    field: str | None = None  # of a bad spec, where in the file


ToDecoder = Inspect | Decode | Split | Read
FromDecoder = Ready | Header | Decoded | Rows | Members | Packed | Refused
