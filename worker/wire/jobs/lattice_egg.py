"""`lattice.egg`: three lattices around an egg, as a relief that it wears."""

from collections.abc import Generator
from typing import Any

from worker.wire.jobs.egg import EggParams, as_pixels, dressed, view
from worker.wire.jobs.kind import Arrays, Facts, Kind, Result, Steps

SECONDS = 1.5


class LatticeEggParams(EggParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the egg is seen."""


def _begin(params: LatticeEggParams, _: Arrays, device: Any) -> Steps:
    def steps() -> Generator[tuple[int, int], None, Result]:
        from worker.lattices.relief import ReliefSettings, relief
        from worker.lattices.sectors import three_lattices
        from worker.render.sampling import norm01
        from worker.render.scene import render_egg

        made = three_lattices()
        yield 1, 3
        drawing = relief(made.uv, made.kind, made.src, made.dst, ReliefSettings())
        while True:
            try:
                next(drawing)
            except StopIteration as end:
                worn = end.value
                break
            yield 1, 3
        coat = dressed(params, norm01(worn.height).to(device), worn.texture.to(device))
        painting = render_egg(coat, view(params), device)
        while True:
            try:
                next(painting)
            except StopIteration as end:
                picture = as_pixels(end.value)
                break
            yield 2, 3
        arrays = {name: getattr(made, name).numpy() for name in made._fields}
        return Result(
            {"nodes": len(made.uv), "edges": len(made.src)}, arrays | {"picture": picture}
        )

    return Steps(steps(), lambda: Result({}, {}))


def _estimate(_: LatticeEggParams, __: Facts) -> float:
    return SECONDS


KIND = Kind(
    name="lattice.egg",
    about="Triangles, squares and hexagons around an egg, with its picture.",
    params=LatticeEggParams,
    parts=(),
    estimate=_estimate,
    begin=_begin,
    picture="picture",
    numerics=("worker.lattices.sectors", "worker.lattices.relief", "worker.render.scene"),
)
