"""What a pass takes for lines."""

from typing import NamedTuple

from torch import Tensor


class Lines(NamedTuple):
    """Masks of a picture, (H, W) bool each; of a drawing all three are the same."""

    drawn: Tensor  # what is no void
    growing: Tensor  # what thickens where the gate is high
    lending: Tensor  # what strokes are taken from where it is low
