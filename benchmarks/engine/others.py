"""The peers on a sample of each picture's tiles, scaled up to the picture."""

from functools import partial

from benchmarks.engine.choice import Choice, say
from benchmarks.engine.exact import Exact
from benchmarks.engine.graph import Array, laplacian
from benchmarks.engine.measurement import Row
from benchmarks.engine.peers import PEERS, QUICK, Peer, fiedler
from benchmarks.engine.pictures import Cut, Picture, cut
from benchmarks.engine.threads import faster_threads, limited
from benchmarks.engine.timing import timed
from benchmarks.engine.truth import Truths


def measure(choice: Choice, truths: Truths) -> list[Row]:
    """All peers on all pictures that are not for the engine alone."""
    rows: list[Row] = []
    compared = [(p, cut(p)) for p in choice.pictures if p.peers]
    first = compared[0][1]
    L = laplacian(first.tile(first.sample[0]))
    for peer in QUICK if choice.quick else PEERS:
        threads = faster_threads(partial(fiedler, peer, L))
        say(f"{peer.name}, threads: {threads}")
        with limited(threads):
            rows += [by_peer(peer, p, parts, truths[p.name], choice.every) for p, parts in compared]
    return rows


def by_peer(peer: Peer, picture: Picture, parts: Cut, exact: tuple[Exact, ...], every: int) -> Row:
    """Every so manieth sampled tile; building the matrix is part of it."""
    tiles = parts.sample[::every]

    def run() -> list[Array | None]:
        return [fiedler(peer, laplacian(parts.tile(t))) for t in tiles]

    vectors, took = timed(run)
    sines = tuple(
        1.0 if v is None else e.sine(v) for e, v in zip(exact[::every], vectors, strict=True)
    )
    failed = sum(v is None for v in vectors)
    whole = took.times(len(parts.busy) / len(tiles))
    return Row(picture.name, peer.name, whole, sines, len(tiles), failed)
