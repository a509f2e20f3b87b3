import pytest
import torch
from torch import Tensor

from tests.worker.numerics.grids import ended
from tests.worker.numerics.samples import STENCIL, TAU, photo, tensor
from worker.numerics import strips
from worker.numerics.laplacian import image_laplacian
from worker.numerics.strips import StripGraph, strips_of


def image(height: int, width: int) -> Tensor:
    return tensor(photo(300, 0, 100))[:, :height, :width].contiguous()


@pytest.mark.parametrize("shape", [(1, 40), (3, 50), (15, 20), (16, 5), (70, 33), (290, 20)])
def test_strips_cover_the_rows_once_in_whole_blocks(shape: tuple[int, int]):
    found = strips_of(*shape, reach=6)
    assert [i for s in found for i in range(s.rows.start, s.rows.stop)] == list(range(shape[0]))
    assert all(s.rows.start % 8 == 0 for s in found)
    nodes = [i for s in found for i in range(s.nodes.start, s.nodes.stop)]
    assert nodes == list(range(-(-shape[0] // 8) * -(-shape[1] // 8) * 4))
    for s in found:
        assert s.read.start <= s.own.start < s.own.stop <= s.read.stop
        pieces = [i for p in s.pieces for i in range(p.start, p.stop)]
        assert pieces == list(range(s.own.start, s.own.stop))


@pytest.mark.parametrize("shape", [(20, 30), (100, 33), (290, 20), (3, 100), (100, 3)])
def test_the_product_is_that_of_the_whole_image(shape: tuple[int, int]):
    rgb = image(*shape)
    graph, whole = StripGraph(rgb, STENCIL, TAU, lanes=1), image_laplacian(rgb[None], STENCIL, TAU)
    X = torch.randn(3, graph.n, generator=torch.manual_seed(0))
    torch.testing.assert_close(ended(graph.apply(X)), whole.apply(X[None])[0], rtol=0, atol=1e-4)
    torch.testing.assert_close(graph.degree, whole.degree[0, 0], rtol=1e-5, atol=0)


def test_lanes_pauses_and_weights_not_kept_change_no_byte(monkeypatch: pytest.MonkeyPatch):
    rgb = image(290, 40)
    X = torch.randn(2, 290 * 40, generator=torch.manual_seed(0))
    plain = ended(StripGraph(rgb, STENCIL, TAU, lanes=1).apply(X))
    monkeypatch.setattr(strips, "PAUSE_PIXELS", 1)
    assert torch.equal(ended(StripGraph(rgb, STENCIL, TAU, lanes=2).apply(X)), plain)
    monkeypatch.setattr(strips, "WEIGHT_BYTES", 0)
    assert torch.equal(ended(StripGraph(rgb, STENCIL, TAU, lanes=1).apply(X)), plain)


def test_long_work_pauses(monkeypatch: pytest.MonkeyPatch):
    rgb, X = image(290, 40), torch.zeros(1, 290 * 40)
    assert list(StripGraph(rgb, STENCIL, TAU, lanes=1).apply(X)) == []
    monkeypatch.setattr(strips, "PAUSE_PIXELS", 1)
    graph = StripGraph(rgb, STENCIL, TAU, lanes=1)
    assert list(graph.apply(X)) == [[]] * (len(graph.strips) - 1)
    assert list(graph.apply(X)) == [[]] * len(graph.strips)
