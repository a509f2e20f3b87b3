import pytest
import torch
from torch import Tensor

from tests.worker.numerics.grids import first_level, matrix
from tests.worker.numerics.samples import STENCIL, TAU, art, checkerboard, noise, photo, tensor
from worker.numerics import hierarchy
from worker.numerics.hierarchy import Level, coarse_shifts, coarser
from worker.numerics.laplacian import image_laplacian


def prolongation(level: Level) -> Tensor:
    """P, (finer n, n)."""
    return (level.nodes[:, None] == torch.arange(level.size)).double()


PICTURES = {
    "photo": tensor(photo(64))[:, :50, :37],
    "art": tensor(art(64))[:, :37, :61],
    "noise": tensor(noise(40)),
    "checkerboard": tensor(checkerboard(40, 2)),
    "one colour": torch.full((3, 33, 30), 0.4),
    "one row": tensor(noise(300))[:, :1],
    "three columns": tensor(noise(100))[:, :, :3],
}


@pytest.mark.parametrize("rgb", PICTURES.values(), ids=PICTURES.keys())
def test_both_levels_are_galerkin_products(rgb: Tensor):
    pixels = matrix(image_laplacian(rgb[None].contiguous(), STENCIL, TAU))
    first = first_level(rgb.contiguous())
    second = coarser(first)
    fine = pixels
    for level in (first, second):
        P = prolongation(level)
        product = P.mT @ fine @ P
        torch.testing.assert_close(matrix(level.laplacian), product, rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(level.laplacian.degree[0, 0].double(), product.diagonal())
        fine = matrix(level.laplacian)


@pytest.mark.parametrize("rgb", PICTURES.values(), ids=PICTURES.keys())
def test_mass_and_colour_are_those_of_the_pixels(rgb: Tensor):
    first = first_level(rgb.contiguous())
    for level in (first, coarser(first)):
        assert float(level.mass.sum()) == rgb.shape[1] * rgb.shape[2]
        mean = (level.colour * level.mass).sum(1) / level.mass.sum()
        torch.testing.assert_close(mean, rgb.mean((1, 2)), rtol=0, atol=1e-5)
    ones = torch.ones(1, rgb.shape[1] * rgb.shape[2])
    torch.testing.assert_close(first.restrict(ones)[0], first.mass)
    assert torch.equal(first.prolong(torch.ones(1, first.size)), ones)


def test_constants_are_in_the_null_space():
    first = first_level(PICTURES["photo"].contiguous())
    for level in (first, coarser(first)):
        assert not level.laplacian.apply(torch.ones(1, 1, level.size)).any()


def test_nodes_of_unlike_colour_stay_apart_and_of_like_colour_together():
    rgb = torch.ones(3, 64, 64)
    rgb[:, :, 20:40] = 0
    first = first_level(rgb)
    second = coarser(first)
    for level in (first, second):
        spread = level.colour[:, level.mass > 0]
        assert bool(((spread < 1e-6) | (spread > 1 - 1e-6)).all())
    assert int((second.mass > 0).sum()) == 8  # four cells with both colours in each


def test_the_compiled_sums_are_those_of_torch():
    rgb = PICTURES["photo"].contiguous()
    first, fine = first_level(rgb), image_laplacian(rgb[None], STENCIL, TAU)
    shifts, part = coarse_shifts(first.columns), slice(100, 900)
    compiled = hierarchy.edge_sums(fine, first.nodes, part, shifts, first.size)
    row = torch.zeros(shifts[-1] + 1, dtype=torch.int64)
    row[list(shifts)] = torch.arange(1, len(shifts) + 1)
    plain = torch.zeros(len(shifts) + 1, first.size, dtype=torch.float64)
    hierarchy._join(fine, first.nodes, part, row, plain)
    torch.testing.assert_close(compiled, plain[1:], rtol=0, atol=1e-7)
    assert compiled.any()
