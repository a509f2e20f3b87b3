"""The one shape in which pixels travel through the service."""

from dataclasses import dataclass, field

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An uncompressed picture: uint8 sRGB, row-major, (height, width, channels).

    `channels` is 3 (RGB), 4 (RGBA, not premultiplied) or 1 (grey). `pixels` is any flat buffer of
    that many bytes; whoever makes a Picture does not write to the buffer afterwards.

    Raises:
        ValueError: a side below 1, channels other than these, or a buffer of another length.
    """

    width: int
    height: int
    channels: int
    pixels: bytes | memoryview = field(repr=False)

    def __post_init__(self) -> None:
        if self.channels not in _MODES or min(self.width, self.height) < 1:
            raise ValueError(f"no picture is {self.width} x {self.height} x {self.channels}")
        if self.nbytes != memoryview(self.pixels).nbytes:
            raise ValueError(f"{self!r} needs {self.nbytes} bytes of pixels")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Width, height, channels."""
        return self.width, self.height, self.channels

    @property
    def nbytes(self) -> int:
        """Length of the pixel buffer."""
        return self.width * self.height * self.channels

    @property
    def buffer(self) -> bytes | memoryview:
        """What crosses to the worker."""
        return self.pixels

    @property
    def area(self) -> int:
        """How many pixels, the unit of all caps and prices."""
        return self.width * self.height

    @property
    def mode(self) -> str:
        """Pillow's name of the layout: L, RGB or RGBA."""
        return _MODES[self.channels]
