"""`lattice.egg`: three lattices around an egg, as a relief that it wears."""

from collections.abc import Generator
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from worker.wire.jobs.egg import (
    EggParams,
    as_pixels,
    begun_rows,
    dressed,
    egg_s,
    painted_rows,
    view,
)
from worker.wire.jobs.kind import Array, Arrays, Computation, Facts, Kind, Result

SECONDS, SECONDS_PER_PIXEL = 0.3, 3e-6  # of the relief
STRENGTH = 3.0  # of the normal map
RELIEF, RELIEF_PARTS = "relief.", 3


class LatticeEggParams(EggParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What grows on the egg, and how it is seen."""

    layers: Annotated[
        int, Meta(ge=0, le=6, description="Copies of each lattice, a little aside (a count).")
    ] = 6
    relief_size: Annotated[
        int, Meta(ge=64, le=1024, description="Side of the relief in pixels; fine lines need more.")
    ] = 256


class LatticeEgg(Computation):
    """The lattices at once, the parts of their relief, then the picture from the top row down."""

    def __init__(self, params: LatticeEggParams, device: Any) -> None:
        """Cheap."""
        self._params, self._device = params, device
        self._lattices: Any = None
        self._parts: dict[str, Any] = {}  # of the relief
        self._layers: Any = None  # height, texture and normals, once these are there
        self._painted: Any = None
        self._steps = self._all()
        self.total = 1 + RELIEF_PARTS + params.size
        self._count()

    def _count(self) -> None:
        rows = 0 if self._painted is None else self._painted.rows
        self.done = (self._lattices is not None) + len(self._parts) + rows
        self.finished = self.done == self.total

    def step(self) -> None:
        """To the next pause."""
        next(self._steps, None)
        self._count()

    def _all(self) -> Generator[None, None, None]:
        from worker.render.scene import render_egg

        if self._lattices is None:
            self._grow()
            yield
        if self._layers is None:
            yield from self._worn()
        coat = dressed(self._params, *(each.to(self._device) for each in self._layers))
        drawing = render_egg(coat, view(self._params), self._device, self._painted)
        for self._painted in drawing:
            yield

    def _grow(self) -> None:
        from worker.lattices.sectors import three_lattices

        self._lattices = three_lattices(layers=self._params.layers)

    def _worn(self) -> Generator[None, None, None]:
        """Make what is missing of the relief."""
        from worker.lattices.relief import ReliefSettings, relief
        from worker.render.normal_map import normal_map
        from worker.render.sampling import norm01

        made, settings = self._lattices, ReliefSettings(side=self._params.relief_size)
        worn = yield from relief(made.uv, made.kind, made.src, made.dst, settings, self._parts)
        height = norm01(worn.height)
        self._layers = height, worn.texture, normal_map(height, STRENGTH)

    def left_s(self) -> float:
        """By the pixels of the relief and the rays that are left."""
        missing = (1 + RELIEF_PARTS - min(self.done, 1 + RELIEF_PARTS)) / (1 + RELIEF_PARTS)
        rows = min(1.0, (self.total - self.done) / self._params.size)
        return missing * _relief_s(self._params) + rows * egg_s(self._params)

    def result(self) -> Result:
        """The lattices, the relief and the rows that there are."""
        counts = {"done": self.done, "total": self.total}
        if self._lattices is None:
            return Result(counts, {})
        made = self._lattices
        arrays: dict[str, Array] = {name: getattr(made, name).numpy() for name in made._fields}
        if self._layers is not None:
            height, _, normals = self._layers
            arrays |= {"height": height.numpy()[..., None], "normals": as_pixels(normals)}
        if self._painted is not None:
            arrays["picture"] = as_pixels(self._painted.image)
        return Result(counts | {"nodes": len(made.uv), "edges": len(made.src)}, arrays)

    def work(self) -> dict[str, Array]:
        """The parts and the rows."""
        arrays = {RELIEF + name: each.cpu().numpy() for name, each in self._parts.items()}
        if self._painted is not None:
            arrays["rows"] = painted_rows(self._painted)
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Take them over; the lattices are quick to grow again."""
        self._grow()
        parts = {
            name.removeprefix(RELIEF): each
            for name, each in arrays.items()
            if name.startswith(RELIEF)
        }
        for name, each in parts.items():
            self._parts[name] = _part_of(name, each, self._params, self._lattices)
        if len(parts) == RELIEF_PARTS:
            for _ in self._worn():
                pass
            if "rows" in arrays:
                self._painted = begun_rows(arrays["rows"], self._params.size, self._device)
        self._count()


def _part_of(name: str, array: Array, params: LatticeEggParams, lattices: Any) -> Any:
    """A part of the relief of these lattices, (side, side)."""
    from worker.kinds.data import tensor
    from worker.lattices.relief import PARTS

    dtype = np.int64 if name == PARTS[-1] else np.float32
    side, most = params.relief_size, len(lattices.uv) if dtype is np.int64 else np.inf
    if name not in PARTS or array.shape != (side, side) or array.dtype != dtype:
        raise ValueError(f"{name}: no part of a relief of {side} pixels a side")
    if not 0 <= array.min() <= array.max() < most:  # NaN where there is one
        raise ValueError(f"{name}: values that cannot be")
    return tensor(array, lattices.uv.device)


def _relief_s(params: LatticeEggParams) -> float:
    return SECONDS + SECONDS_PER_PIXEL * params.relief_size**2


def _estimate(params: LatticeEggParams, _: Facts) -> float:
    return _relief_s(params) + egg_s(params)


def _begin(params: LatticeEggParams, _: Arrays, device: Any) -> LatticeEgg:
    return LatticeEgg(params, device)


KIND = Kind(
    name="lattice.egg",
    about="Triangles, squares and hexagons around an egg: the lattices, their relief, a picture.",
    params=LatticeEggParams,
    parts=(),
    estimate=_estimate,
    begin=_begin,
    picture="picture",
    numerics=("worker.lattices.sectors", "worker.lattices.relief", "worker.render.scene"),
    example={"params": {"layers": 1, "relief_size": 512, "supersample": 2}},
)
