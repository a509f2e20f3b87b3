"""What steps cost on this device: measured while warming up, refined while running."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

SMOOTHING = 0.3  # weight of the newest measurement
MARGIN = 1.3  # an estimate that decides about a deadline errs on the long side
LEAST_PIXELS = 1 << 16
"""What smaller pictures cost is mostly the calls: one of a single pixel would set a price at which
no large picture is ever begun."""


@dataclass
class Price:
    """Seconds per pixel of one operation; a moving average."""

    s_per_pixel: float
    base: float = field(init=False)

    def __post_init__(self) -> None:
        self.base = self.s_per_pixel

    def measured(self, s_per_pixel: float) -> None:
        """Start anew from a measurement on an idle device."""
        self.s_per_pixel = self.base = s_per_pixel

    def learn(self, seconds: float, pixels: int) -> None:
        """Take a measurement into account, unless the picture is too small to say anything."""
        if pixels >= LEAST_PIXELS:
            self.s_per_pixel += SMOOTHING * (seconds / pixels - self.s_per_pixel)

    def relax(self) -> None:
        """Drift towards the price of the warm-up: one that forbids is never measured again."""
        self.s_per_pixel += SMOOTHING * (self.base - self.s_per_pixel)

    def estimate(self, pixels: int) -> float:
        """Seconds for so many pixels, with a margin."""
        return MARGIN * self.mean(pixels)

    def mean(self, pixels: float) -> float:
        """Seconds for so many pixels, as often too much as too little."""
        return self.s_per_pixel * pixels


class Pace:
    """How long the next step may take: as the longest of late."""

    FADING = 0.97  # of the longest, with every step: those of a whole image differ tenfold

    def __init__(self, first_s: float = 0.0) -> None:
        """`first_s`: of the first step, estimated."""
        self.next_s = first_s

    def took(self, seconds: float) -> None:
        """Note how long a step took."""
        self.next_s = max(seconds, self.FADING * self.next_s)


# One worker owns one device, so that one set of prices serves all of its jobs. The start values
# are those of two CPU cores.
SHADING = Price(4e-7)  # a pass of the shader
EDGING = Price(2.5e-7)  # the same with edges of the tone for want of outlines
RENDERING = Price(8e-8)  # blending a field and colouring it
DRAWING = Price(1e-6)  # finding and painting the lines of a drawing
HANDING_OVER = Price(2e-8)  # copying the bytes of a picture; too small to be worth measuring
TAKING = Price(2e-8)  # a picture from the wire, and the flat tiles in it
SKETCHING = Price(4e-6)  # finding the outlines of a picture by the modes of a small copy
FIELDS = {"image": Price(7e-6), "lanczos": Price(1e-5)}  # a field that is not solved in batches
STEPS_PRICED = 30  # of the reference mode
STAGES = {"coarse": Price(3.5e-7), "refine": Price(6.5e-7)}  # of tiles in full batches
MOST_KEYS = 256  # whose prices are remembered

_tiles: OrderedDict[Hashable, Price] = OrderedDict()


class TileCosts:
    """What tiles of one picture cost: as those of others before, then as its own."""

    def __init__(self) -> None:
        """As the worker's tiles of late."""
        self._stages = {name: Price(price.s_per_pixel) for name, price in STAGES.items()}

    def stage_s(self, stage: str, pixels: float) -> float:
        """Seconds that so many pixels of tiles take for a stage; `whole` is both."""
        stages = self._stages.values() if stage == "whole" else (self._stages[stage],)
        return sum(price.mean(pixels) for price in stages)

    def each_s(self, key: Hashable, stage: str, pixels: int) -> float:
        """Seconds for a tile of so many pixels in a batch of that key."""
        known = _tiles.get(key)
        return self.stage_s(stage, pixels) if known is None else known.mean(pixels)

    def learn(self, key: Hashable, stage: str, seconds: float, pixels: int) -> None:
        """Take into account what a batch of so many pixels of tiles has taken."""
        if pixels <= 0:
            return
        known = _tiles.setdefault(key, Price(seconds / pixels))
        _tiles.move_to_end(key)
        while len(_tiles) > MOST_KEYS:
            _tiles.popitem(last=False)
        # Also from small batches: their price sets the size of the next one, which is larger then.
        known.s_per_pixel += SMOOTHING * (seconds / pixels - known.s_per_pixel)
        both_s = self.stage_s("whole", 1)
        for name in STAGES if stage == "whole" else (stage,):
            part = self.stage_s(name, 1) / both_s if stage == "whole" else 1.0
            for price in (self._stages[name], STAGES[name]):
                price.learn(part * seconds, pixels)
