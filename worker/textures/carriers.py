"""Pictures that textures are made of, by name; (size, size) float32 in 0..1."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

OCTAVES, SEED = 4, 42
FOLDS = 10  # of the dragon curve's paper strip
STROKE = 2 / 64  # of the dragon curve, of the side
ALONG = 8  # points a pixel along a stroke


def carrier(name: str, size: int, device: torch.device | None = None) -> Tensor:
    """A built-in picture.

    Raises:
        KeyError: there is none of that name in `CARRIERS`.
    """
    return CARRIERS[name](size).float().to(device)


def checkerboard(size: int, cells: int = 8) -> Tensor:
    """So many cells a side of 0 and 1, the upper left one 0."""
    index = torch.arange(size) * cells // size
    return (index[:, None] + index) % 2


def noise(size: int) -> Tensor:
    """Value noise that wraps around: octaves of random values, smoothly joined."""
    random = torch.Generator().manual_seed(SEED)
    total = torch.zeros(size, size)
    for octave in range(OCTAVES):  # loop: stages
        cells = 4 << octave
        values = torch.rand(cells, cells, generator=random)
        total += _joined(values, size) / 2**octave
    low, high = total.aminmax()
    return (total - low) / (high - low).clamp(min=1e-12)


def dragon(size: int) -> Tensor:
    """The Heighway dragon, drawn in 1 on 0."""
    fold = torch.arange(1, 1 << FOLDS)
    right = ((fold & -fold) << 1) & fold != 0  # the turn after every segment
    heading = torch.cat((torch.zeros(1), torch.where(right, -1.0, 1.0).cumsum(0))) * (math.pi / 2)
    steps = torch.stack((heading.cos(), heading.sin())).round()
    corners = torch.cat((torch.zeros(2, 1), steps.cumsum(1)), 1)
    low, high = corners.amin(1, keepdim=True), corners.amax(1, keepdim=True)
    width = max(1.0, STROKE * size)
    scale = (size - 2 * width) / (high - low).max()
    points = torch.linspace(0, 1, max(2, math.ceil(ALONG * float(scale))))
    lines = corners[:, :-1, None] + steps[:, :, None] * points
    middle = (low + high)[:, :, None] / 2
    x, y = ((lines - middle) * scale + size / 2).flatten(1)
    return _stamped(x, y, width / 2, size)


def bean(size: int) -> Tensor:
    """A small figure: a bean of a body on two legs, with a pack and a visor."""
    y, x = _places(size)
    body = _ellipse(x, y, 0.52, 0.45, 0.25, 0.34)
    pack = _box(x, y, (0.17, 0.34), (0.35, 0.68), 0.05)
    legs = _box(x, y, (0.31, 0.6), (0.47, 0.92), 0.05) | _box(x, y, (0.57, 0.6), (0.73, 0.92), 0.05)
    visor = _ellipse(x, y, 0.62, 0.34, 0.17, 0.095)
    return torch.where(visor, 0.55, (body | pack | legs).float())


def gradient(size: int) -> Tensor:
    """From 0 at the left to 1 at the right."""
    return torch.linspace(0, 1, size).expand(size, size).clone()


def circle(size: int) -> Tensor:
    """A disc of 1 on 0, two thirds of the side across."""
    y, x = _places(size)
    return _ellipse(x, y, 0.5, 0.5, 1 / 3, 1 / 3)


CARRIERS: dict[str, Callable[[int], Tensor]] = {
    "bean": bean,
    "checkerboard": checkerboard,
    "circle": circle,
    "dragon": dragon,
    "gradient": gradient,
    "noise": noise,
}


def _places(size: int) -> tuple[Tensor, Tensor]:
    """Of the rows (size, 1) and of the columns (1, size): the pixels' centres, 0..1."""
    place = (torch.arange(size) + 0.5) / size
    return place[:, None], place[None]


def _ellipse(x: Tensor, y: Tensor, cx: float, cy: float, rx: float, ry: float) -> Tensor:
    return ((x - cx) / rx).square() + ((y - cy) / ry).square() <= 1


def _box(
    x: Tensor, y: Tensor, first: tuple[float, float], last: tuple[float, float], rounding: float
) -> Tensor:
    """A box between two corners (x, y) with round corners."""
    across, down = (
        ((place - (a + b) / 2).abs() - (b - a) / 2 + rounding).clamp(min=0)
        for place, a, b in zip((x, y), first, last, strict=True)
    )
    return across.square() + down.square() <= rounding**2


def _joined(values: Tensor, size: int) -> Tensor:
    """(size, size) between values on a grid that wraps around, with smooth steps."""
    cells = len(values)
    place = (torch.arange(size) + 0.5) * cells / size
    before = place.long() % cells
    after, way = (before + 1) % cells, place % 1
    way = way * way * (3 - 2 * way)
    rows = torch.lerp(values[before], values[after], way[:, None])
    return torch.lerp(rows[:, before], rows[:, after], way)


def _stamped(x: Tensor, y: Tensor, reach: float, size: int) -> Tensor:
    """1 within `reach` pixels of the points, else 0; (size, size)."""
    around = torch.arange(-math.ceil(reach), math.ceil(reach) + 1)
    columns = x.long()[:, None, None] + around
    rows = y.long()[:, None, None] + around[:, None]
    apart = torch.hypot(columns + 0.5 - x[:, None, None], rows + 0.5 - y[:, None, None])
    inside = (apart <= reach) & (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
    image = torch.zeros(size * size)
    image[(rows * size + columns)[inside]] = 1
    return image.reshape(size, size)
