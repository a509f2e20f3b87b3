"""Conjugate gradients for many right-hand sides, with vectors projected out."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor

Operator = Callable[[Tensor], Tensor]  # (b, n) to (b, n)
TRUE_RESIDUAL_EVERY = 50
MOST_ITERATIONS = 5000


class Status(IntEnum):
    """How a right-hand side ended."""

    CONVERGED = 0
    RUNNING = 1
    MAX_ITERATIONS = 2
    BREAKDOWN = 3  # p^T A p <= 0: A is not positive there
    NONFINITE = 4


class Solution(NamedTuple):
    """Of b right-hand sides."""

    X: Tensor  # (b, n); a row that did not converge is as it was given, unless partial ones count
    residual: Tensor  # (b,) |b - A x|
    iterations: Tensor  # (b,) int64
    status: Tensor  # (b,) int64


class ConjugateGradients:
    """A X = B for a symmetric positive semidefinite A, one iteration with every step.

    Hestenes and Stiefel (1952); beta after Polak and Ribiere, so that a preconditioner may vary.
    Each row has steps of its own, and rests when it has ended.
    """

    def __init__(
        self,
        operator: Operator,
        B: Tensor,
        precondition: Operator,
        *,
        deflated: Tensor | None = None,
        start: Tensor | None = None,
        tolerance: float = 1e-6,
        absolute: float = 0.0,
        most: int = MOST_ITERATIONS,
    ) -> None:
        """Begin at `start`, or at 0.

        Args:
            operator: A.
            B: (b, n) right-hand sides.
            precondition: about A^-1, such as `jacobi(diagonal)`.
            deflated: (d, n) orthonormal rows that span the null space, or are to be left out.
            start: (b, n).
            tolerance: of the residual, relative to |b|.
            absolute: a residual that is small enough whatever b is.
            most: iterations.
        """
        self._operator, self._precondition, self._deflated = operator, precondition, deflated
        self._B = self._projected(B)
        self._start = torch.zeros_like(B) if start is None else start
        self._X, self._most = self._start.clone(), min(most, MOST_ITERATIONS)
        self._goal = torch.clamp(tolerance * self._B.norm(dim=1), min=absolute)
        self.status = torch.full_like(B[:, 0], Status.RUNNING, dtype=torch.int64)
        self.iterations = torch.zeros_like(self.status)
        self._R, self._P, self._rz = B, B, B[:, 0]
        self._steps = 0
        self._restart()
        zero = ~self._B.any(1)  # the answer is the start, whatever it is
        self.status[zero & self._running] = Status.CONVERGED

    @property
    def finished(self) -> bool:
        """Whether every row has ended."""
        return not bool(self._running.any())

    @property
    def residual(self) -> Tensor:
        """(b,) the norms now."""
        norms: Tensor = self._R.norm(dim=1)
        return norms

    def step(self) -> None:
        """One iteration of all rows that have not ended."""
        AP = self._projected(self._operator(self._P))
        curvature = _dot(self._P, AP)
        self._end(self._running & (curvature <= 0), Status.BREAKDOWN)
        self._end(self._running & ~curvature.isfinite(), Status.NONFINITE)
        length = torch.where(self._running, self._rz / curvature, 0.0)[:, None]
        # x_{j+1} = x_j + a_j p_j, r_{j+1} = r_j - a_j A p_j
        self._X = self._X + length * self._P
        before, self._R = self._R, self._R - length * AP
        self._steps += 1
        self.iterations += self._running
        near = self._running & (self.residual <= self._goal)
        if self._steps % TRUE_RESIDUAL_EVERY == 0 or bool(near.any()):
            self._restart()  # what the recurrence says is not believed
        else:
            Z = self._projected(self._precondition(self._R))
            rz = _dot(Z, self._R)
            beta = torch.where(self._running, (rz - _dot(Z, before)) / self._rz, 0.0)[:, None]
            self._P, self._rz = Z + beta * self._P, rz
        if self._steps >= self._most:
            self._end(self._running, Status.MAX_ITERATIONS)

    def state(self) -> dict[str, Tensor]:
        """All that another solver of the same goes on from, to the same bits; never written to."""
        return {
            "x": self._X,
            "r": self._R,
            "p": self._P,
            "rz": self._rz,
            "status": self.status.clone(),
            "iterations": self.iterations.clone(),
            "steps": torch.tensor([self._steps]),
        }

    def go_on(self, state: Mapping[str, Tensor]) -> None:
        """From the `state` of another one."""
        self._X, self._R, self._P, self._rz = (state[name] for name in ("x", "r", "p", "rz"))
        self.status, self.iterations = state["status"].clone(), state["iterations"].clone()
        self._steps = int(state["steps"])

    def solution(self, *, partial: bool = False) -> Solution:
        """What was found; with `partial` also where it has not converged."""
        taken = self.status == Status.CONVERGED
        if partial:
            taken = self._X.isfinite().all(1)
        X = torch.where(taken[:, None], self._X, self._start)
        return Solution(X, self.residual, self.iterations, self.status)

    @property
    def _running(self) -> Tensor:
        return self.status == Status.RUNNING

    def _restart(self) -> None:
        """The true residual, and the direction that it suggests."""
        self._R = self._projected(self._B - self._operator(self._X))
        self._end(self._running & ~self._R.isfinite().all(1), Status.NONFINITE)
        self._end(self._running & (self.residual <= self._goal), Status.CONVERGED)
        self._P = self._projected(self._precondition(self._R))
        self._rz = _dot(self._P, self._R)

    def _end(self, rows: Tensor, status: Status) -> None:
        self.status[rows] = status

    def _projected(self, X: Tensor) -> Tensor:
        if self._deflated is None:
            return X
        return X - (X @ self._deflated.T) @ self._deflated


def jacobi(diagonal: Tensor) -> Operator:
    """Division by the diagonal (n,)."""
    inverse = 1 / (diagonal + 1e-12)
    return lambda R: R * inverse


def solve(solver: ConjugateGradients) -> Solution:
    """To the end, in one call; rows that did not converge are as they were."""
    while not solver.finished:  # loop: iterations
        solver.step()
    return solver.solution()


def _dot(X: Tensor, Y: Tensor) -> Tensor:
    """Row by row, (b,)."""
    return (X * Y).sum(1)
