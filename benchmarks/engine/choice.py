"""How much a run measures: everything, or a minute's worth."""

import sys
from dataclasses import dataclass

from benchmarks.engine.measurement import PictureFacts
from benchmarks.engine.pictures import PICTURES, QUICK, Cut, Picture, cut

DEFAULT_TOLERANCE = 0.03


@dataclass(frozen=True)
class Choice:
    """What a run measures; the same in every process."""

    quick: bool

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return QUICK if self.quick else PICTURES

    @property
    def tolerances(self) -> tuple[float, ...]:
        return (DEFAULT_TOLERANCE,) if self.quick else (0.1, DEFAULT_TOLERANCE, 0.003)

    @property
    def iterations(self) -> tuple[int, ...]:
        """Of Lanczos."""
        return (30,) if self.quick else (15, 30, 50)

    @property
    def every(self) -> int:
        """The peers take every so manieth of the sampled tiles."""
        return 2 if self.quick else 4

    @property
    def sides(self) -> tuple[int, ...]:
        """Squares for time and memory against pixels, pixels a side."""
        return (256, 512) if self.quick else (256, 512, 1024, 2048, 4096)

    @property
    def whole(self) -> tuple[tuple[str, int], ...]:
        """Photographs whose whole graph is solved, and the side of the square cut from them."""
        if self.quick:
            return (("astronaut", 128),)
        return (("astronaut", 256), ("coffee", 256), ("astronaut", 512), ("retina", 1024))


def facts(picture: Picture, parts: Cut) -> PictureFacts:
    """What the report says about a picture."""
    height, width, _ = parts.pixels.shape
    tiles, busy = len(parts.origins), len(parts.busy)
    return PictureFacts(
        picture.name,
        picture.character,
        width,
        height,
        tiles,
        tiles - busy,
        len(parts.sample),
        picture.peers,
    )


def facts_of(choice: Choice) -> tuple[PictureFacts, ...]:
    """Of all pictures."""
    return tuple(facts(picture, cut(picture)) for picture in choice.pictures)


def say(what: str) -> None:
    """Tell whoever waits what is measured now."""
    print(what, file=sys.stderr, flush=True)
