"""What an unfinished field leaves, as arrays, and a field that goes on from there."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from worker.numerics.field_state import FieldState

Array = NDArray[Any]

KEPT = ("theta", "bound", "residual", "iterations", "status")
"""Besides the vectors, what is known of a tile."""


def saved(field: "FieldState", ended: Tensor, starts: Tensor | None) -> dict[str, Array]:
    """The arrays of `FieldState.checkpoint`.

    Args:
        field: whose tiles are saved.
        ended: (T,) bool, the tiles with nothing left to do.
        starts: (T - E, k, n) first guesses of the others.
    """
    arrays = {name: getattr(field, name)[ended].numpy() for name in KEPT}
    there = ended.to(field.vectors.device)
    arrays["tiles"] = ended.nonzero()[:, 0].numpy()
    arrays["vectors"] = field.vectors[there].cpu().numpy()
    if starts is not None:
        arrays["starts"] = starts.cpu().numpy()
    return arrays


def joined(whole: Mapping[str, Array], added: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """One checkpoint of one that stands by itself and of those that add tiles to it.

    Raises:
        ValueError, KeyError, IndexError: they do not fit together.
    """
    parts = [whole, *added]
    arrays = {name: array for part in parts for name, array in part.items()}
    tiles, rows = np.unique(np.concatenate([part["tiles"] for part in parts]), return_index=True)
    for name in (*KEPT, "vectors"):
        arrays[name] = np.concatenate([part[name] for part in parts])[rows]
    if "starts" in whole:
        others = np.ones(len(whole["tiles"]) + len(whole["starts"]), bool)
        others[whole["tiles"]] = False
        arrays["starts"] = whole["starts"][~np.isin(others.nonzero()[0], tiles)]
    return {**arrays, "tiles": tiles}


def take_over(field: "FieldState", arrays: Mapping[str, Array]) -> Tensor:
    """Set the tiles that have ended; returns which, (T,) bool.

    Raises:
        ValueError: these are not the arrays of a field like this one.
    """
    _check(field, arrays)
    tiles = torch.from_numpy(arrays["tiles"])
    for name in KEPT:
        getattr(field, name)[tiles] = torch.from_numpy(arrays[name])
    ended = torch.zeros(field.tiling.count, dtype=torch.bool)
    ended[tiles] = True
    device = field.vectors.device
    field.vectors[tiles.to(device)] = torch.from_numpy(arrays["vectors"]).to(device)
    if "starts" in arrays:
        field.vectors[~ended.to(device)] = torch.from_numpy(arrays["starts"]).to(device)
    return ended


def _check(field: "FieldState", arrays: Mapping[str, Array]) -> None:
    tiles, count = arrays.get("tiles"), field.tiling.count
    if tiles is None or tiles.dtype != np.int64 or tiles.ndim != 1:
        raise ValueError("tiles: a list of indices is missing")
    if len(np.unique(tiles)) < len(tiles) or ((tiles < 0) | (tiles >= count)).any():
        raise ValueError(f"tiles: not indices of {count} tiles, each at most once")
    expected = {name: _rows(getattr(field, name), len(tiles)) for name in (*KEPT, "vectors")}
    if "starts" in arrays:
        expected["starts"] = _rows(field.vectors, count - len(tiles))
    for name, (shape, dtype) in expected.items():
        array = arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            raise ValueError(f"{name}: not {dtype} of {shape}")
        if name in ("vectors", "starts", "theta") and not np.isfinite(array).all():
            raise ValueError(f"{name}: not finite")
    if not np.isin(arrays["status"], range(1, 5)).all():
        raise ValueError("status: of tiles that have not begun")


def _rows(values: Tensor, count: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    return (count, *values.shape[1:]), np.dtype(str(values.dtype).removeprefix("torch."))
