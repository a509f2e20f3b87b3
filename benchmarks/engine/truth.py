"""The exact eigenspaces of the sampled tiles, once for all methods."""

from benchmarks.engine.choice import Choice, say
from benchmarks.engine.exact import Exact, exact
from benchmarks.engine.graph import laplacian
from benchmarks.engine.pictures import cut

Truths = dict[str, tuple[Exact, ...]]  # by picture, in the order of its sample


def truths(choice: Choice) -> Truths:
    """By scipy in float64, tile by tile."""
    found = {}
    for picture in choice.pictures:
        say(f"exact vectors: {picture.name}")
        parts = cut(picture)
        found[picture.name] = tuple(exact(laplacian(parts.tile(t))) for t in parts.sample)
    return found
