import numpy as np
import torch

from tests.worker.drawing.shapes import plane
from worker.drawing.ridges import Ridges, find_ridges
from worker.drawing.spectral import contour_tensor
from worker.shader.filters import gaussian_blur


def straight(angle: float, offset: float) -> tuple[Ridges, torch.Tensor]:
    """A ridge along a line, and each of its points' distance from that line."""
    y, x = plane(60, 80)
    normal = torch.tensor([np.sin(angle), np.cos(angle)], dtype=torch.float32)
    distance = normal[0] * (y - 30) + normal[1] * (x - 40) - offset
    # The sense of a normal is anybody's guess.
    sense = torch.where(torch.rand(60, 80, generator=torch.Generator().manual_seed(2)) < 0.5, -1, 1)
    ridges = find_ridges(torch.exp(-distance.square() / 4) + 0.01, normal[:, None, None] * sense, 3)
    place = ridges.place - torch.tensor([30, 40])
    return ridges, place @ normal - offset


def test_points_lie_on_the_ridge_to_a_tenth_of_a_pixel():
    for angle in (0.0, 0.4, np.pi / 4, 1.2, np.pi / 2):
        for offset in (0.0, 0.3, -0.45):
            ridges, distance = straight(angle, offset)
            y, x = ridges.place.unbind(1)
            clear = (ridges.prominence > 1) & (y > 2) & (y < 57) & (x > 2) & (x < 77)
            assert int(clear.sum()) > 50
            assert float(distance[clear].abs().max()) < 0.1


def test_every_point_has_two_neighbours_at_most_and_they_are_near():
    generator = torch.Generator().manual_seed(4)
    modes = torch.stack([gaussian_blur(torch.randn(90, 90, generator=generator), 4) for _ in "abc"])
    strength, up, across = contour_tensor(modes, torch.ones(3))
    ridges = find_ridges(strength, torch.stack((up, across)), 3)
    degree = torch.bincount(ridges.links.flatten(), minlength=len(ridges.place))
    assert int(degree.max()) == 2
    assert float(degree.float().mean()) > 1.5
    first, second = ridges.place[ridges.links].unbind(1)
    assert float((first - second).norm(dim=1).max()) <= np.sqrt(2) + 1e-5


def test_prominence_is_the_logarithm_of_height_over_valley():
    ridges, _ = straight(0.0, 0.0)
    clear = (ridges.place[:, 0] - 30).abs() < 10
    clear &= ridges.prominence > 1
    assert torch.allclose(ridges.height[clear], torch.tensor(1.01))
    low = np.exp(-9 / 4) + 0.01  # three pixels away
    assert torch.allclose(ridges.prominence[clear], torch.tensor(np.log(1.01 / low)).float())


def test_valleys_and_plains_have_no_ridge():
    _, x = plane(40, 40)
    normal = torch.stack((torch.zeros(40, 40), torch.ones(40, 40)))
    valley = find_ridges((x - 20.3).square() + 1, normal, 3)
    assert not ((valley.place[:, 1] > 3) & (valley.place[:, 1] < 36)).any()
    assert len(find_ridges(torch.full((40, 40), 2.0), normal, 3).place) == 0
