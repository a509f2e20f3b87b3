"""What the eigenpairs of a large graph cost: `graph.fiedler` beside scipy and pyamg.

`python -m benchmarks.graphs` prints a table: four pairs, each to a residual of a thousandth of its
eigenvalue where the method can be told so; ten minutes on an idle machine. Sides of lattices may be
named: `--sides 1414` are two million nodes, which are left to Itten.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial

from worker.runtime import prepare_libraries

prepare_libraries()

import numpy as np  # noqa: E402 - after the C libraries know what they share
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.sparse import csr_matrix, diags_array  # noqa: E402

from benchmarks.engine.peers import Solve, by_eigsh_ordered, by_lobpcg  # noqa: E402
from worker.graphs.edges import Edges, graph_of  # noqa: E402
from worker.graphs.fiedler import FiedlerSettings, FiedlerSolve  # noqa: E402
from worker.graphs.graph import Graph  # noqa: E402

Array = NDArray[np.float64]
K = 4
MOST_FACTORED = 70_000  # nodes: without a shape, a factor of these takes four minutes
MOST_FOR_PEERS = {"lattice": 600_000, "scale-free": 70_000}
ALGEBRAIC = "smoothed_aggregation"
HEAD = (
    "| graph | nodes | method | seconds | core seconds | worst residual over lambda |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.graphs", description="Large graphs.")
    parser.add_argument("--sides", default="256,724", help="of lattices, in nodes")
    sides = [int(side) for side in parser.parse_args().sides.split(",")]
    print(HEAD)
    with torch.inference_mode():
        _itten(lattice(64))  # what is compiled is compiled
        for side in sides:
            for name, graph in (("lattice", lattice(side)), ("scale-free", scale_free(side**2))):
                for method, solve in _methods(name, graph):
                    print(_row(name, graph, method, solve), flush=True)


def lattice(side: int) -> Graph:
    """Squares, weights from 0.5 to 1.5 at random."""
    node = np.arange(side * side).reshape(side, side)
    src = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    dst = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    return _graph(side * side, src, dst)


def scale_free(n: int) -> Graph:
    """Three edges from each node to earlier ones, the nearer to the first the likelier."""
    random = np.random.default_rng(1)
    src = np.repeat(np.arange(1, n), 3)
    dst = (src * random.random(len(src)) ** 2).astype(np.int64)
    return _graph(n, src, dst)


def _graph(n: int, src: NDArray[np.int64], dst: NDArray[np.int64]) -> Graph:
    w = np.random.default_rng(2).uniform(0.5, 1.5, len(src))
    return graph_of(n, Edges(src, dst, w), "upper").rows.graph


def _methods(name: str, graph: Graph) -> Iterator[tuple[str, Callable[[Graph], Array]]]:
    yield "Itten, graph.fiedler", _itten
    if graph.n <= MOST_FOR_PEERS[name]:
        for steps in (10, 20):
            peer = partial(by_lobpcg, iterations=steps, multigrid=ALGEBRAIC)
            yield f"scipy lobpcg + pyamg SA, {steps} steps", partial(_peer, peer)
    if graph.n <= MOST_FACTORED:
        yield "scipy eigsh shift-invert, symmetric ordering", partial(_peer, by_eigsh_ordered)


def _itten(graph: Graph) -> Array:
    solve = FiedlerSolve(graph, FiedlerSettings(k=K))
    while not solve.finished:
        solve.step()
    return np.asarray(solve.pairs()[0].vectors.T)


def _peer(solve: Solve, graph: Graph) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "not converged" is what the last column says
        return solve(_matrix(graph))


def _matrix(graph: Graph) -> csr_matrix:
    parts = (graph.w.double().numpy(), graph.col.numpy(), graph.crow.numpy())
    weights = csr_matrix(parts, shape=(graph.n, graph.n))
    return csr_matrix(diags_array(np.asarray(weights.sum(axis=1)).ravel()) - weights)


def _row(name: str, graph: Graph, method: str, solve: Callable[[Graph], Array]) -> str:
    wall, busy = time.perf_counter(), time.process_time()
    vectors = solve(graph)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    image = _matrix(graph) @ vectors
    values = (vectors * image).sum(0) / (vectors**2).sum(0)
    worst = (np.linalg.norm(image - vectors * values, axis=0) / values).max()
    return f"| {name} | {graph.n:,} | {method} | {wall:.3g} | {busy:.3g} | {worst:.1e} |"


if __name__ == "__main__":
    main()
