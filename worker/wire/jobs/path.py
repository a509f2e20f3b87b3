"""`graph.path`: ways from nodes of a graph to others."""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.kind import Array, Arrays, Computation, Errors, Facts, Kind, Part, Result
from worker.wire.jobs.parts_of_graphs import EDGES, GRAPH, Node, graph_on

MOST_QUERIES = 1000
MOST_COMPARED = 1_000_000  # nodes
MOST_NODES = {"harmonic": 2_000_000, "local": 100_000, "dijkstra": MOST_COMPARED}
MOST_VALUES = {"harmonic": 20_000_000, "local": 2_000_000, "dijkstra": 20_000_000}
"""Queries times nodes: every path may go through all of them, and by sight twice."""

MOST_MEASURED = 20_000  # steps of paths whose distance is measured
SECONDS_PER_ENTRY = {"harmonic": 1e-6, "local": 3e-6, "dijkstra": 1e-7}  # of a query
SECONDS_PER_NODE = 1e-6
CLOSING_S_PER_STEP = 1.5e-7  # of all paths together

MEASURES = ("cost_ratio", "length_ratio", "hausdorff", "mean_gap")
"""Against the cheapest path. The last two are distances by the nodes' coordinates: the farthest
that a node of the path lies from it, and the mean of both gone through in one time."""

SAME = (1.0, 1.0, 0.0, 0.0)  # of the cheapest itself

FINDING, COMPARING = "find.", "compare."  # before the names of arrays to go on from


class PathParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose way to whom, and how it is found."""

    queries: Annotated[
        tuple[tuple[Node, Node], ...],
        Meta(
            min_length=1,
            max_length=MOST_QUERIES,
            description="Pairs of nodes, each a start and a goal.",
        ),
    ]
    method: Annotated[
        Literal["harmonic", "local", "dijkstra"],
        Meta(
            description="harmonic climbs a potential, which always leads to the goal; local goes by"
            " the Fiedler vectors of balls, and may lose its way (the graph needs coords); dijkstra"
            " is the cheapest."
        ),
    ] = "harmonic"
    compare: Annotated[
        bool, Meta(description="Whether costs are compared with the cheapest (true or false).")
    ] = True
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1, description="Of local's dice (a number).")] = 0


class Paths(Computation):
    """Everybody's way, then the cheapest ones to compare them with."""

    def __init__(self, params: PathParams, arrays: Arrays, device: Any) -> None:
        """Cheap."""
        from worker.kinds.data import tensor
        from worker.paths.exact import CheapestPaths, default_cost

        graph, pairs = graph_on(arrays, device), np.array(params.queries, np.int64)
        ends = [tensor(pairs[:, end].copy(), device) for end in (0, 1)]
        cost = arrays.get("graph.cost")
        self._params, self._graph = params, graph
        self._cost = default_cost(graph) if cost is None else tensor(cost, device).double()
        self._coords = arrays.get("graph.coords")
        self._finder = _finder(params, graph, self._cost, ends, self._coords)
        compared = params.compare and params.method != "dijkstra" and graph.n <= MOST_COMPARED
        self._best = CheapestPaths(graph, self._cost, *ends) if compared else None
        self._measures = np.full((len(MEASURES), len(pairs)), np.nan)
        self.total = len(pairs) * (1 + compared)
        self._count()

    def _count(self) -> None:
        self.done = self._finder.done + (0 if self._best is None else self._best.done)
        self.finished = self.done == self.total

    def step(self) -> None:
        """Of the one, then of the other."""
        if not self._finder.finished:
            self._finder.step()
        elif self._best is not None:
            before = self._best.done
            self._best.step()
            if self._best.done > before:
                self._measures[:, before] = self._measured(before)
        self._count()

    def _measured(self, query: int) -> list[float]:
        """How a path compares with the cheapest one; NaN if it has not reached its goal."""
        from worker.paths.exact import cost_of
        from worker.paths.measures import hausdorff, mean_gap

        assert self._best is not None
        pair = [finder.so_far()[query] for finder in (self._finder, self._best)]
        if pair[0][-1] != pair[1][-1]:
            return [np.nan] * len(MEASURES)
        cost, least = cost_of(self._graph, self._cost, pair)
        steps, fewest = (len(each) - 1 for each in pair)
        found = [cost / least if least else 1.0, steps / fewest if fewest else 1.0]
        if self._coords is None or max(steps, fewest) > MOST_MEASURED:
            return [*found, np.nan, np.nan]
        way, best = (self._coords[each] for each in pair)
        return [*found, hausdorff(way, best), mean_gap(way, best)]

    def left_s(self) -> float:
        """By the graph's size."""
        left = (self.total - self.done) * int(self._graph.n)
        return SECONDS_PER_NODE * left

    def closing_s(self) -> float:
        """By the paths that are found."""
        steps = sum(len(route) for route in self._finder.routes if route is not None)
        return CLOSING_S_PER_STEP * steps

    def result(self) -> Result:
        """As far as everybody is; -1 behind the end of a path."""
        from worker.paths.exact import cost_of

        routes = self._finder.so_far()
        lengths = np.array([len(route) for route in routes])
        paths = np.full((len(routes), lengths.max()), -1)
        paths[np.arange(lengths.max()) < lengths[:, None]] = np.concatenate(routes)
        reached = paths[np.arange(len(routes)), lengths - 1] == self._finder.goal.cpu().numpy()
        arrays: dict[str, Array] = {
            "paths": paths,
            "reached": reached,
            "steps": lengths - 1,
            "cost": cost_of(self._graph, self._cost, routes),
        }
        if self._params.compare:
            measures = self._measures
            if self._params.method == "dijkstra":
                measures = np.where(reached, np.array(SAME)[:, None], np.nan)
            arrays |= dict(zip(MEASURES, measures, strict=True))
        return Result({"done": self.done, "total": self.total}, arrays)

    def work(self) -> dict[str, Array]:
        """The paths that are found, what is under way, and what they were compared with."""
        arrays = {FINDING + name: each for name, each in self._finder.checkpoint().items()}
        if self._best is None:
            return arrays
        best = {COMPARING + name: each for name, each in self._best.checkpoint().items()}
        return arrays | best | {"measures": self._measures.copy()}

    def restore(self, arrays: Arrays) -> None:
        """Take them over."""
        for prefix, finder in ((FINDING, self._finder), (COMPARING, self._best)):
            if finder is not None:
                found = {
                    n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)
                }
                finder.restore(found)
        if self._best is not None:
            self._measures[:] = arrays["measures"]
        self._count()


def _finder(
    params: PathParams, graph: Any, cost: Any, ends: list[Any], coords: Array | None
) -> Any:
    from worker.kinds.data import tensor
    from worker.paths.exact import CheapestPaths
    from worker.paths.harmonic import HarmonicPaths
    from worker.paths.local import LocalPaths, LocalSettings

    start, goal = ends
    if params.method == "dijkstra":
        return CheapestPaths(graph, cost, start, goal)
    if params.method == "harmonic":
        return HarmonicPaths(graph, start, goal)
    assert coords is not None  # as `_check` says
    settings = LocalSettings(seed=params.seed)
    return LocalPaths(graph, tensor(coords, graph.device), start, goal, settings)


def _check(params: PathParams, facts: Facts) -> Errors:
    nodes = facts["nodes"]
    for place, pair in enumerate(params.queries):
        if max(pair) >= nodes:
            yield f"params.queries[{place}]", f"{max(pair)} is no node: 0..{nodes - 1}"
            return
    values = MOST_VALUES[params.method]
    if nodes * len(params.queries) > values:
        most = max(1, values // nodes)
        yield "params.queries", f"of {nodes:,} nodes at most {most} are taken at a time"
    if params.method == "local" and not facts["coordinates"]:
        yield "graph.coords", "missing; method local needs them"
    if nodes > MOST_NODES[params.method]:
        yield "params.method", f"{params.method} takes up to {MOST_NODES[params.method]:,} nodes"


def _estimate(params: PathParams, facts: Facts) -> float:
    each_s = SECONDS_PER_ENTRY[params.method]
    return each_s * (facts["entries"] + facts["nodes"]) * len(params.queries)


KIND = Kind(
    name="graph.path",
    about="Ways between nodes of a graph, by a potential, by local spectra, or the cheapest.",
    params=PathParams,
    parts=(Part("graph", "graph", GRAPH, needs=(*EDGES, ".coords", ".cost")),),
    estimate=_estimate,
    begin=Paths,
    check=_check,
    numerics=("worker.paths.harmonic", "worker.paths.local", "worker.paths.measures"),
    example={
        "graph": {"generator": "pinched", "params": {"x_range": 32, "y_range": 12}},
        "params": {"queries": [[0, 383], [352, 31]]},
    },
)
