"""What came of a job: its picture, how far it is, and the formats it can be had in."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, get_args

from service.client.documents import JobDocument
from service.client.errors import ClientError
from service.jobs.jobs import JobState

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

Format: TypeAlias = Literal["png", "webp", "jpg", "npz", "svg"]
Layer: TypeAlias = Literal["gate", "contours", "segments"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
MEDIA: Final[dict[Format, str]] = {
    "png": "image/png",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "npz": "application/x-npz",
    "svg": "image/svg+xml",
}
_SAME: Final = {"jpeg": "jpg"}


class Count(NamedTuple):
    """How much is done, of how much."""

    done: int
    total: int


class BaseResult:
    """The picture that a job ended with, whole or partial.

    Attributes:
        data: the picture as a PNG file.
        document: what the service says of the job at its end.
    """

    def __init__(self, document: JobDocument, data: bytes) -> None:
        self.document, self.data = document, data

    def __repr__(self) -> str:
        passes, tiles = self.passes, self.tiles
        reached = f"passes {passes.done}/{passes.total}, tiles {tiles.done}/{tiles.total}"
        return f"<{self.status} result, {reached}>"

    @property
    def status(self) -> JobState:
        """`complete`, or `partial` when the deadline came first."""
        return self.document.state

    @property
    def passes(self) -> Count:
        """Passes of the shader; (0, 0) of a field."""
        progress = self.document.progress
        return Count(progress.passes_done, progress.passes_total)

    @property
    def tiles(self) -> Count:
        """Tiles with a certified vector, of all passes and the source together."""
        progress = self.document.progress
        return Count(progress.tiles_done, progress.tiles_total)

    def image(self) -> "Image":
        """The picture as PIL has it."""
        from PIL import Image  # late: those who save files need none

        return Image.open(io.BytesIO(self.data))


class BaseAnswer:
    """What a job of data ended with, whole or partial.

    Attributes:
        result: as the job document has it; null where a value is not there.
        document: what the service says of the job at its end.
    """

    def __init__(self, document: JobDocument, result: dict[str, Any]) -> None:
        self.document, self.result = document, result

    def __repr__(self) -> str:
        return f"<{self.status} {self.document.kind}, {self.done.done}/{self.done.total}>"

    @property
    def status(self) -> JobState:
        """`complete`, or `partial` when the deadline came first."""
        return self.document.state

    @property
    def done(self) -> Count:
        """Parts of the work that are done, such as nodes."""
        return Count(self.document.progress.tiles_done, self.document.progress.tiles_total)


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format that the ending of a file asks for.

    Raises:
        ClientError: it asks for none that there is.
    """
    ending = Path(path).suffix.removeprefix(".").lower()
    ending = _SAME.get(ending, ending)
    for each in FORMATS:
        if each == ending:
            return each
    known = ", ".join(f".{each}" for each in FORMATS)
    raise ClientError(f"{os.fspath(path)}: the ending must be one of {known}")


def arrays_in(npz: bytes) -> "dict[str, np.ndarray]":
    """The arrays of an npz file."""
    import numpy as np  # late: those who want pictures need none

    with np.load(io.BytesIO(npz), allow_pickle=False) as arrays:
        return dict(arrays)
