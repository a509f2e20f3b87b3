"""Tiles of several batches as one: records of tensors whose first axis is the tile."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


def joined_rows(parts: Sequence[T]) -> T:
    """Dataclasses of one kind as one: their tensors side by side, all else as in the first."""
    if len(parts) == 1:
        return parts[0]
    first: Any = parts[0]
    values = {f.name: [getattr(part, f.name) for part in parts] for f in fields(first)}
    joined: T = type(first)(**{name: _joined(value) for name, value in values.items()})
    return joined


def _joined(values: list[Any]) -> Any:
    if isinstance(values[0], Tensor):
        return torch.cat(values)
    return joined_rows(values) if is_dataclass(values[0]) else values[0]
