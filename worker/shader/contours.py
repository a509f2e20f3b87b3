"""Where the lines of a picture are."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from worker.shader.filters import (
    box_mean,
    box_std,
    direction,
    gaussian_blur,
    gradient,
    positions,
    sample,
)
from worker.shader.segments import components

BUSY = 0.2
"""Above this share of contour pixels `auto` looks closer: a photograph has 0.43, a drawing 0.05."""

WINDOW = 31  # pixels
LOCAL_STD_FLOOR = 0.06

FLAT, FLAT_STEP = 0.5, 0.5 / 255
"""A drawing has more than half of its pixels in flat areas, a photograph a tenth."""

SCREEN_WINDOW = 15  # pixels
SCREEN = 0.2
"""A dither loses more than four fifths of its variance in a 3 x 3 mean; a line of one pixel keeps
a third."""
SCREEN_VARIANCE = 0.004  # below this there is no dither to see

EDGE_SIGMA = 1.5  # pixels
EDGE_TOP = 0.98  # the quantile of the gradient that counts as a full edge
EDGE_WEAK, EDGE_STRONG = 0.35, 0.7  # hysteresis, in units of a full edge
EDGE_FLOOR = 0.01  # luma per pixel; less is noise even in the calmest picture
EDGE_LENGTH = 20  # pixels; shorter ridges are texture


class ContourRule(NamedTuple):
    """What counts as a line, decided once per job by its input.

    Decided anew each pass, it would turn around once enough ink is laid: paper would become line.
    """

    kind: Literal["global", "local", "edges", "spectral"]
    dark: bool = True  # `global`: lines darker than the paper
    bright: bool = True  # and lines brighter than it
    level: tuple[float, float] | None = None  # mean and spread, when not the picture's own


def contour_rule(luma: Tensor, kind: str) -> ContourRule:
    """The rule for a picture of luma (H, W).

    Args:
        luma: 0..1.
        kind: `global`, `local`, `spectral`, or `auto`: global, unless that marks more than a fifth
            of the picture; then local for drawings, which are mostly flat, and edges for
            photographs.
    """
    if kind == "local":
        return ContourRule("local")
    if kind == "spectral":
        return ContourRule("spectral")
    tone = descreened(luma)
    dark, bright = _outliers(tone, tone_level(tone))
    if kind == "auto" and float((dark | bright).float().mean()) > BUSY:
        return ContourRule("local" if _flatness(tone) > FLAT else "edges")
    return ContourRule("global", bool(dark.any()), bool(bright.any()))


def find_contours(luma: Tensor, rule: ContourRule, spectral: Tensor | None = None) -> Tensor:
    """Pixels on lines, (H, W) bool.

    `global`: |luma - mean| / std > 1. `local`: the same against mean and std of a 31 px window.
    `edges`: ridges of the luma gradient, three pixels wide, with hysteresis, short ones left out.
    `spectral`: what the caller found from the modes of the picture's graph, and `edges` without.
    """
    if rule.kind == "spectral" and spectral is not None:
        return spectral
    tone = descreened(luma)
    if rule.kind == "local":
        spread = box_std(tone, WINDOW).clamp(min=LOCAL_STD_FLOOR)
        return (tone - box_mean(tone, WINDOW)).abs() > spread
    if rule.kind in ("edges", "spectral"):
        return _edges(tone)
    dark, bright = _outliers(tone, rule.level or tone_level(tone))
    return (dark & rule.dark) | (bright & rule.bright)


def tone_level(tone: Tensor) -> tuple[float, float]:
    """Mean and standard deviation; a part of a picture is judged by those of the whole."""
    return float(tone.mean()), float(tone.std(correction=0))


def _outliers(tone: Tensor, level: tuple[float, float]) -> tuple[Tensor, Tensor]:
    mean, spread = level
    deviation = tone - mean
    return deviation < -(spread + 1e-6), deviation > spread + 1e-6


def _flatness(tone: Tensor) -> float:
    """The share of pixels that equal their right neighbour."""
    if tone.shape[1] < 2:
        return 1.0
    return float(((tone[:, 1:] - tone[:, :-1]).abs() < FLAT_STEP).float().mean())


def descreened(luma: Tensor) -> Tensor:
    """Luma (H, W) with dithered areas replaced by their tone, so that dots are not lines."""
    smooth = box_mean(luma, 3)
    moments = torch.stack((luma, luma.square(), smooth, smooth.square()))
    # Blocks of 3, then a window of 5 blocks: the same window at a ninth of the cost.
    blocks = functional.avg_pool2d(moments[None], 3, ceil_mode=True)[0]
    mean, square, mean_left, square_left = box_mean(blocks, SCREEN_WINDOW // 3)
    raw, left = square - mean.square(), square_left - mean_left.square()
    screened = (left < SCREEN * raw) & (raw > SCREEN_VARIANCE)
    height, width = luma.shape
    screened = screened.repeat_interleave(3, 0).repeat_interleave(3, 1)[:height, :width]
    return box_mean(luma, 5).where(screened, luma)


def _edges(luma: Tensor) -> Tensor:
    """Canny's detector (1986) with lengths instead of a second look, dilated to three pixels."""
    dy, dx = gradient(gaussian_blur(luma, EDGE_SIGMA))
    strength = (dy.square() + dx.square()).sqrt()
    ridge = _ridges(strength, dy, dx)
    rank = max(1, int(EDGE_TOP * strength.numel()))
    full = float(strength.flatten().kthvalue(rank).values)
    weak = ridge & (strength > max(EDGE_FLOOR, EDGE_WEAK * full))
    thin = _long_and_strong(weak, strength > EDGE_STRONG * full)
    return functional.max_pool2d(thin[None, None].float(), 3, 1, 1)[0, 0] > 0


def _ridges(strength: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
    """Pixels that no neighbour along the gradient exceeds."""
    dy, dx = direction(dy, dx)
    y, x = positions(strength.shape, strength.device)
    ahead = sample(strength[None], y + dy, x + dx, "bilinear")[0]
    behind = sample(strength[None], y - dy, x - dx, "bilinear")[0]
    return (strength >= ahead) & (strength > behind)


def _long_and_strong(weak: Tensor, strong: Tensor) -> Tensor:
    """The components of `weak` that are long enough and touch `strong`."""
    pixels, label = components(weak)
    size = torch.bincount(label, minlength=len(pixels))
    touching = torch.zeros_like(size).scatter_add_(0, label, strong.flatten()[pixels].long())
    kept = torch.zeros(weak.numel(), dtype=torch.bool, device=weak.device)
    kept[pixels] = ((size >= EDGE_LENGTH) & (touching > 0))[label]
    return kept.reshape(weak.shape)
