import math

import pytest
import torch
from torch import Tensor

from worker.render.egg import frame_at, hits, point_at, radius, uv_of

FACTORS = [-0.5, 0.0, 0.25, 0.7]


def somewhere(seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Texture coordinates (2, 5000) off the poles."""
    random = torch.Generator().manual_seed(seed)
    u, v = torch.rand(2, 5000, generator=random, dtype=torch.float64)
    return torch.stack((u, 0.002 + 0.996 * v)).to(dtype)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("size", [200, 512])
def test_the_shadow_has_the_area_pi(factor: float, size: int):
    place = 1.2 * (2 * (torch.arange(size) + 0.5) / size - 1)
    there, z = hits(place[None], -place[:, None], factor)
    assert float(there.double().mean()) * 2.4**2 == pytest.approx(math.pi, rel=3e-3)
    assert not bool(z[~there].any())
    edges = torch.cat((there[0], there[-1], there[:, 0], there[:, -1]))
    assert not bool(edges.any())  # it fits into the view


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_texture_coordinates_there_and_back(factor: float, dtype: torch.dtype, most: float):
    uv = somewhere(dtype=dtype)
    error = (uv_of(point_at(uv, factor)) - uv).abs()
    error[0] = torch.minimum(error[0], 1 - error[0])  # u = 0 is u = 1
    assert float(error[0].max()) <= most
    # y = cos(phi) tells little of phi near the poles.
    inside = (uv[1] > 0.05) & (uv[1] < 0.95)
    assert float(error[1, inside].max()) <= most


@pytest.mark.parametrize("factor", FACTORS)
def test_points_lie_on_the_surface(factor: float):
    x, y, z = point_at(somewhere(1), factor)
    assert torch.allclose(x * x + z * z, radius(y, factor).square(), atol=1e-14)


@pytest.mark.parametrize("factor", FACTORS)
def test_tangents_and_normals_match_finite_differences(factor: float):
    uv, step = somewhere(2), 1e-6
    frame = frame_at(point_at(uv, factor), factor)
    ways = []
    for axis in (0, 1):
        ahead, behind = uv.clone(), uv.clone()
        ahead[axis] += step
        behind[axis] -= step
        ways.append((point_at(ahead, factor) - point_at(behind, factor)) / (2 * step))
    assert torch.allclose(frame.along, ways[0], atol=1e-7)
    assert torch.allclose(frame.down, ways[1], atol=1e-7)
    across = torch.linalg.cross(ways[0], ways[1], dim=0)
    across = across / across.norm(dim=0)
    assert float((across - frame.normal).norm(dim=0).max()) < 1e-6


def test_a_sphere_is_its_own_normal():
    point = point_at(somewhere(3), 0.0)
    assert torch.allclose(frame_at(point, 0.0).normal, point, atol=1e-14)


@pytest.mark.parametrize("factor", FACTORS)
def test_tangents_are_orthogonal_and_finite_at_the_poles(factor: float):
    frame = frame_at(point_at(somewhere(4), factor), factor)
    assert float((frame.along * frame.down).sum(0).abs().max()) < 1e-12
    poles = torch.tensor([[0.0, 0.0], [1.0, -1.0], [0.0, 0.0]])
    at_poles = frame_at(poles, factor)
    assert all(bool(part.isfinite().all()) for part in at_poles)
    assert torch.allclose(at_poles.normal, poles, atol=1e-6)


def test_the_viewer_sees_half_of_the_texture():
    place = torch.linspace(-0.9, 0.9, 41)
    there, z = hits(place[None], torch.zeros(1, 1), 0.25)
    u = uv_of(torch.stack((place[None], torch.zeros_like(z), z)))[0, 0]
    assert bool(there.all())
    assert bool((u.diff() < 0).all())  # from right to left
    assert float(u[20]) == pytest.approx(0.75)
    assert float(u.min()) >= 0.5
