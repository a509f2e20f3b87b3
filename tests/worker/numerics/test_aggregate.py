import pytest
import torch

from tests.worker.numerics.samples import KINDS, art, checkerboard, noise, photo, tensor
from worker.numerics.aggregate import BLOCK, GROUPS, MIN_RANGE, colour_aggregates

SHAPES = [(64, 64), (8, 8), (5, 70), (17, 23), (33, 16)]


def crops(height: int, width: int) -> torch.Tensor:
    tiles = [photo(96), art(96), noise(96), checkerboard(96, 2)]
    return torch.stack([tensor(tile[:height, :width]) for tile in tiles])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_partition_that_stays_in_its_blocks(shape: tuple[int, int]):
    height, width = shape
    aggregates = colour_aggregates(crops(*shape).double())
    y = torch.arange(height)[:, None] // BLOCK
    x = torch.arange(width) // BLOCK
    block = (y * (-(-width // BLOCK)) + x).flatten()
    for labels, sizes in zip(aggregates.labels, aggregates.sizes, strict=True):
        assert torch.equal(labels.bincount(minlength=len(sizes)), sizes)
        assert int(sizes.sum()) == height * width
        for label in labels.unique():
            assert len(block[labels == label].unique()) == 1
        for b in block.unique():
            assert len(labels[block == b].unique()) <= GROUPS


@pytest.mark.parametrize("shape", SHAPES)
def test_restriction_sums_and_is_the_adjoint_of_prolongation(shape: tuple[int, int]):
    aggregates = colour_aggregates(crops(*shape).double())
    batch, m = aggregates.sizes.shape
    random = torch.manual_seed(0)
    X = torch.randn(batch, 3, shape[0] * shape[1], dtype=torch.float64, generator=random)
    Y = torch.randn(batch, 3, m, dtype=torch.float64, generator=random)
    assert torch.equal(aggregates.restrict(torch.ones_like(X))[:, 0], aggregates.sizes.double())
    assert torch.equal(aggregates.prolong(Y)[1, 2], Y[1, 2][aggregates.labels[1]])
    torch.testing.assert_close(
        (aggregates.restrict(X) * Y).sum(2), (X * aggregates.prolong(Y)).sum(2)
    )


@pytest.mark.parametrize("name", ["art", "checkerboard 1", "halves", "outlier", "dots"])
def test_colours_of_hard_edged_art_are_not_mixed(name: str):
    rgb = tensor(KINDS[name](64))
    labels = colour_aggregates(rgb[None]).labels[0]
    colours = rgb.flatten(1)
    for label in labels.unique():
        inside = colours[:, labels == label]
        assert bool((inside == inside[:, :1]).all())


def test_a_range_too_small_to_see_is_not_split():
    rgb = 0.5 + torch.rand(1, 3, 8, 8, generator=torch.manual_seed(0)) * (MIN_RANGE * 0.99)
    assert colour_aggregates(rgb).sizes.tolist() == [[64, 0, 0, 0]]


def test_one_colour_makes_one_aggregate_a_block():
    assert colour_aggregates(torch.ones(1, 3, 64, 64)).sizes.tolist() == [[64, 0, 0, 0] * 64]


def test_a_tile_has_the_same_aggregates_in_any_batch():
    rgb = crops(40, 52)
    together = colour_aggregates(rgb)
    for t in range(len(rgb)):
        alone = colour_aggregates(rgb[t : t + 1])
        assert torch.equal(alone.labels[0], together.labels[t])
        assert torch.equal(alone.sizes[0], together.sizes[t])


def test_selecting_tiles():
    rgb, rows = crops(20, 20), torch.tensor([3, 1])
    chosen = colour_aggregates(rgb).select(rows)
    assert torch.equal(chosen.labels, colour_aggregates(rgb).labels[rows])
    X = torch.rand(2, 1, 400, generator=torch.manual_seed(0))
    restricted = colour_aggregates(rgb).restrict(X[[1, 1, 1, 0]])
    assert torch.equal(chosen.restrict(X), restricted[rows])
