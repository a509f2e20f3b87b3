"""The Fiedler vector of a whole picture's graph: the engine's `scope: image` and its peers."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.sparse import csr_matrix
from skimage import data
from threadpoolctl import threadpool_limits

from benchmarks.engine.choice import Choice, say
from benchmarks.engine.exact import Exact, exact
from benchmarks.engine.graph import Array, laplacian
from benchmarks.engine.measurement import WholeRow
from benchmarks.engine.ours import solved, tensor, warm_engine
from benchmarks.engine.peers import K, Solve, by_lobpcg
from benchmarks.engine.pictures import Pixels
from benchmarks.engine.timing import Timed, best_of, timed
from worker.numerics.lanes import cores

CORNERS = {"astronaut": (0, 128), "coffee": (140, 200), "retina": (200, 200)}  # (top, left)
TOLERANCES = (0.1, 0.03)
MOST_EXACT = 256  # pixels a side; its factor has 100 million entries and takes 16 s
MOST_PEERS = 512  # beyond that the engine is alone

Found = tuple[WholeRow, Array]  # a row without its residual and angle, and the vector


def square(name: str, side: int) -> Pixels:
    """A square of a photograph."""
    pixels: Pixels = getattr(data, name)()
    height, width, _ = pixels.shape
    top, left = (min(c, n - side) for c, n in zip(CORNERS[name], (height, width), strict=True))
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def residual(L: csr_matrix, vector: Array) -> float:
    """|L v - theta v| of the unit vector, free of the constant."""
    v = vector - vector.mean()
    v = v / np.linalg.norm(v)
    product = L @ v
    return float(np.linalg.norm(product - (v @ product) * v))


def by_engine(choice: Choice) -> list[Found]:
    """The engine on every square."""
    found = []
    with warm_engine():
        solved(tensor(square("astronaut", 128)), 0.1, scope="image")
        for name, side in choice.whole:
            image = tensor(square(name, side))
            for tolerance in TOLERANCES:
                say(f"whole picture, engine at {tolerance:g}: {name} {side}")
                solver, took = best_of(partial(solved, image, tolerance, scope="image"))
                note = f"{int(solver.iterations[0])} steps, bound {float(solver.bound[0]):.3g}"
                method = f"Itten, scope: image, tolerance {tolerance:g}"
                row = WholeRow(name, side, method, took, None, None, note)
                found.append((row, solver.vectors[0, 0].double().numpy()))
    return found


def by_peers(choice: Choice, ours: list[Found]) -> list[WholeRow]:
    """The engine's rows, judged, and the peers'."""
    rows: list[WholeRow] = []
    with threadpool_limits(cores()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "not converged" is what the residual says
        for name, side in choice.whole:
            own = [found for found in ours if (found[0].picture, found[0].side) == (name, side)]
            rows += on_square(name, side, own) if side <= MOST_PEERS else [row for row, _ in own]
    return rows


def on_square(name: str, side: int, ours: list[Found]) -> Iterator[WholeRow]:
    """All methods on one square, judged on the same matrix."""
    rgb = square(name, side) / 255.0
    L, building = timed(lambda: laplacian(rgb))
    truth = None
    if side <= MOST_EXACT:
        say(f"whole picture, eigsh: {name} {side}")
        truth, took = timed(lambda: exact(L, (K + 1,)))
        method = "scipy eigsh shift-invert, symmetric ordering"
        row = WholeRow(name, side, method, took.plus(building), None, None)
        yield judged(row, L, truth, truth.space[:, 0])
    for row, vector in ours:
        yield judged(row, L, truth, vector)
    for method, solve in peers():
        say(f"whole picture, {method}: {name} {side}")
        yield by_peer(method, solve, (name, side), L, building, truth)


def by_peer(
    method: str,
    solve: Solve,
    where: tuple[str, int],
    L: csr_matrix,
    building: Timed,
    truth: Exact | None,
) -> WholeRow:
    """Once: they are long."""
    vectors, took = timed(lambda: solve(L))
    return judged(
        WholeRow(*where, method, took.plus(building), None, None), L, truth, vectors[:, 0]
    )


def judged(row: WholeRow, L: csr_matrix, truth: Exact | None, vector: Array) -> WholeRow:
    """With residual and angle."""
    sine = None if truth is None else truth.sine(vector)
    return replace(row, residual=residual(L, vector), sine=sine)


def peers() -> Iterator[tuple[str, Solve]]:
    """What can solve a graph of this size at all."""
    for short, multigrid in (("SA", "smoothed_aggregation"), ("RS", "ruge_stuben")):
        for steps in (10, 20):
            solve = partial(by_lobpcg, iterations=steps, multigrid=multigrid)
            yield f"scipy lobpcg + pyamg {short}, {steps} steps", solve
