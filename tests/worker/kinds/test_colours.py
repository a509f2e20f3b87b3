import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from tests.worker.shader.drawings import noise, waves
from worker.kinds.colours import CONTRAST, by_rank, by_value, viridis


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


def test_one_pixel_has_a_rank():
    assert by_rank(torch.ones(1, 1)).tolist() == [[0.0]]
