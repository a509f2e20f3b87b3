import pytest
import torch

from worker.shader.stages import result_of
from worker.textures.dissection import dissection
from worker.textures.grid import grid_of

RANDOM = torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    "shape", [(1, 2), (2, 1), (2, 2), (1, 9), (9, 1), (5, 6), (16, 16), (33, 8)]
)
@pytest.mark.parametrize("threshold", [0.02, 1.0])
def test_it_solves(shape: tuple[int, int], threshold: float):
    image = torch.rand(shape, generator=RANDOM)
    grid = grid_of(image, threshold)
    R = torch.rand(3, image.numel(), dtype=torch.float64, generator=RANDOM)
    R = R - R.mean(1, keepdim=True)
    X = result_of(result_of(dissection(grid)).solve(R))
    assert float(X.mean(1).abs().max()) < 1e-12 * float(X.abs().max())
    assert float((grid.apply(X) - R).abs().max()) < 1e-8


@pytest.mark.parametrize("cells", [4, 9, 32])
def test_strong_edges_cost_nothing(cells: int):
    """Unit differences between cells, where the operator has condition 10^7."""
    index = torch.arange(32) * cells // 32
    grid = grid_of(((index[:, None] + index) % 2).float(), 0.1)
    values = torch.rand(2, cells, cells, dtype=torch.float64, generator=RANDOM)
    X = values[:, index][:, :, index].reshape(2, -1)
    X = X - X.mean(1, keepdim=True)
    found = result_of(result_of(dissection(grid)).solve(grid.apply(X)))
    assert float((found - X).abs().max()) < 1e-6
