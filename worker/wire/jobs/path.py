"""`graph.path`: ways from nodes of a graph to others."""

from collections.abc import Generator
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.kind import Array, Arrays, Errors, Facts, Kind, Part, Result, Steps
from worker.wire.jobs.parts_of_graphs import EDGES, GRAPH, graph_on

MOST_QUERIES = 1000
MOST_POTENTIALS = 20_000_000  # queries times nodes
MOST_COMPARED = 1_000_000  # nodes
SECONDS_PER_ENTRY = {"harmonic": 1e-6, "local": 3e-6, "dijkstra": 5e-7}  # of a query

Node = Annotated[int, Meta(ge=0)]


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


class Paths:
    """What is known of the walks at any time."""

    def __init__(self, params: PathParams, arrays: Arrays, device: Any) -> None:
        """Cheap."""
        from worker.kinds.data import tensor

        self._params, self._graph = params, graph_on(arrays, device)
        pairs = np.array(params.queries, np.int64)
        self._start, self._goal = (tensor(pairs[:, end].copy(), device) for end in (0, 1))
        self._arrays, self._device = arrays, device
        self._walks: Any = None  # complete, or
        self._progress: Any = None  # as far as they are
        self._least = np.full(len(pairs), np.nan)  # what the cheapest way costs

    def steps(self) -> Generator[tuple[int, int], None, Result]:
        """Walk, and compare."""
        total = len(self._params.queries)
        yield 0, total
        walking = yield from self._prepared()
        while self._walks is None:
            try:
                self._progress = next(walking)
            except StopIteration as end:
                self._walks = end.value
            yield self._progress.done if self._progress else 0, total
        yield from self._compared(total)
        return self.result()

    def _compared(self, total: int) -> Generator[tuple[int, int], None, None]:
        """With the cheapest way of one after the other."""
        from worker.paths.exact import cost_of, dijkstra_paths

        if not self._params.compare or self._graph.n > MOST_COMPARED:
            return
        for place in range(total):
            one = slice(place, place + 1)
            best = dijkstra_paths(self._graph, self._cost(), self._start[one], self._goal[one])
            self._least[place] = float(cost_of(self._graph, self._cost(), best))
            yield total, total

    def _prepared(self) -> Generator[tuple[int, int], None, Any]:
        from worker.kinds.data import tensor
        from worker.paths.harmonic import harmonic_paths
        from worker.paths.local import LocalSettings, local_paths, local_vectors

        if self._params.method == "dijkstra":
            return self._cheapest()
        if self._params.method == "harmonic":
            return harmonic_paths(self._graph, self._start, self._goal)
        vectors = local_vectors(self._graph)
        while True:
            try:
                next(vectors)
            except StopIteration as end:
                found = end.value
                break
            yield 0, len(self._params.queries)
        coords = tensor(self._arrays["graph.coords"], self._device)
        settings = LocalSettings(seed=self._params.seed)
        return local_paths(self._graph, coords, found, self._start, self._goal, settings)

    def _cheapest(self) -> Generator[Any, None, Any]:
        from worker.paths.exact import dijkstra_paths

        yield None
        return dijkstra_paths(self._graph, self._cost(), self._start, self._goal)

    def _cost(self) -> Any:
        from worker.kinds.data import tensor
        from worker.paths.exact import default_cost

        cost = self._arrays.get("graph.cost")
        return default_cost(self._graph) if cost is None else tensor(cost, self._device).double()

    def result(self) -> Result:
        """As far as everybody is; -1 behind the end of a path."""
        from worker.paths.exact import cost_of

        walks = self._progress.walks if self._walks is None and self._progress else self._walks
        if walks is None:
            return Result({}, {})
        arrays: dict[str, Array] = {
            "paths": walks.nodes.cpu().numpy(),
            "reached": walks.reached.cpu().numpy(),
            "steps": walks.steps.cpu().numpy(),
            "cost": cost_of(self._graph, self._cost(), walks).cpu().numpy(),
        }
        if self._params.compare:
            least = self._least
            ratio = np.divide(arrays["cost"], least, np.ones_like(least), where=least != 0)
            arrays["cost_ratio"] = np.where(arrays["reached"], ratio, np.nan)
        return Result({}, arrays)


def _check(params: PathParams, facts: Facts) -> Errors:
    nodes = facts["nodes"]
    for place, pair in enumerate(params.queries):
        if max(pair) >= nodes:
            yield f"params.queries[{place}]", f"{max(pair)} is no node: 0..{nodes - 1}"
            return
    if params.method != "dijkstra" and nodes * len(params.queries) > MOST_POTENTIALS:
        most = max(1, MOST_POTENTIALS // nodes)
        yield "params.queries", f"of {nodes:,} nodes at most {most} are taken at a time"
    if params.method == "local" and not facts["coordinates"]:
        yield "graph.coords", "missing; method local needs them"
    if params.method == "dijkstra" and nodes > MOST_COMPARED:
        yield "params.method", f"dijkstra takes up to {MOST_COMPARED:,} nodes"


def _estimate(params: PathParams, facts: Facts) -> float:
    each_s = SECONDS_PER_ENTRY[params.method]
    return each_s * (facts["entries"] + facts["nodes"]) * len(params.queries)


def _begin(params: PathParams, arrays: Arrays, device: Any) -> Steps:
    paths = Paths(params, arrays, device)
    return Steps(paths.steps(), paths.result)


KIND = Kind(
    name="graph.path",
    about="Ways between nodes of a graph, by a potential, by local spectra, or the cheapest.",
    params=PathParams,
    parts=(Part("graph", "graph", GRAPH, needs=(*EDGES, ".coords", ".cost")),),
    estimate=_estimate,
    begin=_begin,
    check=_check,
    numerics=("worker.paths.harmonic", "worker.paths.local"),
)
