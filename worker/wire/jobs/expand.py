"""`graph.expand`: lambda_2 of the ball around each node of a graph."""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.identity import Identity, signed_by
from worker.wire.jobs.kind import (
    Array,
    Arrays,
    Computation,
    Errors,
    Facts,
    Kind,
    Part,
    Patch,
    Result,
    integers,
)
from worker.wire.jobs.parts_of_graphs import EDGES, GRAPH, Node, graph_on

SECONDS_PER_NODE = (4e-6, 1.2e-5, 3e-5, 6e-5, 1e-4, 2e-4)  # by radius, of a grid

MOST_LISTED = 10_000


class ExpandParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is computed of every ball."""

    radius: Annotated[int, Meta(ge=1, le=6, description="Of the balls, in hops.")] = 2
    nodes: (
        Annotated[
            tuple[Node, ...],
            Meta(
                min_length=1,
                max_length=MOST_LISTED,
                description="Numbers of the nodes that are wanted; all when not given.",
            ),
        ]
        | None
    ) = None
    order: Annotated[
        Literal["coverage", "natural", "given"],
        Meta(
            description="Which nodes come first: all over the graph alike, by number, or as listed."
        ),
    ] = "coverage"
    precision: Annotated[
        Literal["auto", "float32", "float64"],
        Meta(description="What balls are computed in; auto takes float64 where weights differ."),
    ] = "auto"
    normalized: Annotated[
        bool, Meta(description="Whether the normalised Laplacian is taken (true or false).")
    ] = False
    vectors: Annotated[
        bool, Meta(description="Whether the local Fiedler vectors are wanted too (true or false).")
    ] = False


class Expansion(Computation):
    """An expansion map."""

    def __init__(self, made: Any, *, whole: bool) -> None:
        """`made`: of `worker.graphs.expansion`; `whole`: of all nodes, by number."""
        self._map, self._whole, self.total = made, whole, made.total
        self._identity = Identity(made.graph)
        self._count()

    def _count(self) -> None:
        self.done, self.retries = self._map.count, self._map.retries
        self.finished = self.done == self.total

    def step(self) -> Patch:
        """A chunk of nodes."""
        self._identity.find()
        patch = self._map.step()
        self._count()
        return Patch(patch.nodes, {"lambda2": patch.lambda2})

    def left_s(self) -> float:
        """By the pace so far."""
        seconds: float = self._map.left_s()
        return seconds

    def result(self) -> Result:
        """Values of every node that was asked for, null where not done."""
        return _answer(self._map, self._identity.known(), whole=self._whole)

    def work(self) -> dict[str, Array]:
        """The nodes that are done."""
        return self._identity.sign(self._map.checkpoint())

    def restore(self, arrays: Arrays) -> None:
        """Take them over."""
        self._map.restore(self._identity.check(arrays))
        self._count()


def _answer(made: Any, sha256: str | None, *, whole: bool) -> Result:
    """By a `worker.graphs.expanded`."""
    # Where nothing is done a size of 0 would look like one.
    sizes = np.where(made.done, made.ball_size, np.nan)
    arrays = {
        "lambda2": made.lambda2,
        "ball_size": sizes,
        "expansion": made.expansion(),
        "gap": made.gap,
        "degenerate": made.degenerate,
        "truncated": made.truncated(),
    }
    arrays |= {f"vectors.{name}": each for name, each in made.ragged.arrays().items()}
    listed = {} if whole else {"nodes": made.nodes}
    counts = {"done": made.count, "total": made.total}
    return Result({**counts, "graph_sha256": sha256}, listed | arrays)


def _shown(params: ExpandParams, facts: Facts, work: Arrays) -> Result:
    from worker.graphs.expanded import Expanded

    whole = params.nodes is None
    nodes = np.arange(facts["nodes"]) if params.nodes is None else integers(params.nodes)
    made = Expanded(nodes, params.radius)
    made.restore(work)
    return _answer(made, signed_by(work), whole=whole)


def _estimate(params: ExpandParams, facts: Facts) -> float:
    nodes = facts["nodes"] if params.nodes is None else len(params.nodes)
    return SECONDS_PER_NODE[params.radius - 1] * nodes * max(1.0, facts["entries"] / facts["nodes"])


def _check(params: ExpandParams, facts: Facts) -> Errors:
    from worker.graphs.errors import BadGraph
    from worker.graphs.listed import MOST_WITH_VECTORS, checked_nodes

    count = facts["nodes"]
    if params.nodes is not None:
        count = len(params.nodes)
        try:
            checked_nodes(integers(params.nodes), facts["nodes"])
        except BadGraph as error:
            yield error.field, error.message
    if params.vectors and count > MOST_WITH_VECTORS:
        message = f"vectors are kept of at most {MOST_WITH_VECTORS:,} nodes, not {count:,}"
        yield "params.nodes", message


def _begin(params: ExpandParams, arrays: Arrays, device: Any) -> Expansion:
    from worker.graphs.expansion import ExpansionMap, ExpansionSettings

    settings = ExpansionSettings(
        radius=params.radius,
        order=params.order,
        precision=params.precision,
        normalized=params.normalized,
        vectors=params.vectors,
    )
    nodes = None if params.nodes is None else integers(params.nodes)
    return Expansion(ExpansionMap(graph_on(arrays, device), settings, nodes), whole=nodes is None)


KIND = Kind(
    name="graph.expand",
    about="lambda_2 of the ball around each node: small at bottlenecks, large inside.",
    params=ExpandParams,
    parts=(Part("graph", "graph", GRAPH, needs=EDGES, shows=(".coords",)),),
    estimate=_estimate,
    begin=_begin,
    check=_check,
    numerics=("worker.graphs.expansion", "worker.graphs.packing"),
    shown=_shown,
    example={"graph": {"generator": "territory"}, "params": {"radius": 3}},
)
