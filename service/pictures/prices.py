"""What encoding costs, learned from every encoding: it is paid for out of the deadline."""

import os
import time
from typing import Self

import numpy as np

from service.pictures.encode import FORMATS, WHITE, Colour, Format, encode
from service.pictures.picture import Picture

FIXED_S = 0.005  # thread, headers, small pictures
MARGIN = 1.25  # prices are kept in nine of ten cases, not one of two
RISE, FALL = 0.5, 0.1  # how much of a new measurement counts: a price too low misses a deadline
_SMALLEST_MP = 0.25  # below, the fixed costs are most of it and say nothing about the rate
_PROBE_SIDE = 1024  # pixels


class EncodePrices:
    """Seconds to encode, per format and megapixel."""

    def __init__(self, rates: dict[Format, float]) -> None:  # seconds per megapixel
        self._rates = rates

    @classmethod
    def measured(cls) -> Self:
        """Start from an encoding of each format; blocks for 0.3 s."""
        probe = _probe()
        prices = cls({})
        for as_format in FORMATS:
            encode(probe, as_format)  # the first time includes loading and starting things
            prices.encode(probe, as_format)
        return prices

    def price(self, as_format: Format, pixels: int) -> float:
        """Return the seconds to put aside for encoding so many pixels."""
        return FIXED_S + MARGIN * self._rates[as_format] * pixels / 1e6

    def encode(self, picture: Picture, as_format: Format, background: Colour = WHITE) -> bytes:
        """Encode as `encode.encode` does, and learn from it."""
        start = time.perf_counter()
        file = encode(picture, as_format, background)
        self._learn(as_format, picture.area, time.perf_counter() - start)
        return file

    def _learn(self, as_format: Format, pixels: int, seconds: float) -> None:
        rate = seconds / max(pixels / 1e6, _SMALLEST_MP)
        known = self._rates.setdefault(as_format, rate)
        self._rates[as_format] += (RISE if rate > known else FALL) * (rate - known)


def _probe() -> Picture:
    """A grey ramp under noise of 32 levels: as hard as the noisier photographs.

    Pure noise is no harder for PNG and costs WebP and JPEG twice as much, which would take that
    time away from the first jobs.
    """
    noise = np.frombuffer(os.urandom(3 * _PROBE_SIDE**2), np.uint8) >> 3
    ramp = np.linspace(0, 223, _PROBE_SIDE, dtype=np.uint8)
    pixels = noise.reshape(_PROBE_SIDE, -1) + ramp[:, np.newaxis]
    return Picture(_PROBE_SIDE, _PROBE_SIDE, 3, pixels.tobytes())
