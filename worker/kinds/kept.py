"""What a partial job leaves for one that goes on from it, as arrays and back.

passes            (1,) int32, complete passes
picture           (H, W, c) uint8 after these passes; not there after none
sketch_*          of a photograph: what has been drawn of it
field_*           of the pass under way, as `FieldState.checkpoint` has it
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch

from worker.kinds.pixels import interleaved, quantised, to_picture
from worker.numerics.field_state import FieldState
from worker.runs import Array
from worker.shader.picture import Picture
from worker.shader.sketch import Sketch

PREFIX = "work."
MOST_BYTES = 256 << 20
"""Of a field's vectors and all else; a larger job is begun anew."""
_FIELD, _SKETCH = "field_", "sketch_"


class Kept(NamedTuple):
    """Where another job goes on."""

    passes: int
    picture: Picture | None  # after these passes; None: the input
    sketch: Sketch | None
    field: dict[str, Array]  # of the next pass


def arrays_of(
    passes: int, picture: Picture, sketch: Sketch | None, solver: FieldState
) -> Iterator[tuple[str, Array]]:
    """The arrays to keep; names begin with PREFIX.

    Args:
        passes: complete ones that are as they would be without a deadline.
        picture: after these.
        sketch: what they have drawn, of a photograph.
        solver: the field of the next pass.
    """
    arrays: dict[str, Array] = {}
    if passes:
        height, width = picture.rgb.shape[1:]
        pixels = np.frombuffer(interleaved(quantised(picture.layers)), np.uint8)
        arrays["picture"] = pixels.reshape(height, width, -1)
        if sketch is not None:
            arrays |= _of_sketch(sketch)
    yield from field_work(solver, passes, arrays)


def field_work(
    solver: FieldState, passes: int = 0, others: Mapping[str, Array] = MappingProxyType({})
) -> Iterator[tuple[str, Array]]:
    """The arrays of a field in the making, after so many passes and beside `others`."""
    field = {_FIELD + name: each for name, each in solver.checkpoint().items()}
    arrays = {"passes": np.array([passes], np.int32), **others, **field}
    if sum(each.nbytes for each in arrays.values()) > MOST_BYTES:
        # Without what its field begins with, a later pass would not come out the same.
        arrays = {"passes": np.zeros(1, np.int32)}
    yield from ((PREFIX + name, each) for name, each in arrays.items())


def kept_of(data: memoryview, like: Picture, most_passes: int) -> Kept:
    """The work in an npz file.

    Args:
        data: the file's bytes.
        like: the input of the job.
        most_passes: that the job has.

    Raises:
        ValueError: it is damaged, or belongs to another picture.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name.removeprefix(PREFIX): file[name] for name in file.files}
        passes = int(arrays["passes"][0])
        if not 0 <= passes <= most_passes:
            raise ValueError(f"{passes} passes of {most_passes}")
        picture = _picture(arrays["picture"], like) if passes else None
        sketch = _sketch(arrays, like) if _SKETCH + "at" in arrays else None
    except (KeyError, IndexError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"no partial work: {error!r}") from error
    field = {n.removeprefix(_FIELD): each for n, each in arrays.items() if n.startswith(_FIELD)}
    return Kept(passes, picture, sketch, field)


def _picture(pixels: Array, like: Picture) -> Picture:
    layers = like.layers
    if pixels.dtype != np.uint8 or pixels.shape != (*layers.shape[1:], layers.shape[0]):
        raise ValueError(f"a picture of {pixels.shape}")
    height, width, channels = pixels.shape
    return to_picture(memoryview(pixels.tobytes()), height, width, channels, layers.device)


def _of_sketch(sketch: Sketch) -> dict[str, Array]:
    tensors = {name: value for name, value in sketch._asdict().items() if name != "own_colours"}
    arrays = {_SKETCH + name: value.cpu().numpy() for name, value in tensors.items()}
    return arrays | {_SKETCH + "own_colours": np.array([sketch.own_colours])}


def _sketch(arrays: dict[str, Array], like: Picture) -> Sketch:
    def tensor(name: str, dtype: torch.dtype, *shape: int) -> torch.Tensor:
        found = torch.from_numpy(arrays[_SKETCH + name])
        if found.dtype != dtype or found.shape != shape:
            raise ValueError(f"{name} of {found.dtype}, {tuple(found.shape)}")
        return found.to(like.rgb.device)

    height, width = like.rgb.shape[1:]
    count = len(arrays[_SKETCH + "at"])
    at = tensor("at", torch.int64, count)
    if count and not 0 <= int(at.min()) <= int(at.max()) < height * width:
        raise ValueError("an outline outside of the picture")
    return Sketch(
        tensor("outline", torch.bool, height, width),
        tensor("grown", torch.bool, height, width),
        tensor("marks", torch.bool, height, width),
        at,
        tensor("ink", torch.float32, 3, count),
        tensor("paint", torch.float32, 3, count),
        bool(arrays[_SKETCH + "own_colours"][0]),
    )
