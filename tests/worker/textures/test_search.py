import pytest
import torch
from torch import Tensor

from worker.shader.stages import result_of
from worker.textures import search
from worker.textures.carriers import carrier
from worker.textures.dissection import dissection
from worker.textures.grid import Grid, grid_of

K = 8


@pytest.fixture
def grid() -> Grid:
    return grid_of(carrier("noise", 32), 0.1)


def guessed(grid: Grid) -> Tensor:
    random = torch.Generator().manual_seed(5)
    rows = torch.rand(K, grid.degree.numel(), dtype=torch.float64, generator=random)
    return result_of(result_of(dissection(grid)).solve(search.centred(rows)))


def test_it_begins_with_ritz_pairs(grid: Grid):
    block = search.begun(guessed(grid), grid)
    X = block.X[0]
    assert torch.allclose(X @ X.T, torch.eye(K).double(), atol=1e-9)
    assert torch.allclose(X @ grid.apply(X).T, torch.diag(block.theta[0]), atol=1e-9)
    assert float(X.mean(1).abs().max()) < 1e-12
    assert block.P is None


def test_those_in_turn_get_better_and_no_other_worse(grid: Grid):
    inverse = result_of(dissection(grid))
    block = search.begun(guessed(grid), grid)
    rows, before = torch.tensor([1, 2, 4]), search.norms(block, K)
    for _ in range(4):
        theta = block.theta[0]
        W = result_of(inverse.solve(search.residuals(block, rows)))
        block = result_of(search.step(block, rows, W, grid))
        assert block.P is not None
        assert block.P.shape == (1, 3, 32 * 32)
        assert bool((block.theta[0] <= theta * (1 + 1e-12)).all())
    assert float((search.norms(block, K) / before)[rows].amax()) < 0.3
    X = block.X[0]
    assert torch.allclose(X @ X.T, torch.eye(K).double(), atol=1e-9)
    assert torch.allclose(block.LX, grid.apply(block.X), atol=0)


def test_a_direction_of_other_rows_is_gone_on_with(grid: Grid):
    inverse = result_of(dissection(grid))
    block = search.begun(guessed(grid), grid)
    for rows in (torch.arange(5), torch.arange(3, 5), torch.arange(4, K)):
        W = result_of(inverse.solve(search.residuals(block, rows)))
        block = result_of(search.step(block, rows, W, grid))
        assert block.P is not None
        assert block.P.shape[1] == len(rows)
        assert bool(block.X.isfinite().all())
