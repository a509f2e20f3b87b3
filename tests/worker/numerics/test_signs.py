import pytest
import torch

from worker.numerics.signs import WEAK, aligned_signs, ramp, ramp_signs
from worker.numerics.tiling import Tiling, tile_image


def smooth(height: int, width: int) -> torch.Tensor:
    """A field that no tile sees as all alike: (1, height, width)."""
    y = torch.linspace(0, 3, height)[:, None]
    x = torch.linspace(0, 3, width)
    return (torch.sin(2 * x + y) + 0.5 * torch.cos(3 * y - x) + x + 2 * y)[None]


def tile_vectors(tiling: Tiling, field: torch.Tensor) -> torch.Tensor:
    vectors = tiling.crop(field, list(range(tiling.count))).flatten(1)
    return torch.nn.functional.normalize(vectors, dim=1)


def every(tiling: Tiling) -> torch.Tensor:
    return torch.ones(tiling.count, dtype=torch.bool)


@pytest.mark.parametrize("shape", [(300, 300), (64, 500), (500, 64), (130, 90)])
@pytest.mark.parametrize("seed", [0, 1])
def test_random_flips_of_a_smooth_field_are_undone(shape: tuple[int, int], seed: int):
    tiling = tile_image(*shape, 64, 16)
    vectors = tile_vectors(tiling, smooth(*shape) - 4)
    random = torch.manual_seed(seed)
    flips = torch.randint(0, 2, (tiling.count,), generator=random).float() * 2 - 1
    signs = aligned_signs(tiling, vectors * flips[:, None], every(tiling))
    assert torch.equal(signs * flips, signs[0] * flips[0] * torch.ones(tiling.count))


def test_the_result_does_not_depend_on_the_signs_that_come_in():
    tiling = tile_image(200, 200, 64, 16)
    vectors = tile_vectors(tiling, smooth(200, 200) - 4)
    straight = aligned_signs(tiling, vectors, every(tiling))[:, None] * vectors
    turned = aligned_signs(tiling, -vectors, every(tiling))[:, None] * -vectors
    assert torch.equal(straight, turned)


def test_a_group_lies_along_the_ramp():
    tiling = tile_image(200, 200, 64, 16)
    y, x = torch.arange(200.0)[:, None], torch.arange(200.0)
    vectors = tile_vectors(tiling, -(x + 2 * y)[None])
    assert bool((aligned_signs(tiling, vectors, every(tiling)) == -1).all())


def test_tiles_that_agree_perfectly_are_neighbours_too():
    tiling = tile_image(64, 112, 64, 16)
    along = ramp(64, 64, torch.device("cpu")).reshape(64, 64)
    # Equal in the overlap; one is flipped as a whole.
    first, second = along.clone(), along.clone()
    second[:, :16] = first[:, -16:]
    signs = aligned_signs(tiling, torch.stack([first, -second]).flatten(1), every(tiling))
    assert signs[0] == -signs[1]


def test_weak_neighbours_are_oriented_each_by_the_ramp():
    tiling = tile_image(64, 112, 64, 16)
    along = ramp(64, 64, torch.device("cpu")).reshape(64, 64)
    left, right = along.clone(), along.clone()
    left[:, -16:], right[:, :16] = 0, 0  # a cosine of 0, below WEAK
    assert WEAK > 0
    vectors = torch.stack([-left, right]).flatten(1)
    assert aligned_signs(tiling, vectors, every(tiling)).tolist() == [-1, 1]


def test_tiles_without_a_vector_join_nothing():
    tiling = tile_image(64, 160, 64, 16)
    vectors = tile_vectors(tiling, smooth(64, 160) - 4)
    vectors[1] = 0
    usable = torch.tensor([True, False, True])
    signs = aligned_signs(tiling, vectors * torch.tensor([[1.0], [1.0], [-1.0]]), usable)
    alone = ramp_signs(vectors, 64, 64)
    assert signs[0] == alone[0]
    assert signs[2] == -alone[2]


def test_a_single_tile_lies_along_the_ramp():
    tiling = tile_image(30, 40, 64, 16)
    vector = ramp(30, 40, torch.device("cpu"))[None]
    assert aligned_signs(tiling, vector, every(tiling)).tolist() == [1]
    assert aligned_signs(tiling, -vector, every(tiling)).tolist() == [-1]


def test_tiles_that_do_not_overlap_are_oriented_each_on_its_own():
    tiling = tile_image(128, 128, 64, 0)
    vectors = ramp(64, 64, torch.device("cpu")) * torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    assert torch.equal(aligned_signs(tiling, vectors, every(tiling)), ramp_signs(vectors, 64, 64))


def test_the_ramp_is_a_centred_unit_vector():
    along = ramp(5, 7, torch.device("cpu"))
    assert float(along.norm()) == pytest.approx(1)
    assert float(along.sum()) == pytest.approx(0, abs=1e-6)
    assert ramp(1, 1, torch.device("cpu")).tolist() == [0]
