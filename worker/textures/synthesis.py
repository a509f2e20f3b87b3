"""Height maps from the modes of one picture, the carrier, and the values of another, an operand."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from worker.render.sampling import differences, norm01, sample
from worker.textures.modes import Modes
from worker.textures.settings import Mode, TextureSettings

NEAR_ZERO = 0.1  # of a mode's largest value
SLOPE = 0.64  # from border to border: where a mode crosses zero rather than fades out
CROSSING_MODES = 3
WARP = 5.0  # pixels
MOST_STIFF = 10.0  # how much more than another one a slow mode may warp


def height_map(
    carrier: Tensor, operand: Tensor | None, modes: Modes, settings: TextureSettings
) -> Tensor:
    """The height (H, W) float64 of a texture, in 0..1.

    Args:
        carrier: (H, W) in 0..1, whose modes these are.
        operand: (H, W) in 0..1; None: 0.5 everywhere.
        modes: 1 or more, the lowest; with fewer than `settings.count` the texture is a partial one.
        settings: the parameters.
    """
    carrier = carrier.double()
    operand = torch.full_like(carrier, 0.5) if operand is None else operand.double()
    return RECIPES[settings.mode](carrier, operand, modes, settings)


def segment(modes: Modes) -> Tensor:
    """(H, W): 1 where the Fiedler vector is not negative, else 0."""
    return (modes.vectors[0] >= 0).double()


def nodal_lines(modes: Modes, *, wrap: bool) -> Tensor:
    """(H, W): 1 where a neighbour lies in the other segment, else 0."""
    sides = modes.vectors[0] >= 0
    lines = torch.zeros_like(sides)
    for axis in (0, 1):  # loop: stages
        size = sides.shape[axis]
        other = sides != sides.roll(-1, axis)  # from each pixel to the next one
        if not wrap:
            other.select(axis, size - 1).zero_()
        lines |= other | other.roll(1, axis)
    return lines.double()


def etching(modes: Modes, operand: Tensor, settings: TextureSettings) -> Tensor:
    """Slopes and zero crossings of the modes around theta, (H, W) in 0..1.

    Where the operand is bright they are deeper.
    """
    vectors = modes.vectors
    order = torch.arange(len(vectors), dtype=vectors.dtype, device=vectors.device)
    weight = (-(order - settings.theta * settings.modes).square() / 2).exp()
    total = norm01((weight[:, None, None] * vectors.abs()).sum(0))
    slope = torch.hypot(*differences(total, wrap=settings.wrap))
    lowest = vectors[:CROSSING_MODES]
    least = SLOPE / max(operand.shape)
    steep = torch.hypot(*differences(lowest, wrap=settings.wrap)) > least
    crossing = (lowest.abs() < NEAR_ZERO) & steep
    crossings = (weight[: len(lowest), None, None] * crossing).sum(0)
    return norm01((slope + norm01(crossings) / 2) * (0.5 + operand / 2))


def _spectral(_: Tensor, operand: Tensor, modes: Modes, settings: TextureSettings) -> Tensor:
    lines = nodal_lines(modes, wrap=settings.wrap)
    etched = settings.gamma * etching(modes, operand, settings)
    return norm01(0.5 * segment(modes) + 0.3 * lines + etched)


def _simple(_: Tensor, __: Tensor, modes: Modes, settings: TextureSettings) -> Tensor:
    return 0.7 * segment(modes) + 0.3 * nodal_lines(modes, wrap=settings.wrap)


def _blend(_: Tensor, operand: Tensor, modes: Modes, settings: TextureSettings) -> Tensor:
    lines = nodal_lines(modes, wrap=settings.wrap)
    return 0.4 * segment(modes) + 0.2 * lines + 0.4 * operand


def _phase_field(_: Tensor, __: Tensor, modes: Modes, settings: TextureSettings) -> Tensor:
    """The angle in the plane of the two lowest modes, and the distance from its origin."""
    x = modes.vectors[0]
    y = modes.vectors[1] if len(modes.vectors) > 1 else torch.zeros_like(x)
    angle = torch.atan2(y, x) / (2 * math.pi) + 0.5
    return norm01(torch.lerp(angle, norm01(torch.hypot(x, y)), settings.theta))


def _embed(carrier: Tensor, operand: Tensor, modes: Modes, settings: TextureSettings) -> Tensor:
    """The carrier's part in the low modes, the operand's in the higher ones, and its details."""
    V = torch.nn.functional.normalize(modes.vectors.flatten(1), dim=1)
    count, theta = len(V), settings.theta
    place = torch.arange(count, dtype=V.dtype, device=V.device) / max(1, count - 1)
    share = theta + (1 - theta) * (1 - place) / 2
    own, other = V @ carrier.flatten(), V @ operand.flatten()
    mixed = torch.lerp(other, own, share) @ V
    details = operand.flatten() - other @ V
    return norm01((mixed + (1 - theta) * details).reshape(carrier.shape))


def _warp(carrier: Tensor, _: Tensor, modes: Modes, settings: TextureSettings) -> Tensor:
    """The carrier, moved along the modes' lines of equal value."""
    stiffness = modes.values.clamp(min=1e-300).rsqrt().clamp(max=MOST_STIFF)[:, None, None]
    across, down = differences(stiffness * modes.vectors, wrap=settings.wrap)
    flow = torch.stack((-down.sum(0), across.sum(0)))
    longest = torch.hypot(*flow).max().clamp(min=1e-12)
    moved = flow * (settings.theta * WARP / longest)
    height, width = carrier.shape
    x, y = (
        (torch.arange(n, dtype=carrier.dtype, device=carrier.device) + 0.5) / n
        for n in (width, height)
    )
    u = x + moved[0] / width
    if not settings.wrap:  # neither does the sampler's u then
        u = u.clamp(0.5 / width, 1 - 0.5 / width)
    v = y[:, None] + moved[1] / height
    return norm01(sample(carrier[None], torch.stack((u, v)))[0])


Recipe = Callable[[Tensor, Tensor, Modes, TextureSettings], Tensor]
RECIPES: dict[Mode, Recipe] = {
    "spectral": _spectral,
    "simple": _simple,
    "blend": _blend,
    "phase_field": _phase_field,
    "embed": _embed,
    "warp": _warp,
}
