"""This engine, and Lanczos as the method it started from, on the pictures' tiles."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.engine.choice import DEFAULT_TOLERANCE, Choice, say
from benchmarks.engine.exact import Exact
from benchmarks.engine.measurement import Certificates, Row
from benchmarks.engine.pictures import TILE, Cut, Picture, Pixels, cut
from benchmarks.engine.threads import faster_threads, limited
from benchmarks.engine.timing import best_of
from benchmarks.engine.truth import Truths
from worker.device import Device, choose
from worker.kinds.solving import field_settings, make_solver
from worker.kinds.warmup import FIELD, warm_up
from worker.numerics.field_state import FieldState
from worker.numerics.kernels import torch_kernels
from worker.numerics.lanczos import lanczos
from worker.numerics.laplacian import Laplacian

CPU = torch.device("cpu")
SEED = "Lanczos tile by tile in plain torch, 30 steps"
ROUNDING = 1e-6
"""Of float32 in a unit vector: a certificate is not asked about angles below."""


@contextmanager
def warm_engine() -> Iterator[None]:
    """The CPU as a worker sets it up, everything compiled and touched once."""
    device = choose("cpu")
    with ThreadPoolExecutor(1) as thread:  # one that ends, as in `worker.__main__`
        thread.submit(_warm, device).result()
    with device.entered():
        yield


def _warm(device: Device) -> None:
    with device.entered():
        warm_up(device.torch_device)


def tensor(pixels: Pixels) -> Tensor:
    """(3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous().float() / 255


def solved(
    image: Tensor,
    tolerance: float = DEFAULT_TOLERANCE,
    *,
    scope: Literal["tiles", "image"] = "tiles",
    lanczos_steps: int | None = None,
    overlap: int = FIELD.overlap,
) -> FieldState:
    """The field as a job would compute it, to its end."""
    params = msgspec.structs.replace(
        FIELD, tolerance=tolerance, scope=scope, tile_size=TILE, overlap=overlap
    )
    if lanczos_steps is not None:
        params = msgspec.structs.replace(params, solver="lanczos", iterations=lanczos_steps)
    solver = make_solver(image, params)
    while not solver.finished:
        solver.step()
    return solver


def measure(choice: Choice, truths: Truths) -> tuple[list[Row], list[Certificates]]:
    """All pictures at all tolerances."""
    rows: list[Row] = []
    certificates: list[Certificates] = []
    with warm_engine():
        for picture in choice.pictures:
            say(f"engine: {picture.name}")
            parts, exact = cut(picture), truths[picture.name]
            tolerances = choice.tolerances if picture.peers else (DEFAULT_TOLERANCE,)
            for tolerance in tolerances:
                row, held = by_engine(picture, parts, exact, tolerance)
                rows.append(row)
                certificates.append(held)
            rows += [by_lanczos(picture, parts, exact, steps) for steps in choice.iterations]
            if picture.peers:
                rows.append(by_seed(picture, parts, exact, choice.every))
    return rows, certificates


def by_engine(
    picture: Picture, parts: Cut, exact: tuple[Exact, ...], tolerance: float
) -> tuple[Row, Certificates]:
    """The whole picture; accuracy on the sampled tiles."""
    image = tensor(parts.pixels)
    solver, took = best_of(lambda: solved(image, tolerance))
    sines = _sines(solver, parts.sample, exact)
    bounds = solver.bound[list(parts.sample)].numpy()
    finite = np.isfinite(bounds)
    holding = int((bounds[finite] + ROUNDING >= np.array(sines)[finite]).sum())
    row = Row(picture.name, f"Itten, tolerance {tolerance:g}", took, sines)
    return row, Certificates(picture.name, tolerance, int(finite.sum()), holding)


def by_lanczos(picture: Picture, parts: Cut, exact: tuple[Exact, ...], steps: int) -> Row:
    """`solver: lanczos` on the sampled tiles, laid out as a picture of their own."""
    strip = tensor(parts.strip())
    solver, took = best_of(lambda: solved(strip, lanczos_steps=steps, overlap=0))
    count = len(parts.sample)
    sines = _sines(solver, tuple(range(count)), exact)
    whole = took.times(len(parts.busy) / count)
    return Row(picture.name, f"Lanczos, {steps} steps", whole, sines, count)


def by_seed(picture: Picture, parts: Cut, exact: tuple[Exact, ...], every: int) -> Row:
    """Lanczos, 30 steps, one tile after the other, in plain torch."""
    tiles = parts.sample[::every]
    images = [torch.from_numpy(parts.tile(t)).permute(2, 0, 1)[None].float() for t in tiles]

    def run() -> list[NDArray[np.float64]]:
        found = [lanczos(PlainLaplacian(rgb), 30, 4) for rgb in images]
        return [solution.vectors[0, 0].double().numpy() for solution in found]

    with limited(faster_threads(lambda: lanczos(PlainLaplacian(images[0]), 30, 4))):
        vectors, took = best_of(run)
    sines = tuple(e.sine(v) for e, v in zip(exact[::every], vectors, strict=True))
    whole = took.times(len(parts.busy) / len(tiles))
    return Row(picture.name, SEED, whole, sines, len(tiles))


class PlainLaplacian(Laplacian):
    """The Laplacian of a batch of tiles by torch alone, without the compiled kernels."""

    def __init__(self, rgb: Tensor) -> None:
        """Of tiles (B, 3, h, w) in [0, 1], with the default stencil."""
        width = rgb.shape[3]
        stencil = field_settings(FIELD, CPU).stencil
        shifts = tuple(o.dy * width + o.dx for o in stencil)
        pad = max(shifts)
        colours = (rgb / FIELD.edge_threshold).flatten(2)
        across, base = tuple(o.dx for o in stencil), tuple(o.weight for o in stencil)
        weights = torch_kernels.edge_weights(colours, shifts, across, base, width, pad)
        super().__init__(shifts, pad, *weights)

    def apply(self, X: Tensor) -> Tensor:
        return torch_kernels.apply(self.weights, self.shifts, self.pad, X)


def _sines(
    solver: FieldState, tiles: tuple[int, ...], exact: tuple[Exact, ...]
) -> tuple[float, ...]:
    vectors = solver.vectors[list(tiles), 0].double().numpy()
    return tuple(e.sine(v) for e, v in zip(exact, vectors, strict=True))
