import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from tests.worker.shader.drawings import noise, waves
from worker.kinds import colours
from worker.kinds.colours import CONTRAST, by_rank, by_value, viridis
from worker.shader import strips


def test_viridis_runs_from_violet_to_yellow():
    ends = viridis(torch.tensor([[-3.0, 0.0, 1.0, 9.0]]))
    assert ends.dtype == torch.uint8
    assert ends.shape == (3, 1, 4)
    assert_allclose(ends[:, 0, 0], [68, 1, 84], atol=1)
    assert_allclose(ends[:, 0, 3], [253, 231, 37], atol=1)
    assert torch.equal(ends[:, 0, 0], ends[:, 0, 1])
    assert torch.equal(ends[:, 0, 2], ends[:, 0, 3])
    brightness = viridis(torch.linspace(0, 1, 256)[None]).float().mean(0)
    assert brightness[0, 255] > brightness[0, 128] > brightness[0, 0]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_values_are_scaled_by_their_root_mean_square(scale: float):
    field = scale * waves(20, 30)
    exact = field.double().numpy()
    expected = 0.5 + exact / (2 * CONTRAST * np.sqrt((exact**2).mean()))
    assert_allclose(by_value(field), expected, atol=1e-5)


def test_nothing_is_in_the_middle():
    assert (by_value(torch.zeros(4, 5)) == 0.5).all()


def test_ranks_use_every_value_equally_often():
    field = noise(16, 20)
    ranks = by_rank(field)
    expected = field.flatten().numpy().argsort().argsort().reshape(16, 20) / (16 * 20 - 1)
    assert_allclose(ranks, expected, atol=1e-6)


def test_equal_values_share_a_rank():
    assert_allclose(by_rank(torch.zeros(2, 2)), 0.5)
    assert_allclose(
        by_rank(torch.tensor([[3.0, 0, 0], [0, -1, 5]])), [[0.8, 0.4, 0.4], [0.4, 0, 1]]
    )


def sorted_ranks(field: Tensor) -> Tensor:
    """As `by_rank`, with all values sorted at once."""
    values, order = field.flatten().sort(stable=True)
    run = (values.diff(prepend=values[:1]) != 0).cumsum(0)
    size = run.bincount()
    middle = size.cumsum(0) - (size + 1) / 2
    ranks = torch.empty_like(values)
    ranks[order] = (middle / max(1, len(values) - 1)).to(values)[run]
    return ranks.reshape(field.shape)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 5), (37, 41), (64, 33)])
def test_ranks_do_not_depend_on_the_parts(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]):
    monkeypatch.setattr(colours, "SORTED", 50)
    monkeypatch.setattr(colours, "SAMPLE", 400)
    field = waves(*size) - 0.01
    tiny = torch.finfo(torch.float32).tiny
    for values in (
        field,
        field.clamp(min=0),
        field.round(decimals=2),
        torch.zeros(size),
        torch.where(field > 0, 0.0, -0.0),
        torch.where(field > 0, tiny, torch.where(field > -0.01, 0.0, -1e-45)),
    ):
        assert torch.equal(by_rank(values), sorted_ranks(values))


@pytest.mark.parametrize("size", [(1, 1), (9, 1), (37, 41)])
def test_colours_do_not_depend_on_the_strips(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
):
    values = noise(*size)
    whole = viridis(values)
    monkeypatch.setattr(strips, "STRIP_PIXELS", 50)
    assert torch.equal(viridis(values), whole)


def test_one_pixel_has_a_rank():
    assert by_rank(torch.ones(1, 1)).tolist() == [[0.0]]
