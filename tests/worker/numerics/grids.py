"""The grids of an image, made in one go and written out."""

from typing import TypeVar

import torch
from torch import Tensor

from tests.worker.numerics.samples import STENCIL, TAU
from worker.numerics.hierarchy import FirstLevel, Level
from worker.numerics.laplacian import Laplacian
from worker.numerics.strips import StripGraph, Work

T = TypeVar("T")


def ended(work: Work[T]) -> T:
    """The result of work that pauses."""
    while True:
        try:
            assert next(work) == []
        except StopIteration as end:
            result: T = end.value
            return result


def first_level(rgb: Tensor) -> Level:
    graph = StripGraph(rgb, STENCIL, TAU, lanes=1)
    first = FirstLevel(graph)
    ended(graph.each(lambda i, _: first.group(i)))
    ended(graph.each(lambda i, _: first.join(i)))
    return first.level()


def matrix(laplacian: Laplacian) -> Tensor:
    """L written out, (n, n) float64, from its edges."""
    n = laplacian.degree.shape[-1]
    W = torch.zeros(n, n, dtype=torch.float64)
    for shift, w in zip(laplacian.shifts, laplacian.weights[0], strict=True):
        if shift < n:
            W.diagonal(shift).add_(w[laplacian.pad : laplacian.pad + n - shift])
    W = W + W.mT
    return torch.diag(W.sum(1)) - W
