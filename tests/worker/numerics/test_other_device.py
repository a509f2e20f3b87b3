"""The field where the image is not on the CPU: by the batch that needs no compiler, and on a device
without memory, where to need a value is an error unless it is asked for by `cpu`."""

import dataclasses

import pytest
import torch
from torch import Tensor

from tests.worker.numerics.samples import art, photo, settings, solved, tensor
from worker.numerics import batches
from worker.numerics.field_state import TileStatus
from worker.numerics.refining import STEPS, Stage
from worker.numerics.tile_batch import BLOCKS, TileBatch


def picture() -> Tensor:
    """A photograph, a drawing and blank paper: nine tiles, two of them blank."""
    image = tensor(photo(160)).clone()
    image[:, :64, :64] = tensor(art(64))
    image[:, :112, 96:] = 1
    return image


def test_both_batches_find_the_same_vectors(monkeypatch: pytest.MonkeyPatch):
    sharp = dataclasses.replace(settings(), tolerance=1e-3)
    compiled = solved(picture(), sharp)
    monkeypatch.setattr(batches, "CpuBatch", TileBatch)
    plain = solved(picture(), sharp)
    assert torch.equal(plain.status, compiled.status)
    assert bool((plain.status == TileStatus.CONVERGED).all())
    cosine = (plain.vectors[:, 0] * compiled.vectors[:, 0]).sum(1).abs()
    assert float(cosine.min()) > 0.99999
    torch.testing.assert_close(plain.theta[:, 0], compiled.theta[:, 0], rtol=1e-4, atol=0)


class Elsewhere:
    """A device without memory (`meta`), and what it answers to `cpu`: proofs, noise, or False.

    Every second tile has converged when first asked for, the others after `patience` proofs.
    """

    def __init__(self) -> None:
        self.patience, self.proofs = 3, 0

    def cpu(self, asked: Tensor) -> Tensor:
        if asked.ndim != 3 or asked.shape[2] > BLOCKS[-1]:
            made = torch.rand if asked.is_floating_point() else torch.zeros
            return made(asked.shape).to(asked.dtype)
        self.proofs += 1
        theta, norms = torch.zeros(asked.shape, dtype=asked.dtype)
        theta += torch.arange(1, theta.shape[1] + 1)
        norms[::2] = 0.2 * (self.proofs <= self.patience)
        return torch.stack((theta, norms))

    def image(self, height: int, width: int) -> Tensor:
        return torch.empty(3, height, width, device="meta")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    device, fetched = Elsewhere(), Tensor.cpu

    def cpu(tensor: Tensor) -> Tensor:
        return device.cpu(tensor) if tensor.is_meta else fetched(tensor)

    monkeypatch.setattr(Tensor, "cpu", cpu)
    return device


def test_a_step_asks_for_one_proof_and_nothing_else(elsewhere: Elsewhere):
    solver = solved(elsewhere.image(50, 50), settings(20, 5))
    assert elsewhere.proofs == 4
    assert solver.vectors.is_meta
    assert solver.iterations.tolist() == [3, 0, 1, 0, 2, 0, 1, 0, 3]


def test_tiles_for_the_factor_are_solved_on_the_cpu_and_sent_back(elsewhere: Elsewhere):
    elsewhere.patience = 10**9
    solver = solved(elsewhere.image(17, 32), settings(17, 2))
    assert elsewhere.proofs == 1 + STEPS[Stage.SINGLE] + 1 + STEPS[Stage.DOUBLE]
    assert bool((solver.status == TileStatus.CONVERGED).all())
    assert solver.iterations[1] == 0
    assert solver.iterations[0] > STEPS[Stage.SINGLE] + STEPS[Stage.DOUBLE]
    assert solver.vectors.is_meta


@pytest.mark.parametrize("tile", [16, 64])
def test_fields_are_blended_there_and_lend_their_vectors(elsewhere: Elsewhere, tile: int):
    elsewhere.patience = 0
    image = elsewhere.image(100, 70)
    first = solved(image, settings(tile, 8))
    second = solved(image, settings(tile, 8), first)
    assert second.converged == second.tiling.count
    for align in ("sign", "ramp", "none"):
        field = second.blend(align, True, [0, 2])
        assert field.shape == (2, 100, 70)
        assert field.is_meta
    assert second.lambda2_map().is_meta
