"""What a fresh worker does before it says hello: touch every kernel, and measure."""

import time

import torch

from worker.kinds.costs import SHADING
from worker.kinds.solving import field_settings
from worker.numerics.field import FieldSolver
from worker.numerics.precompile import precompile
from worker.shader.colour import luma
from worker.shader.contours import contour_rule
from worker.shader.envelope import Phase
from worker.shader.shader import Picture, ShaderSettings, shade
from worker.wire.params import FieldParams

SIDE = 256  # pixels
FIELD = FieldParams(
    tile_size=64,
    overlap=16,
    tolerance=0.03,
    radii=(1, 2, 3, 4, 5, 6),
    radius_weights=(1.0, 0.6, 0.4, 0.3, 0.2, 0.1),
    edge_threshold=0.15,
    align="sign",
    structure_weight=True,
    channel=1,
)
SHADER = ShaderSettings(
    low_gate="segments",
    overlap_mode="replace",
    shadow_projection="diameter",
    percentile=40,
    gate_sharpness=3,
    effect_strength=1,
    decay=1,
    scale="px",
    translation_strength=15,
    shadow_offset=5,
    min_segment_pixels=25,
    max_segments=40,
    max_segment_size=64,
    envelope=(Phase(0.2, 0.8, 0.05, 3),),
    background=(1, 1, 1),
)


def warm_up(device: torch.device) -> tuple[float, float]:
    """Run a field and a pass twice; the second time is the measurement.

    Returns:
        Seconds of field and of shading per megapixel and pass.
    """
    if device.type == "cpu":
        precompile()
    picture = _test_picture(device)
    rule = contour_rule(luma(picture.rgb), "local")
    for _ in range(2):
        started = time.perf_counter()
        solver = FieldSolver(picture.rgb, field_settings(FIELD, device))
        while not solver.finished:
            solver.step()
        field = solver.blend("sign", True, [0])[0]
        solved = time.perf_counter()
        shade(picture, field, SHADER, rule, 1).rgb.cpu()
        done = time.perf_counter()
    megapixels = SIDE * SIDE / 1e6
    SHADING.measured((done - solved) / (SIDE * SIDE))
    return (solved - started) / megapixels, (done - solved) / megapixels


def _test_picture(device: torch.device) -> Picture:
    """Waves of several lengths with some noise: as busy as a photograph."""
    axis = torch.linspace(0, 1, SIDE)
    y, x = axis[:, None], axis[None]
    noise = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    waves = [torch.sin(40 * x * y + 9 * (c + 1) * x) * torch.cos(11 * y - c * x) for c in range(3)]
    rgb = torch.stack(waves) * 0.4 + 0.5 + 0.05 * (noise - 0.5)
    return Picture(rgb.clamp(0, 1).to(device), torch.ones(SIDE, SIDE, device=device))
