"""What steps cost on this device: measured while warming up, refined while running."""

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
        return MARGIN * self.s_per_pixel * pixels


class Pace:
    """How long the next step may take: as the longest of late."""

    FADING = 0.97  # of the longest, with every step: those of a whole image differ tenfold

    def __init__(self) -> None:
        self.next_s = 0.0

    def took(self, seconds: float) -> None:
        """Note how long a step took."""
        self.next_s = max(seconds, self.FADING * self.next_s)


# One worker owns one device, so that one set of prices serves all of its jobs. The start values
# are those of two CPU cores.
SHADING = Price(4e-7)  # a pass of the shader
OUTLINING = Price(3e-7)  # and first edges of the tone, where there was no time for outlines
RENDERING = Price(8e-8)  # blending a field and colouring it
DRAWING = Price(1e-6)  # finding and painting the lines of a drawing
HANDING_OVER = Price(2e-8)  # copying the bytes of a picture; too small to be worth measuring
