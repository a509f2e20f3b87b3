"""`graph.fiedler`: the smallest eigenpairs of a whole graph."""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.identity import Identity
from worker.wire.jobs.kind import Array, Arrays, Computation, Errors, Facts, Kind, Part, Result
from worker.wire.jobs.parts_of_graphs import EDGES, GRAPH, graph_on

MOST_DENSE = 2048  # nodes
SECONDS, SECONDS_PER_ENTRY = 0.1, 6e-7  # for each vector, of a grid
GROUPING_S_PER_ENTRY = 2e-7
ITERATION_S_PER_ENTRY = 1.5e-8  # for each vector
RISING_S_PER_ENTRY, CLOSING_S_PER_ENTRY = 1.2e-8, 5e-9  # the same


class FiedlerParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which eigenpairs, and how well."""

    k: Annotated[
        int, Meta(ge=1, le=16, description="Eigenpairs above the trivial one (a count).")
    ] = 4
    solver: Annotated[
        Literal["auto", "dense", "lanczos", "lobpcg", "invit"],
        Meta(
            description="dense writes the matrix out, up to 2048 nodes; lobpcg and invit, inverse"
            " iteration, use groups of nodes; lanczos nothing but the matrix; auto begins with"
            " the fastest and changes where it stalls."
        ),
    ] = "auto"
    tolerance: Annotated[
        float,
        Meta(ge=1e-8, le=1, description="Residual relative to the eigenvalue (no unit)."),
    ] = 1e-3
    per_component: Annotated[
        bool,
        Meta(description="Whether all components are solved (true or false), or the largest."),
    ] = False
    vectors: Annotated[
        bool, Meta(description="Whether the vectors are wanted too (true or false).")
    ] = True


class Fiedler(Computation):
    """Components first, then the pairs of one after the other."""

    def __init__(self, solve: Any, params: FiedlerParams) -> None:
        """`solve`: of `worker.graphs.fiedler`."""
        self._solve, self._params = solve, params
        self._identity = Identity(solve.graph)
        self.done, self.total, self.finished = 0, 1, False

    def step(self) -> None:
        """An iteration."""
        self._identity.find()
        self._solve.step()
        self._count()

    def _count(self) -> None:
        self.finished = self._solve.finished
        self.done, self.total = len(self._solve.solved), self._solve.total or 1

    def step_s(self) -> float:
        """Of an iteration, or of grouping the nodes, which takes as long as several."""
        from worker.graphs.eigen import block_size

        solve = self._solve
        vectors = block_size(self._params.k)
        per_entry = ITERATION_S_PER_ENTRY * vectors if solve.iterating else GROUPING_S_PER_ENTRY
        seconds: float = per_entry * solve.next_entries
        return seconds

    def left_s(self) -> float:
        """Nobody knows how many iterations it takes."""
        return 0.0 if self.finished else 1.0

    def closing_s(self) -> float:
        """Of residuals, and of vectors that are not on the graph itself yet."""
        solve, graph = self._solve, self._solve.graph
        values: int = self._params.k * (graph.n + len(graph.col))
        per_entry = RISING_S_PER_ENTRY if solve.rising else CLOSING_S_PER_ENTRY
        return per_entry * values if solve.begun else 0.0

    def result(self) -> Result:
        """What is known, with residuals, also of pairs that have not converged."""
        solve, pairs = self._solve, self._solve.pairs()
        document = {
            "done": self.done,
            "total": self.total,
            "graph_sha256": self._identity.known(),
            "lambda2": solve.lambda2(pairs),
            "components": None if solve.components is None else solve.components.number,
            "converged": self.finished and all(bool(each.converged.all()) for each in pairs),
            "solved": [_pair_document(each) for each in pairs],
        }
        arrays: dict[str, Array] = {}
        if solve.components is not None:
            arrays["labels"] = solve.components.label.cpu().numpy()
        if self._params.vectors and pairs:
            arrays["vectors"] = self._vectors(pairs)
        return Result(document, arrays)

    def _vectors(self, pairs: Any) -> Array:
        """(k, n); NaN on components that are not solved, or have fewer."""
        vectors = np.full((self._params.k, self._solve.graph.n), np.nan)
        for each in pairs:
            vectors[: len(each.vectors), each.nodes] = each.vectors
        return vectors

    def work(self) -> dict[str, Array]:
        """Where the iteration is."""
        if self._solve.components is None:
            return {}
        return self._identity.sign(self._solve.checkpoint())

    def restore(self, arrays: Arrays) -> None:
        """Go on there, to the same bits."""
        self._solve.restore(self._identity.check(arrays))
        self._count()


def _pair_document(pair: Any) -> dict[str, Any]:
    over_own, over_largest = pair.relative()
    return {
        "component": pair.component,
        "nodes": len(pair.nodes),
        "values": pair.values.tolist(),
        "residual_over_lambda": over_own.tolist(),
        "residual_over_largest": over_largest.tolist(),
        "converged": pair.converged.tolist(),
        "precision_limited": pair.precision_limited.tolist(),
        "solver": pair.solver,
        "iterations": pair.iterations,
    }


def _check(params: FiedlerParams, facts: Facts) -> Errors:
    from worker.graphs.listed import MOST_VALUES

    nodes = facts["nodes"]
    if params.solver == "dense" and nodes > MOST_DENSE:
        yield "params.solver", f"dense takes up to {MOST_DENSE} nodes, not {nodes:,}; say auto"
    if params.k * nodes > MOST_VALUES:
        yield "params.k", f"of {nodes:,} nodes there are at most {MOST_VALUES // nodes} vectors"


def _estimate(params: FiedlerParams, facts: Facts) -> float:
    return SECONDS + SECONDS_PER_ENTRY * params.k * (facts["entries"] + facts["nodes"])


def _begin(params: FiedlerParams, arrays: Arrays, device: Any) -> Fiedler:
    from worker.graphs.fiedler import FiedlerSettings, FiedlerSolve

    settings = FiedlerSettings(params.k, params.solver, params.tolerance, params.per_component)
    return Fiedler(FiedlerSolve(graph_on(arrays, device), settings), params)


KIND = Kind(
    name="graph.fiedler",
    about="The smallest eigenvalues above 0 of a graph, and their vectors, with residuals.",
    params=FiedlerParams,
    parts=(Part("graph", "graph", GRAPH, needs=EDGES, shows=(".coords",)),),
    estimate=_estimate,
    begin=_begin,
    check=_check,
    numerics=("worker.graphs.fiedler",),
    example={
        "graph": {"n": 4, "edges": {"src": [0, 1, 2], "dst": [1, 2, 3], "w": [1, 0.1, 1]}},
        "params": {"k": 2},
    },
)
