"""`lattice.build`, `lattice.extrude`: which lattice grows where on a graph, and how high."""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.kind import Array, Arrays, Computation, Errors, Facts, Kind, Part, Result
from worker.wire.jobs.parts_of_graphs import EDGES, GRAPH, graph_on

RADIUS = 3  # of the balls
SECONDS_PER_NODE = 1e-4
CLOSING_S_PER_NODE = 1e-6  # selected, or grown
MOST_GROWN = 6_000_000  # nodes of a lattice with all of its layers; with its edges 2 GB
EXPANDING, SOLVING = "expand.", "solve."  # before the names of arrays to go on from


class BuildParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides."""

    theta: Annotated[
        float,
        Meta(ge=0, le=1, description="0: expansion alone decides; 1: the steepness of the cut."),
    ] = 0.5


class ExtrudeParams(BuildParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides, and how high it grows."""

    threshold: Annotated[
        float, Meta(ge=0, le=100, description="An expansion up to this gives no layers.")
    ] = 3.0
    top: Annotated[float, Meta(ge=0, le=100, description="From this on it gives all.")] = 5.0
    max_layers: Annotated[int, Meta(ge=1, le=16, description="Layers at most (a count).")] = 5
    relax: Annotated[
        bool, Meta(description="Whether the threshold falls until something grows (true or false).")
    ] = False
    surface: Annotated[
        Literal["plane", "egg"],
        Meta(description="Where the graph lies: in the plane of its coordinates, or on an egg."),
    ] = "plane"
    step: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=10,
                description="From layer to layer: 0.25 in the plane, 0.04 on an egg of height 2.",
            ),
        ]
        | None
    ) = None
    egg_factor: Annotated[
        float, Meta(ge=0, le=0.5, description="How much the egg tapers (no unit); 0 is a sphere.")
    ] = 0.25


class Lattice(Computation):
    """The expansion of every node, the Fiedler vector of the whole, then the lattice at once."""

    def __init__(self, params: BuildParams, arrays: Arrays, device: Any) -> None:
        """Cheap."""
        from worker.graphs.expansion import ExpansionMap, ExpansionSettings
        from worker.graphs.fiedler import FiedlerSettings, FiedlerSolve
        from worker.kinds.data import tensor

        self._params, self._graph = params, graph_on(arrays, device)
        self._coords = tensor(arrays["graph.coords"], device)
        self._map = ExpansionMap(self._graph, ExpansionSettings(RADIUS))
        self._solve = FiedlerSolve(self._graph, FiedlerSettings(k=1))
        self.total = self._graph.n + 1
        self._count()

    def _count(self) -> None:
        self.done = self._map.count + self._solve.finished
        self.finished = self.done == self.total

    def step(self) -> None:
        """Of the one, then of the other."""
        if self._map.finished:
            self._solve.step()
        else:
            self._map.step()
        self._count()

    def left_s(self) -> float:
        """By the pace so far."""
        seconds: float = self._map.left_s() + 0.2 * (not self._solve.finished)
        return seconds

    def closing_s(self) -> float:
        """Of selecting and growing, at the end."""
        return CLOSING_S_PER_NODE * _most_grown(self._params, self._graph.n) * self._map.finished

    def result(self) -> Result:
        """The lattice once all is known; before that the expansion that is."""
        from worker.kinds.data import tensor
        from worker.lattices.selection import Kind as Type
        from worker.lattices.selection import select

        counts = {"done": self.done, "total": self.total}
        arrays: dict[str, Array] = {"expansion": self._map.expansion()}
        if not self.finished:
            return Result(counts, arrays)
        arrays["fiedler"] = self._vector()
        expansion, fiedler = (tensor(each, self._graph.device) for each in arrays.values())
        made = select(self._graph, self._coords, expansion, fiedler, self._params.theta)
        found = {"type": made.kind, "score": made.score, "angle": made.angle, "value": made.value}
        if isinstance(self._params, ExtrudeParams):
            found |= self._grown(self._params, expansion, made.kind)
        arrays |= {name: each.cpu().numpy() for name, each in found.items()}
        types = np.bincount(arrays["type"], minlength=len(Type)).tolist()
        names = [each.name.lower() for each in Type]
        return Result(counts | {"types": dict(zip(names, types, strict=True))}, arrays)

    def _vector(self) -> Array:
        """(n,); 0 on components that are not solved."""
        vector = np.zeros(self._graph.n)
        for each in self._solve.pairs()[:1]:
            for values in each.vectors[:1]:
                vector[each.nodes] = values
        return vector

    def _grown(self, params: ExtrudeParams, expansion: Any, kind: Any) -> dict[str, Any]:
        from worker.lattices.extrude import extrude, parity_of
        from worker.lattices.layers import LayerSettings, grown_layers

        settings = LayerSettings(params.threshold, params.top, params.max_layers, params.relax)
        layer = grown_layers(self._graph, expansion, settings)
        grown = extrude(self._graph, kind, layer, parity_of(self._coords))
        return {
            "layer": layer,
            "base": grown.base,
            "level": grown.level,
            "src": grown.src,
            "dst": grown.dst,
            "points": self._points(params, grown),
        }

    def _points(self, params: ExtrudeParams, grown: Any) -> Any:
        """(N, 3)."""
        from worker.lattices.extrude import EGG_STEP, STEP, spread

        if params.surface == "plane":
            return grown.points(self._coords, STEP if params.step is None else params.step)
        step = EGG_STEP if params.step is None else params.step
        return grown.on_egg(spread(self._coords), params.egg_factor, step)

    def work(self) -> dict[str, Array]:
        """Of both."""
        arrays = {EXPANDING + name: each for name, each in self._map.checkpoint().items()}
        if self._solve.components is not None:
            found = self._solve.checkpoint()
            arrays |= {SOLVING + name: each for name, each in found.items()}
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Of both."""
        parts: dict[str, dict[str, Array]] = {EXPANDING: {}, SOLVING: {}}
        for name, each in arrays.items():
            prefix = EXPANDING if name.startswith(EXPANDING) else SOLVING
            parts[prefix][name.removeprefix(prefix)] = each
        self._map.restore(parts[EXPANDING])
        if parts[SOLVING]:
            self._solve.restore(parts[SOLVING])
        self._count()


def _most_grown(params: BuildParams, nodes: int) -> int:
    """Nodes of the lattice if all layers grow everywhere."""
    return nodes * (1 + params.max_layers) if isinstance(params, ExtrudeParams) else nodes


def _check(params: BuildParams, facts: Facts) -> Errors:
    from worker.graphs.listed import MOST_VALUES

    nodes = facts["nodes"]
    if not facts["coordinates"]:
        yield "graph.coords", "missing; a lattice needs to know where its nodes lie"
    if nodes > MOST_VALUES // 10:
        yield "graph.n", f"a lattice has at most {MOST_VALUES // 10:,} nodes"
    elif _most_grown(params, nodes) > MOST_GROWN:
        yield "params.max_layers", f"on {nodes:,} nodes at most {MOST_GROWN // nodes - 1}"


_PARTS = (Part("graph", "graph", GRAPH, needs=(*EDGES, ".coords")),)
_NUMERICS = ("worker.graphs.expansion", "worker.graphs.fiedler", "worker.lattices.extrude")
BUILD = Kind(
    name="lattice.build",
    about="Squares, triangles or hexagons for every node, by expansion and the Fiedler vector.",
    params=BuildParams,
    parts=_PARTS,
    estimate=lambda _, facts: SECONDS_PER_NODE * facts["nodes"],
    begin=Lattice,
    check=_check,
    numerics=_NUMERICS,
    example={"graph": {"generator": "territory"}, "params": {"theta": 0.7}},
)
EXTRUDE = Kind(
    name="lattice.extrude",
    about="The same, grown in layers: high where the graph expands, shallow at bottlenecks.",
    params=ExtrudeParams,
    parts=_PARTS,
    estimate=lambda _, facts: SECONDS_PER_NODE * facts["nodes"],
    begin=Lattice,
    check=_check,
    numerics=_NUMERICS,
    example={"graph": {"generator": "territory"}, "params": {"surface": "egg"}},
)
