"""What a fresh worker does before it says hello: touch every kernel, and measure."""

import importlib
import time
from typing import NamedTuple

import torch

from worker.graphs.fiedler import FiedlerSettings, FiedlerSolve
from worker.graphs.generator_params import Lattice
from worker.graphs.generators import square
from worker.kinds.costs import EDGING, SHADING, STAGES
from worker.kinds.outlines import Outlines
from worker.kinds.settings import shader_settings
from worker.kinds.solving import field_settings
from worker.kinds.spectrum import WIDE
from worker.numerics.field import FieldSolver
from worker.numerics.lanes import single_threaded
from worker.numerics.precompile import precompile
from worker.shader.colour import luma
from worker.shader.contours import contour_rule
from worker.shader.picture import Picture
from worker.shader.shader import shade
from worker.wire.config import FieldConfig, ShadeConfig, field_params, shade_params
from worker.wire.jobs import KINDS

SIDE = 256  # pixels
FIELD = field_params(FieldConfig(structure_weight=True))
EDGED = 1.5  # times as long takes a pass that has to look for edges of the tone
SHADER = shader_settings(shade_params(ShadeConfig()))


class Measured(NamedTuple):
    """Seconds per megapixel of a picture."""

    field_s: float
    coarse_s: float  # of the field, until every tile has a vector
    shade_s: float


def warm_up(device: torch.device) -> Measured:
    """Run a field and a pass twice; the second time is the measurement."""
    if device.type == "cpu":
        precompile()
    for kind in KINDS.values():
        for module in kind.numerics:  # loading them takes up to a second
            importlib.import_module(module)
    _touch_graphs()
    picture = _test_picture(device)
    rule = contour_rule(luma(picture.rgb), "local")
    for _ in range(2):
        started = time.perf_counter()
        solver = FieldSolver(picture.rgb, field_settings(FIELD, device))
        while not bool(solver.usable.all()):
            solver.step()
        coarse = time.perf_counter()
        while not solver.finished:
            solver.step()
        field = solver.blend("sign", True, [0])[0]
        solved = time.perf_counter()
        with single_threaded():  # as it will be
            shade(picture, field, SHADER, rule, 1).rgb.cpu()
        done = time.perf_counter()
    _touch_outlines(picture, solver)
    megapixels = SIDE * SIDE / 1e6
    pixels = solver.vectors.shape[0] * solver.vectors.shape[2]
    STAGES["coarse"].measured((coarse - started) / pixels)
    STAGES["refine"].measured((solved - coarse) / pixels)
    SHADING.measured((done - solved) / (SIDE * SIDE))
    EDGING.measured(EDGED * SHADING.s_per_pixel)
    seconds = (solved - started, coarse - started, done - solved)
    return Measured(*(each / megapixels for each in seconds))


def _touch_outlines(picture: Picture, solver: FieldSolver) -> None:
    """Load what the first photograph would hold everybody up for: more than a second."""
    outlines = Outlines(picture.rgb, FIELD, solver)
    while not outlines.ready:
        outlines.step()
    outlines.mask(WIDE)


def _touch_graphs() -> None:
    """Load the loops over edges, or compile them, as nobody did before on a new machine."""
    graph = square(Lattice(30, 30)).graph
    solve = FiedlerSolve(graph, FiedlerSettings())
    while not solve.finished:
        solve.step()


def _test_picture(device: torch.device) -> Picture:
    """Waves of several lengths with some noise: as busy as a photograph."""
    axis = torch.linspace(0, 1, SIDE)
    y, x = axis[:, None], axis[None]
    noise = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    waves = [torch.sin(40 * x * y + 9 * (c + 1) * x) * torch.cos(11 * y - c * x) for c in range(3)]
    rgb = torch.stack(waves) * 0.4 + 0.5 + 0.05 * (noise - 0.5)
    return Picture(rgb.clamp(0, 1).to(device), torch.ones(SIDE, SIDE, device=device))
