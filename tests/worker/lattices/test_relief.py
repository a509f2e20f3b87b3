from collections.abc import Sequence

import networkx as nx
import numpy as np
import pytest
import torch

from worker.lattices import relief as module
from worker.lattices.relief import COLOURS, Relief, ReliefSettings, relief
from worker.lattices.sectors import (
    SECTORS,
    Sector,
    Wrapped,
    shortest_pairs,
    three_lattices,
    uv_distances,
)
from worker.lattices.selection import Kind
from worker.shader.stages import result_of


def drawn(uv: list[list[float]], edges: Sequence[tuple[int, int]] = (), side: int = 64) -> Relief:
    src, dst = torch.tensor(list(edges), dtype=torch.int64).reshape(-1, 2).T
    kinds = torch.arange(len(uv)) % 3
    return result_of(relief(torch.tensor(uv), kinds, src, dst, ReliefSettings(side)))


@pytest.fixture(scope="module")
def lattices() -> Wrapped:
    return three_lattices()


def test_a_node_is_a_bump():
    height = drawn([[0.5, 0.5]]).height  # between four pixels
    expected = 1.5 * np.exp(-((0.5**2 + 0.5**2) / 8))
    assert float(height.max()) == pytest.approx(expected, rel=1e-5)
    y, x = torch.meshgrid(*[torch.arange(64.0) - 31.5] * 2, indexing="ij")
    wanted = 1.5 * (-(x * x + y * y) / 8).exp()
    wanted[(x.abs() > 6) | (y.abs() > 6)] = 0
    assert torch.allclose(height, wanted, atol=1e-6)


def test_of_two_bumps_the_higher_one_counts():
    both = drawn([[0.5, 0.5], [0.53, 0.52]]).height
    alone = [drawn([place]).height for place in ([0.5, 0.5], [0.53, 0.52])]
    assert torch.equal(both, torch.maximum(*alone))


def test_bumps_wrap_around_u_and_end_in_v():
    height = drawn([[0.0, 0.5]]).height
    assert torch.allclose(height[:, 0], height[:, -1])
    above = drawn([[0.5, 0.0]]).height
    assert not bool(above[32:].any())
    assert bool(above[0].any())


def test_an_edge_is_a_channel_counted_once_a_pixel():
    uv = [[0.2, 0.3], [0.7, 0.3]]
    flat = drawn(uv).height
    one, two = (drawn(uv, [(0, 1)] * n).height - flat for n in (1, 2))
    row = int(0.3 * 64)
    crossed = one[row] != 0
    assert crossed.nonzero()[:, 0].tolist() == list(range(int(0.2 * 64), int(0.7 * 64) + 1))
    assert torch.allclose(one[row][crossed], torch.tensor(-0.5 * np.log(2.0)).float(), atol=1e-6)
    assert torch.allclose(two[row][crossed], torch.tensor(-0.5 * np.log(3.0)).float(), atol=1e-6)
    assert int((one != 0).sum()) == int(crossed.sum())


def test_edges_go_the_short_way_around():
    uv = [[0.1, 0.5], [0.9, 0.5]]
    channel = drawn(uv, [(0, 1)]).height - drawn(uv).height
    assert not bool(channel[:, 10:54].any())
    assert bool((channel[32, :5] < 0).all())
    assert bool((channel[32, 60:] < 0).all())


def test_channels_have_a_bottom():
    uv = [[0.2, 0.3], [0.7, 0.3]]
    deep = drawn(uv, [(0, 1)] * 1000).height - drawn(uv).height
    assert float(deep.min()) == pytest.approx(-2.25)


def test_every_pixel_has_the_colour_of_the_nearest_node():
    random = torch.Generator().manual_seed(0)
    uv = torch.rand(20, 2, generator=random)
    texture = drawn(uv.tolist()).texture
    centre = (torch.arange(64) + 0.5) / 64
    places = torch.stack((centre.repeat(64), centre.repeat_interleave(64)), 1)
    wanted = torch.tensor(COLOURS)[uv_distances(places, uv).argmin(1) % 3]
    same = (texture.permute(1, 2, 0).reshape(-1, 3) == wanted).all(1)
    assert float(same.float().mean()) > 0.999  # but for rounding


def test_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch, lattices: Wrapped):
    arguments = lattices.uv, lattices.kind, lattices.src, lattices.dst, ReliefSettings(48)
    whole = result_of(relief(*arguments))
    monkeypatch.setattr(module, "AT_ONCE", 100_000)
    again = result_of(relief(*arguments))
    assert torch.equal(whole.height, again.height)
    assert torch.equal(whole.texture, again.texture)
    assert len(list(relief(*arguments))) > 10


def test_a_single_node_and_no_edge():
    made = drawn([[0.3, 0.9]])
    assert bool(made.height.isfinite().all())
    assert made.texture.shape == (3, 64, 64)


def test_three_lattices_hang_together(lattices: Wrapped):
    assert len(lattices.uv) == 3 * 7 * 14 * 14
    graph = nx.Graph(zip(lattices.src.tolist(), lattices.dst.tolist(), strict=True))
    assert graph.number_of_nodes() == len(lattices.uv)
    assert graph.number_of_edges() == len(lattices.src)  # none twice
    assert nx.is_connected(graph)
    crossing = lattices.kind[lattices.src] != lattices.kind[lattices.dst]
    assert int(crossing.sum()) == 45
    ends = torch.cat((lattices.src[crossing], lattices.dst[crossing]))
    assert len(ends.unique()) >= 60  # each in one bridge to either side at most
    assert lattices.kind.bincount().tolist() == [7 * 196] * 3
    assert float(lattices.uv.min()) >= 0
    assert float(lattices.uv.max()) < 1


@pytest.mark.parametrize("sector", SECTORS, ids=lambda s: s.kind.name)
def test_copies_lie_around_their_nodes(lattices: Wrapped, sector: Sector):
    ground = lattices.uv[(lattices.kind == sector.kind) & (lattices.level == 0)]
    u, v = ground.unbind(1)
    assert (float(u.min()), float(u.max())) == pytest.approx(sector.span)
    assert (float(v.min()), float(v.max())) == pytest.approx((0.05, 0.95))
    for level in (1, 6):
        copy = lattices.uv[(lattices.kind == sector.kind) & (lattices.level == level)]
        way = uv_distances(copy, ground).diagonal()
        assert float(way.max()) == pytest.approx(0.012 * sector.reach * (1 + 0.4 * level))


def test_shortest_pairs_by_search():
    random = torch.Generator().manual_seed(3)
    first, second = torch.rand(30, 2, generator=random), torch.rand(40, 2, generator=random)
    apart = uv_distances(first, second)
    used: tuple[set[int], set[int]] = (set(), set())
    wanted = []
    for flat in apart.flatten().argsort(stable=True).tolist():
        i, j = divmod(flat, 40)
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            wanted.append([i, j])
    assert shortest_pairs(first, second, 12).T.tolist() == wanted[:12]
    assert shortest_pairs(first[:2], second, 12).shape == (2, 2)


def test_distances_go_around():
    a, b = torch.tensor([[0.05, 0.1]]), torch.tensor([[0.95, 0.1]])
    assert float(uv_distances(a, b)) == pytest.approx(0.1)
    assert {s.kind for s in SECTORS} == set(Kind)
