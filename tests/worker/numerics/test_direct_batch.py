import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples

from tests.worker.numerics import exact
from tests.worker.numerics.graphs import GRAPHS, Graph, spectrum
from tests.worker.numerics.hard_tiles import HARD
from tests.worker.numerics.samples import STENCIL, TAU, TOLERANCE, Pixels, tensor
from tests.worker.numerics.test_properties import pictures
from worker.numerics.direct_batch import DirectBatch

BLOCK = 8
NAMES = list(HARD)


def opened(g: Graph, names: list[str], guess: torch.Tensor | None = None) -> DirectBatch:
    rgb = torch.stack([tensor(HARD[name](g.height, g.width)) for name in names])
    return DirectBatch(rgb, g.stencil, g.tau, BLOCK, guess)


def check(batch: DirectBatch, g: Graph, names: list[str]) -> torch.Tensor:
    """Converged tiles are near their exact space; (B,) bool: which are."""
    found = batch.certify().canonical((g.height, g.width))
    done = found.bound <= TOLERANCE
    for row in done.nonzero()[:, 0].tolist():
        sine = exact.sine(found.vectors[row, 0].numpy(), *spectrum(g, names[row]))
        assert sine <= float(found.bound[row]) + 1e-5, names[row]
    return done


@pytest.mark.parametrize("graph", ["sharp", "sharp four neighbours", "3 x 90, sharp"])
def test_a_few_steps_solve_whatever_tile(graph: str):
    # Sixteen dots have a cluster of fifteen: for a block of sixteen.
    names = [name for name in HARD if name != "sixteen dots"]
    g = GRAPHS[graph]
    batch, left = opened(g, names), [len(names)]
    while names and len(left) <= 12:
        going = ~check(batch, g, names)
        names = [name for name, goes in zip(names, going.tolist(), strict=True) if goes]
        batch.keep(going.nonzero()[:, 0])
        left.append(len(names))
        if names:
            batch.step()
    assert not names
    assert left[5] <= 0.1 * left[0]


def test_tiles_that_go_on_do_not_notice_those_that_stop():
    names = ["text", "strong noise", "confetti", "flat art"]
    together, fewer = (opened(GRAPHS["sharp"], names) for _ in range(2))
    together.step()
    fewer.step()
    fewer.keep(torch.tensor([1, 3]))
    assert fewer.size == 2
    together.step()
    fewer.step()
    expected, found = together.certify(), fewer.certify()
    assert torch.equal(found.vectors, expected.vectors[[1, 3]])
    assert torch.equal(found.bound, expected.bound[[1, 3]])


def test_a_good_guess_is_taken_up_and_a_bad_one_does_no_harm():
    g, names = GRAPHS["sharp"], ["text", "confetti"]
    solved = opened(g, names)
    for _ in range(4):
        solved.step()
    good = solved.certify().vectors[:, :4].float()
    warm, cold = opened(g, names, good), opened(g, names)
    assert bool((warm.certify().residual < cold.certify().residual).all())
    bad = opened(g, names, torch.ones_like(good))
    for _ in range(10):
        bad.step()
    assert bool(check(bad, g, names).all())


@given(pictures(17, 22))
@examples(max_examples=15, derandomize=True, database=None)
def test_ritz_values_are_the_lowest_eigenvalues(pixels: Pixels):
    batch = DirectBatch(tensor(pixels)[None], STENCIL, TAU, BLOCK)
    for _ in range(8):
        batch.step()
    theta = batch.certify().theta[0].numpy()
    values = np.linalg.eigh(exact.sparse_laplacian(pixels / 255).toarray())[0]
    np.testing.assert_allclose(theta[:4], values[1:5], rtol=1e-3, atol=1e-9)


def test_memory_is_mostly_the_factors():
    n = 28 * 28
    assert opened(Graph(), ["photo", "text"]).memory >= 2 * n * (6 * 28 + 1) * 8
