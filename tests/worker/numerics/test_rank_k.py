import math
from collections.abc import Callable, Iterator
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import Tensor

from worker.numerics.rank_k import Kind, by_keys, by_sort, rank_k

nan, inf = math.nan, math.inf
KINDS: tuple[Kind, ...] = get_args(Kind)
HALVES = [torch.float32, torch.float16, torch.bfloat16]


def expected(row: npt.NDArray[Any], k: int, kind: Kind) -> list[int]:
    """The columns, by numpy."""
    finite = np.flatnonzero(np.isfinite(row))
    values = row[finite].astype(np.float64) + 0.0
    order = finite[np.lexsort((finite, -values if kind == "top" else values))]
    count = min(k, len(order))
    begin = (len(order) - count) // 2 if kind == "mid" else 0
    found = order[begin : begin + count].tolist()
    return found + [-1] * (k - count)


@pytest.mark.parametrize(
    ("row", "kind", "k", "values", "columns"),
    [
        ([nan, 4, inf, 3, -2, 5], "top", 3, [5, 4, 3], [5, 1, 3]),
        ([-inf, -3, nan, 0, 2, 8], "mid", 5, [-3, 0, 2, 8, nan], [1, 3, 4, 5, -1]),
        ([1.5, nan, -4, inf, -1, 2], "bottom", 3, [-4, -1, 1.5], [2, 4, 0]),
        ([1, 2, 3, 4, 5, 6], "mid", 3, [2, 3, 4], [1, 2, 3]),
        ([0.0, -0.0, 0.0], "top", 2, [0, 0], [0, 1]),
        ([-0.0, 0.0, -0.0], "bottom", 3, [0, 0, 0], [0, 1, 2]),
        ([nan, inf, -inf], "mid", 2, [nan, nan], [-1, -1]),
    ],
)
def test_small_rows(row: list[float], kind: Kind, k: int, values: list[float], columns: list[int]):
    found = rank_k(torch.tensor([row]), k, kind)
    assert found[1].tolist() == [columns]
    assert_array_equal(found[0][0], values)


def rows(seed: int) -> Iterator[tuple[Tensor, int]]:
    """250 matrices of every kind of trouble, and how many are asked for."""
    random = np.random.default_rng(seed)
    for _ in range(250):
        shape = random.integers(1, 6), random.integers(1, 40)
        coarse = random.integers(-4, 5, shape) / 2  # ties
        values = np.where(random.random(shape) < 0.5, coarse, random.normal(0, 100, shape))
        troubles = np.array([nan, inf, -inf, -0.0, 0.0, 6e4, -6e4, 1e-7])
        troubled = random.random(shape) < random.choice([0, 0.3, 1])
        values = np.where(troubled, random.choice(troubles, shape), values)
        k = shape[1] if random.random() < 0.2 else random.integers(1, shape[1] + 1)
        yield torch.from_numpy(values).float(), int(k)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("seed", range(4))
def test_random_rows_by_either_strategy(dtype: torch.dtype, seed: int):
    for matrix, k in rows(seed):
        x = matrix.to(dtype)
        for kind in KINDS:
            columns = [expected(row, k, kind) for row in x.float().numpy()]
            assert by_sort(x, k, kind).tolist() == columns
            assert kind == "mid" or by_keys(x, k, kind).tolist() == columns
            values, found = rank_k(x, k, kind)
            assert found.tolist() == columns
            assert values.dtype == dtype
            taken = x.gather(1, found.clamp(min=0)).where(found >= 0, nan)
            assert torch.equal(values.nan_to_num(7.0), taken.nan_to_num(7.0))


@pytest.mark.parametrize("size", [(3, 1000), (1, 50_000)])
@pytest.mark.parametrize("k", [1, 7, 900])
def test_distinct_values_as_torch_topk(size: tuple[int, int], k: int):
    random = torch.Generator().manual_seed(1)
    x = torch.stack([torch.randperm(size[1], generator=random) for _ in range(size[0])]).float()
    for kind, largest in (("top", True), ("bottom", False)):
        assert torch.equal(rank_k(x, k, kind)[1], x.topk(k, largest=largest).indices)
    middle = (size[1] - k) // 2
    assert torch.equal(rank_k(x, k, "mid")[0], x.sort(1).values[:, middle : middle + k])


@pytest.mark.parametrize("k", [-1, 0, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_k_outside_the_row_is_an_error(k: int, kind: Kind):
    with pytest.raises(ValueError, match=r"outside 1\.\.3"):
        rank_k(torch.zeros(2, 3), k, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows(kind: Kind):
    values, columns = rank_k(torch.zeros(0, 3), 2, kind)
    assert values.shape == columns.shape == (0, 2)


@pytest.mark.cuda
@pytest.mark.parametrize("seed", range(2))
def test_the_same_on_cuda(seed: int):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA")
    for x, k in rows(seed):
        for kind in KINDS:
            strategies: list[Callable[..., Tensor]] = [by_sort]
            strategies += [] if kind == "mid" else [by_keys]
            for strategy in strategies:
                assert torch.equal(strategy(x.cuda(), k, kind).cpu(), strategy(x, k, kind))
