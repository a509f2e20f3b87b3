"""What a job leaves for one that goes on from it, as arrays and back.

passes            (1,) int32, complete passes
picture           (H, W, c) uint8 after these passes; not there after none
sketch_*          of a photograph: what has been drawn of it
field_*           of the pass under way, as `FieldState.checkpoint` has it

A job leaves one or more checkpoints. One that stands by itself has all of this; others have tiles
of the same pass that were finished since then. The arrays of several are below `0/`, `1/` and so
on.
"""

import io
from typing import NamedTuple

import numpy as np
import torch

from worker.kinds.pixels import interleaved, quantised, to_picture
from worker.numerics.checkpoint import joined
from worker.numerics.field_state import FieldState
from worker.runs import Array
from worker.shader.picture import Picture
from worker.shader.sketch import Sketch

_FIELD, _SKETCH = "field_", "sketch_"


class Kept(NamedTuple):
    """Where another job goes on."""

    passes: int
    picture: Picture | None  # after these passes; None: the input
    sketch: Sketch | None
    field: dict[str, Array]  # of the next pass


def passes_arrays(passes: int, picture: Picture, sketch: Sketch | None) -> dict[str, Array]:
    """The arrays of complete passes: the picture after them, and what they have drawn."""
    if not passes:
        return {}
    height, width = picture.rgb.shape[1:]
    pixels = np.frombuffer(interleaved(quantised(picture.layers)), np.uint8)
    arrays = {"picture": pixels.reshape(height, width, -1)}
    return arrays if sketch is None else arrays | _of_sketch(sketch)


def field_arrays_of(
    solver: FieldState, passes: int, before: torch.Tensor | None = None
) -> dict[str, Array]:
    """The arrays of a field in the making after so many passes, as `FieldState.checkpoint`."""
    field = {_FIELD + name: each for name, each in solver.checkpoint(before).items()}
    return {"passes": np.array([passes], np.int32), **field}


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
            parts = _parts({name: file[name] for name in file.files})
        whole = max((each for each in parts if _stands(each)), key=_passes)
        passes = _passes(whole)
        picture = _picture(whole["picture"], like) if passes else None
        sketch = _sketch(whole, like) if _SKETCH + "at" in whole else None
        added = [each for each in parts if each is not whole and _passes(each) == passes]
        field = joined(_field(whole), [_field(each) for each in added])
    except Exception as error:  # of a damaged file numpy and zipfile raise anything at all
        raise ValueError(f"no partial work: {error!r}") from error
    if not 0 <= passes <= most_passes:
        raise ValueError(f"{passes} passes of {most_passes}")
    return Kept(passes, picture, sketch, field)


def _parts(arrays: dict[str, Array]) -> list[dict[str, Array]]:
    """The checkpoints."""
    parts: dict[str, dict[str, Array]] = {}
    for path, array in arrays.items():
        part, _, name = path.rpartition("/")
        parts.setdefault(part, {})[name] = array
    return list(parts.values())


def _passes(part: dict[str, Array]) -> int:
    return int(part["passes"][0])


def _stands(part: dict[str, Array]) -> bool:
    """Whether it stands by itself: before the first pass there is nothing but tiles."""
    return "picture" in part or _passes(part) == 0


def _field(part: dict[str, Array]) -> dict[str, Array]:
    return {n.removeprefix(_FIELD): each for n, each in part.items() if n.startswith(_FIELD)}


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
