"""The kinds of jobs whose answer is data, by name; one module each."""

from typing import Any

from worker.wire.jobs import egg, expand, fiedler, lattice, lattice_egg, path, rankk, synth
from worker.wire.jobs.kind import Kind

KINDS: dict[str, Kind[Any]] = {}


def register(kind: Kind[Any]) -> None:
    """Have a kind known to whoever runs in this process."""
    KINDS[kind.name] = kind


for _kind in (
    expand.KIND,
    fiedler.KIND,
    path.KIND,
    lattice.BUILD,
    lattice.EXTRUDE,
    lattice_egg.KIND,
    egg.KIND,
    synth.KIND,
    rankk.KIND,
):
    register(_kind)
