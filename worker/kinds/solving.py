"""From a job's parameters to a field solver, and from a solver to the arrays of the contract."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from worker.kinds.colours import by_rank, by_value, viridis
from worker.kinds.costs import TileCosts
from worker.kinds.drawing import MODES, Drawing, svg
from worker.kinds.pixels import check_finite
from worker.kinds.progress import status_name
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import CHANNELS, FieldSettings, FieldState, Waiting
from worker.numerics.global_solver import GlobalSolver
from worker.numerics.lanczos_field import LanczosSolver
from worker.numerics.lanes import cores
from worker.numerics.memory import Memory
from worker.numerics.stencil import half_stencil
from worker.numerics.tiling import tile_image
from worker.runs import Array, Tiles
from worker.wire.params import FieldParams

BATCH_PIXELS = {"cpu": 6 * 64 * 64, "cuda": 256 * 64 * 64}
"""Pixels of tiles in one batch; on one CPU core a step of 6 tiles of 64 x 64 takes 3 ms."""

OPEN_BYTES = {"cpu": 512 << 20, "cuda": 8 << 30}
"""Prepared batches kept between their coarse and their refined state; others are made again."""

QUANTUM_S = 0.03
"""How long lanes go on without looking at each other; the engine looks at deadlines after that."""

MOST_LANES = 4
"""Beyond that the lanes wait for Python's lock more than they compute."""


def field_settings(params: FieldParams, device: torch.device) -> FieldSettings:
    """The solver's settings for a job on this device."""
    return FieldSettings(
        tile_size=params.tile_size,
        overlap=params.overlap,
        tolerance=params.tolerance,
        stencil=half_stencil(params.radii, params.radius_weights),
        tau=params.edge_threshold,
        lanes=min(MOST_LANES, cores()) if device.type == "cpu" else 1,
        batch_pixels=BATCH_PIXELS.get(device.type, BATCH_PIXELS["cpu"]),
        open_bytes=OPEN_BYTES.get(device.type, OPEN_BYTES["cpu"]),
        quantum_s=QUANTUM_S,
        iterations=params.iterations,
    )


def make_solver(
    image: Tensor, params: FieldParams, previous: FieldState | None = None, modes: int = CHANNELS
) -> FieldState:
    """The solver that the parameters ask for, on the device of the image (3, H, W).

    Args:
        image: RGB in 0..1.
        params: scope, solver and all that defines the field.
        previous: the field of a picture of the same size, which lends its vectors and what was
            learnt of the device's memory.
        modes: eigenvectors wanted of a whole image; of a tile there are CHANNELS.
    """
    settings = field_settings(params, image.device)
    solver: FieldState
    if params.scope == "image":
        solver = GlobalSolver(image, settings, previous, modes)
    elif params.solver == "lanczos":
        solver = LanczosSolver(image, settings)
    else:
        solver = FieldSolver(image, settings, previous)
    if previous is not None:
        inherit_memory(solver, previous)
    return solver


STRIP = 256  # rows of a field that are copied at a time


def batch_offer(solver: FieldState, waiting: Waiting, costs: TileCosts) -> Tiles:
    """Tiles of a field that wait for a batch, as the scheduler takes them."""
    pixels = solver.tiling.tile_height * solver.tiling.tile_width
    device = solver.image.device.type
    # On a CPU tiles are solved one by one: a batch takes no more memory than its open tiles.
    most = Tiles.most if device == "cpu" else max(1, solver.settings.batch_pixels // pixels)
    each_s = costs.each_s(waiting.key, waiting.stage, pixels)
    return Tiles(waiting.key, waiting.count, each_s, most)


def inherit_memory(solver: FieldState, previous: FieldState) -> None:
    """Let a field begin with what an earlier one has learnt of the device's memory."""
    if previous.image.device == solver.image.device:
        solver.memory = previous.memory
    else:
        solver.memory.retries = previous.memory.retries


def tile_count(size: tuple[int, int], params: FieldParams) -> int:
    """How many tiles the field of a picture (H, W) has; of a whole image it is one."""
    if params.scope == "image":
        return 1
    return tile_image(*size, params.tile_size, params.overlap).count


def on_cpu(solver: FieldState, params: FieldParams) -> FieldState:
    """The same field on the CPU, from where a device without enough memory had to stop."""
    image = solver.image.to(torch.device("cpu"))
    moved = make_solver(image, params, solver, solver.vectors.shape[1])
    moved.memory = Memory()  # of another device
    moved.memory.retries = solver.memory.retries
    moved.step()  # takes over the tiles that are finished
    return moved


def modes_of(params: FieldParams) -> int:
    """How many eigenvectors the field needs."""
    return MODES if params.render == "contours" else CHANNELS


def rendered(field: Tensor, params: FieldParams) -> Tensor:
    """The picture of a field (H, W): (3, H, W) uint8; raises Poisoned."""
    check_finite(field)
    return viridis(by_rank(field) if params.render == "ranks" else by_value(field))


def field_arrays(
    solver: FieldState, params: FieldParams, drawing: Drawing | None = None
) -> Iterator[tuple[str, Array] | None]:
    """The arrays of an npz, `picture`, the field as RGB, and `svg`; with pauses on the way.

    Args:
        solver: the field, which gets no better meanwhile.
        params: what was asked for.
        drawing: the answer, when it was one.
    """
    height, width = solver.tiling.height, solver.tiling.width
    if drawing is not None:
        yield "picture", drawing.picture.permute(1, 2, 0).contiguous().numpy()
        yield "svg", np.frombuffer(svg(drawing.lines, solver, params.background), np.uint8)
    vectors = torch.empty(height, width, CHANNELS)
    for channel in range(CHANNELS):
        field = solver.blend(params.align, params.structure_weight, [channel])[0]
        for top in range(0, height, STRIP):  # where it can pause
            vectors[top : top + STRIP, :, channel] = field[top : top + STRIP].cpu()
        yield None
        if channel == params.channel - 1 and drawing is None:
            yield "picture", rendered(field, params).permute(1, 2, 0).cpu().numpy()
    yield "vectors", vectors.numpy()
    yield "lambda2", solver.lambda2_map().cpu().numpy()
    tiling = solver.tiling
    shape = (tiling.tile_height, tiling.tile_width)
    yield "tiles", np.array([(y, x, *shape) for y, x in tiling.origins], np.int32)
    yield "theta", solver.theta[:, :CHANNELS].contiguous().numpy()
    yield "residual", solver.residual.numpy()
    yield "angle_bound", solver.bound.numpy()
    yield "iterations", solver.iterations.numpy().astype(np.int32)
    yield "status", np.array([status_name(int(s)) for s in solver.status])


def bounds(solver: FieldState) -> tuple[float | None, float | None]:
    """Median and largest angle bound of the tiles that have a vector; None where there is none.

    Raises:
        Poisoned: what is known of a tile is no number.
    """
    check_finite(solver.theta[solver.usable])
    known = solver.bound[solver.usable]
    if len(known) == 0:
        return None, None
    return _finite(known.median()), _finite(known.max())


def _finite(value: Tensor) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
