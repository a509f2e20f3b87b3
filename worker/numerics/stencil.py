"""The neighbourhood that turns pixels into a graph: offsets and their base weights."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Offset(NamedTuple):
    """One undirected kind of edge: pixel (y, x) to (y + dy, x + dx)."""

    dy: int
    dx: int
    weight: float


def half_stencil(radii: tuple[int, ...], radius_weights: tuple[float, ...]) -> tuple[Offset, ...]:
    """Offsets up to sign, each with the summed weight of all discs that contain it.

    Several radii make a dithered area one region: its neighbours differ at radius 1 and agree at
    radius 2.

    Args:
        radii: disc radii in pixels, 1..8; the discs overlap.
        radius_weights: one weight >= 0 per radius.

    Returns:
        Offsets with dy > 0, or dy = 0 and dx > 0, of positive weight; 56 for the radii 1..6.
    """
    reach = max(radii, default=0)
    summed = {
        (dy, dx): sum(
            w for r, w in zip(radii, radius_weights, strict=True) if dy * dy + dx * dx <= r * r
        )
        for dy in range(reach + 1)
        for dx in range(-reach, reach + 1)
        if dy > 0 or dx > 0
    }
    return tuple(Offset(dy, dx, w) for (dy, dx), w in sorted(summed.items()) if w > 0)


@dataclass(frozen=True)
class FlatStencil:
    """A stencil on tiles of one width: per offset its shift in raster order."""

    width: int
    shifts: tuple[int, ...]  # > 0
    across: tuple[int, ...]  # columns, to tell which edges wrap around a row
    base: tuple[float, ...]

    @property
    def pad(self) -> int:
        """The largest shift."""
        return max(self.shifts, default=0)


@lru_cache(maxsize=64)
def flat_stencil(stencil: tuple[Offset, ...], height: int, width: int) -> FlatStencil:
    """The stencil on tiles of that size; offsets that do not fit into one are left out."""
    fitting = [o for o in stencil if o.dy < height and abs(o.dx) < width]
    return FlatStencil(
        width,
        tuple(o.dy * width + o.dx for o in fitting),
        tuple(o.dx for o in fitting),
        tuple(o.weight for o in fitting),
    )


def jacobi_damping(stencil: tuple[Offset, ...]) -> float:
    """The factor that makes Jacobi steps smooth: 0.8 for four neighbours, 1 for wide stencils.

    In wide stencils the eigenvalues of D^-1 L crowd around 1; four neighbours take them up to 2,
    where an undamped step leaves a checkerboard as it is.
    """
    total = sum(w for _, _, w in stencil)
    highest = max(
        2 * sum(w for dy, dx, w in stencil if (dy * down + dx * across) % 2) / total
        for down, across in ((0, 1), (1, 0), (1, 1))  # stripes and the checkerboard
    )
    return min(1.0, 1.6 / highest)
