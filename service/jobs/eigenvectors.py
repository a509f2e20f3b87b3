"""Each of the eigenvectors of a job's field as a picture, from the arrays that are kept of it."""

import zipfile
from pathlib import Path

import numpy as np
import trio
from numpy.lib import format as npy
from numpy.typing import NDArray

from service.jobs import results
from service.jobs.desk import Desk
from service.jobs.jobs import Job
from service.jobs.results import Shown
from service.pictures.picture import Picture
from service.pictures.viridis import viridis
from service.problems import NoLongerKept
from service.spec.reading import bad_spec

_PIECE = 1 << 22  # bytes that are read at a time


async def eigenvector(desk: Desk, job: Job, channel: int) -> Shown:
    """The picture of an eigenvector, 1 is the Fiedler vector.

    Raises:
        BadSpec: the field has no such eigenvector.
        What `results.field_npz` raises.
    """
    path = await results.field_npz(desk, job)
    picture = await trio.to_thread.run_sync(
        _coloured, path, channel, abandon_on_cancel=True, limiter=desk.looking.threads
    )
    return Shown(picture, f"field-{channel}")


def _coloured(path: Path, channel: int) -> Picture:
    try:
        return viridis(read_channel(path, channel))
    except FileNotFoundError as error:
        raise NoLongerKept("The field was removed while it was asked for.") from error


def read_channel(path: Path, channel: int) -> NDArray[np.float32]:
    """One eigenvector (H, W) out of a field's npz, where all of them together are (H, W, k).

    Raises:
        BadSpec: the channel is not one of 1 to k.
        FileNotFoundError: there is no such file any more.
    """
    with zipfile.ZipFile(path) as archive, archive.open("vectors.npy") as file:
        npy.read_magic(file)
        (height, width, count), _, dtype = npy.read_array_header_1_0(file)
        if channel > count:
            raise bad_spec([("channel", f"must be 1 to {count}, not {channel}")])
        field = np.empty((height, width), np.float32)
        row = width * count * dtype.itemsize
        rows = max(1, _PIECE // row)
        for top in range(0, height, rows):
            part = np.frombuffer(file.read(min(rows, height - top) * row), dtype)
            field[top : top + rows] = part.reshape(-1, width, count)[..., channel - 1]
    return field
