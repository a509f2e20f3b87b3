"""What crosses the socket between the service and a decoder process, in the worker's framing."""

from worker.wire.messages import Message


class Inspect(Message, frozen=True):
    """Read the header. Payload: the file. Answered by `Header` or `Refused`."""

    max_pixels: int


class Decode(Message, frozen=True):
    """Decode the pixels. Payload: the file. Answered by `Decoded`, or `Refused`."""

    max_pixels: int
    max_side: int | None


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


class Refused(Message, frozen=True):
    """The file cannot be taken."""

    problem: str  # slug of UnsupportedFormat, BrokenImage or TooManyPixels
    detail: str


ToDecoder = Inspect | Decode
FromDecoder = Ready | Header | Decoded | Rows | Refused
