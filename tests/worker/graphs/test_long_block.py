"""Steps on long vectors: as on short ones, and the same bytes on any number of cores."""

import numpy as np
import pytest
import torch

from tests.worker.graphs.oracles import drawn
from worker.graphs import long_block, pieces
from worker.graphs.laplacian import sparse_laplacian
from worker.graphs.multigrid import Multigrid
from worker.graphs.nested import LevelProblem, problem
from worker.numerics import lobpcg


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> LevelProblem:
    """Of a graph of many pieces."""
    monkeypatch.setattr(pieces, "PIECE", 100)
    return problem(Multigrid(sparse_laplacian(drawn("square", rows=30, cols=41).graph)), 0)


def guess(whole: LevelProblem) -> torch.Tensor:
    n = whole.grids.laplacians[0].n
    return whole.deflated(torch.from_numpy(np.random.default_rng(1).normal(size=(5, n))))[None]


def test_steps_are_those_of_short_vectors(whole: LevelProblem):
    ours = long_block.rotated(guess(whole), whole.operator)
    theirs = lobpcg.start(guess(whole), whole.operator, 5)
    for step in range(4):
        assert torch.allclose(ours.theta, theirs.theta, rtol=1e-9), step
        assert torch.allclose(ours.X @ ours.X.mT, torch.eye(5, dtype=torch.float64), atol=1e-12)
        assert torch.equal(ours.LX, whole.operator(ours.X))
        ours = long_block.improved(ours, whole.precondition(ours.residual()), whole.operator)
        W = whole.precondition(theirs.residual())
        theirs = lobpcg.step(theirs, W, whole.operator(W))
        assert ours.P is not None
        assert ours.LP is not None
        assert torch.equal(ours.LP, whole.operator(ours.P))


def test_the_bytes_are_the_same_on_any_number_of_cores(
    whole: LevelProblem, monkeypatch: pytest.MonkeyPatch
):
    found = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(pieces, "cores", lambda cores=cores: cores)
        block = long_block.rotated(guess(whole), whole.operator)
        for _ in range(3):
            W = whole.precondition(block.residual())
            block = long_block.improved(block, W, whole.operator)
        found.append(block)
    for other in found[1:]:
        assert torch.equal(other.X, found[0].X)
        assert torch.equal(other.LP, found[0].LP)


def test_pieces_cover_every_node_once():
    cuts = pieces.pieces(100_001, torch.device("cpu"))
    assert [i for cut in cuts for i in (cut.start, cut.stop)][1:-1:2] == [c.start for c in cuts[1:]]
    assert (cuts[0].start, cuts[-1].stop) == (0, 100_001)
    assert pieces.pieces(100_001, torch.device("cuda")) == [slice(0, 100_001)]
    assert pieces.each(cuts, lambda at: at.start) == [cut.start for cut in cuts]
    assert pieces.each([], lambda at: at.start) == []
