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
    length,
    sample,
)
from worker.shader.order import kth_value
from worker.shader.segments import components
from worker.shader.strips import places, strips

BUSY = 0.2
"""Above this share of contour pixels `auto` looks closer: a photograph has 0.43, a drawing 0.05."""

WINDOW = 31  # pixels
LOCAL_STD_FLOOR = 0.06

FLAT, FLAT_STEP = 0.5, 0.5 / 255
"""A drawing has more than half of its pixels in flat areas, a photograph a tenth."""

BLOTCH, BLOTCHED = 9, 0.2
"""Of what stands out of a photograph, more than a fifth lies in squares of nine pixels of it."""

PALETTE, LEVELS = 0.95, 16
"""So much of a drawing has one of so few of 256 tones."""

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

    kind: Literal["global", "local", "outlines"]
    dark: bool = True  # `global`: lines darker than the paper
    bright: bool = True  # and lines brighter than it
    level: tuple[float, float] | None = None  # mean and spread, when not the picture's own
    photograph: bool = False  # `outlines`: whether what is drawn keeps the picture's colours


def contour_rule(luma: Tensor, kind: str) -> ContourRule:
    """The rule for a picture of luma (H, W).

    Args:
        luma: 0..1.
        kind: `global`, `local`, `spectral`, or `auto`: the outlines of photographs, which have few
            flat areas and no thin lines that stand out; else global, unless that marks more than a
            fifth of the picture, then local.
    """
    if kind == "local":
        return ContourRule("local")
    tone = descreened(luma)
    if kind == "spectral":
        return ContourRule("outlines", photograph=not (_flat(tone) or _few_tones(luma)))
    dark, bright = _outliers(tone, tone_level(tone))
    if kind == "auto":
        outliers = dark | bright
        busy = float(outliers.float().mean()) > BUSY
        if (busy or _blotched(outliers)) and not _flat(tone):  # a photograph, or a dithered one
            return ContourRule("outlines", photograph=not _few_tones(luma))
        if busy:
            return ContourRule("local")
    return ContourRule("global", bool(dark.any()), bool(bright.any()))


def find_contours(luma: Tensor, rule: ContourRule) -> Tensor:
    """Pixels on lines by their tone, (H, W) bool.

    `global`: |luma - mean| / std > 1. `local`: the same against mean and std of a 31 px window.
    """
    tone = descreened(luma)
    if rule.kind == "local":
        spread = box_std(tone, WINDOW).clamp(min=LOCAL_STD_FLOOR)
        return (tone - box_mean(tone, WINDOW)).abs() > spread
    dark, bright = _outliers(tone, rule.level or tone_level(tone))
    return (dark & rule.dark) | (bright & rule.bright)


def find_edges(luma: Tensor) -> Tensor:
    """Outlines for want of better ones, (H, W) bool: long ridges of the gradient of the luma.

    Canny's detector (1986) with lengths instead of a second look, two pixels wide.
    """
    luma = descreened(luma)
    dy, dx = gradient(gaussian_blur(luma, EDGE_SIGMA))
    strength = length(dy, dx)
    rank = max(1, int(EDGE_TOP * strength.numel()))
    full = float(kth_value(strength.flatten(), rank))
    weak = _ridges(strength, dy, dx, max(EDGE_FLOOR, EDGE_WEAK * full))
    thin = _long_and_strong(weak, strength > EDGE_STRONG * full)
    below, right = functional.pad(thin, (0, 0, 1, 0))[:-1], functional.pad(thin, (1, 0))[:, :-1]
    return thin | below | right


def tone_level(tone: Tensor) -> tuple[float, float]:
    """Mean and standard deviation; a part of a picture is judged by those of the whole."""
    return float(tone.mean()), float(tone.std(correction=0))


def _outliers(tone: Tensor, level: tuple[float, float]) -> tuple[Tensor, Tensor]:
    mean, spread = level
    deviation = tone - mean
    return deviation < -(spread + 1e-6), deviation > spread + 1e-6


def _flat(luma: Tensor) -> bool:
    """Whether most pixels of (H, W) equal their right neighbour."""
    if luma.shape[1] < 2:
        return True
    return float(((luma[:, 1:] - luma[:, :-1]).abs() < FLAT_STEP).float().mean()) > FLAT


def _few_tones(luma: Tensor) -> bool:
    """Whether (H, W) has the tones of a drawing, be it made of dots or not."""
    tones = (luma * 255).round().long().clamp(0, 255).flatten().bincount(minlength=256)
    return int(tones.topk(LEVELS).values.sum()) > PALETTE * luma.numel()


def _blotched(outliers: Tensor) -> bool:
    """Whether what stands out of (H, W) bool is areas, not lines."""
    inner = box_mean(outliers.float(), BLOTCH) > 1 - 0.5 / BLOTCH**2
    return float(inner.sum()) > BLOTCHED * float(outliers.sum())


def descreened(luma: Tensor) -> Tensor:
    """Luma (H, W) with dithered areas replaced by their tone, so that dots are not lines."""
    smooth = box_mean(luma, 3)
    moments = (luma, luma.square(), smooth, smooth.square())
    mean, square, mean_left, square_left = map(_local_mean, moments)
    raw, left = square - mean.square(), square_left - mean_left.square()
    screened = (left < SCREEN * raw) & (raw > SCREEN_VARIANCE)
    height, width = luma.shape
    screened = screened.repeat_interleave(3, 0).repeat_interleave(3, 1)[:height, :width]
    return box_mean(luma, 5).where(screened, luma)


def _local_mean(image: Tensor) -> Tensor:
    """Means of (H, W) around blocks of 3, ceil(H / 3) x ceil(W / 3) of them.

    Over a window of 5 blocks: the same window at a ninth of the cost.
    """
    blocks = functional.avg_pool2d(image[None], 3, ceil_mode=True)[0]
    return box_mean(blocks, SCREEN_WINDOW // 3)


def _ridges(strength: Tensor, dy: Tensor, dx: Tensor, least: float) -> Tensor:
    """Pixels stronger than `least` that no neighbour along the gradient exceeds."""
    ridges = torch.zeros_like(strength, dtype=torch.bool)
    for rows in strips(strength.shape):
        y, x = places(strength[rows] > least, rows)
        down, right = direction(dy[y, x], dx[y, x])
        ahead, behind = (
            sample(strength[None], (y + s * down)[None], (x + s * right)[None], "bilinear")[0, 0]
            for s in (1, -1)
        )
        here = strength[y, x]
        ridges[y, x] = (here >= ahead) & (here > behind)
    return ridges


def _long_and_strong(weak: Tensor, strong: Tensor) -> Tensor:
    """The components of `weak` that are long enough and touch `strong`."""
    pixels, label = components(weak)
    size = torch.bincount(label, minlength=len(pixels))
    touching = torch.zeros_like(size).scatter_add_(0, label, strong.flatten()[pixels].long())
    kept = torch.zeros(weak.numel(), dtype=torch.bool, device=weak.device)
    kept[pixels] = ((size >= EDGE_LENGTH) & (touching > 0))[label]
    return kept.reshape(weak.shape)
