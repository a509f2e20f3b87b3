"""Where an eigenvalue iteration is: what another one goes on from, to the same bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]
NUMBERS = ("level", "method", "steps", "iterations", "reached")


@dataclass(frozen=True)
class Iterate:
    """A block of vectors on a level of the graph, 0 for the graph itself."""

    X: Tensor  # (c, m) float64
    theta: Tensor  # (c,) float64
    P: Tensor  # (d, m) float64: search directions; none at the beginning
    level: int
    method: int  # its number among those of the solver
    steps: int  # on this level
    iterations: int  # on the graph itself
    reached: int  # the iteration at which the residual last halved
    goal: float  # half of what it was then

    def arrays(self) -> dict[str, Array]:
        """To be kept."""
        named = {"x": self.X, "theta": self.theta, "p": self.P}
        blocks = {name: each.cpu().numpy() for name, each in named.items()}
        numbers = np.array([getattr(self, name) for name in NUMBERS], np.int64)
        return {**blocks, "numbers": numbers, "goal": np.array([self.goal])}

    @classmethod
    def of(cls, arrays: Mapping[str, Array], device: torch.device) -> "Iterate":
        """What `arrays` gave.

        Raises:
            ValueError: they do not fit together.
        """
        shapes = {"x": 2, "theta": 1, "p": 2, "numbers": 1, "goal": 1}
        kinds = {"numbers": np.dtype(np.int64)}
        for name, axes in shapes.items():  # loop: stages
            array = arrays.get(name)
            if array is None or array.ndim != axes or array.dtype != kinds.get(name, np.float64):
                raise ValueError(f"{name}: not that of an iteration")
        blocks, goal = [arrays[name] for name in ("x", "theta", "p")], arrays["goal"]
        numbers = arrays["numbers"].tolist()
        X, theta, P = (torch.tensor(each, device=device) for each in blocks)
        if len(theta) != len(X) or P.shape[1] != X.shape[1] or len(goal) != 1:
            raise ValueError("x: not the vectors of these values")
        if len(numbers) != len(NUMBERS) or min(numbers) < 0:
            raise ValueError("numbers: not those of an iteration")
        if not all(np.isfinite(each).all() for each in blocks):
            raise ValueError("x: not finite")
        level, method, steps, iterations, reached = numbers
        return cls(X, theta, P, level, method, steps, iterations, reached, float(goal[0]))
