"""Lists of edges as a graph, beside scipy."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from worker.graphs.edges import ALIKE, Edges, graph_of
from worker.graphs.errors import BadGraph
from worker.graphs.rows import Rows


def by_scipy(n: int, edges: Edges) -> Any:
    """Every edge in the direction in which it is listed, duplicates summed."""
    w = np.ones(len(edges.src)) if edges.w is None else edges.w
    matrix = sp.coo_array((w, (edges.src, edges.dst)), shape=(n, n)).tocsr()
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    if edges.w is None:
        matrix.data[:] = 1
    return matrix


def assert_same(rows: Rows, expected: Any) -> None:
    expected.sort_indices()
    assert rows.crow.tolist() == expected.indptr.tolist()
    assert rows.col.tolist() == expected.indices.tolist()
    np.testing.assert_allclose(rows.w, expected.data, rtol=2e-7)
    assert (rows.crow.dtype, rows.col.dtype, rows.w.dtype) == (np.int64, np.int64, np.float32)


def lists(seed: int, count: int, n: int) -> Edges:
    random = np.random.default_rng(seed)
    kinds = random.choice(["u1", "u8", "i4", "i8"], 2)
    src, dst = (random.integers(0, n, count).astype(kind) for kind in kinds)
    return Edges(src, dst, random.choice([0.25, 1.1, 3, 1e-5], count) if seed % 3 else None)


@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(1, 12))
def test_edges_that_are_listed_once_or_more(seed: int, count: int, n: int):
    edges = lists(seed, count, n)
    expected = by_scipy(n, edges)
    expected = (expected + expected.T).tocsr()
    if edges.w is None:
        expected.data[:] = 1
    made = graph_of(n, edges, "upper")
    assert_same(made.rows, expected)
    assert made.dropped_self_loops == int((edges.src == edges.dst).sum())


@given(st.integers(0, 2**32), st.integers(0, 20), st.integers(1, 12), st.sampled_from([0, 1e-7, 1]))
def test_edges_that_are_listed_in_both_directions(seed: int, count: int, n: int, more: float):
    src, dst, w = lists(seed, count, n)[:3]
    order = np.random.default_rng(seed).permutation(2 * count)
    ends = [np.concatenate([src.astype("i8"), dst.astype("i8")])]
    ends += [np.concatenate([dst.astype("i8"), src.astype("i8")])]
    both = None if w is None else np.concatenate([w, w * (1 + more)])[order]
    edges = Edges(ends[0][order], ends[1][order], both)
    matrix = by_scipy(n, edges)
    apart = abs(matrix - matrix.T) > ALIKE * matrix.maximum(matrix.T)
    if not apart.nnz:
        assert_same(graph_of(n, edges, "both").rows, ((matrix + matrix.T) / 2).tocsr())
        return
    listed = [(int(a), int(b)) for a, b in zip(*edges[:2], strict=True)]
    unlike = set(zip(*(each.tolist() for each in apart.nonzero()), strict=True))
    first = next(place for place, pair in enumerate(listed) if pair in unlike)
    with pytest.raises(BadGraph) as caught:
        graph_of(n, edges, "both")
    a, b = listed[first]
    assert caught.value.field == f"edges.dst[{first}]"
    assert f"{a} to {b} weighs {matrix[a, b]:g}" in caught.value.message


def test_the_largest_weight_may_come_again_as_float32():
    for w in (np.array([1e-30, 1e30]), np.array([1e-30, 1e30], np.float32)):
        made = graph_of(3, Edges(np.array([0, 1]), np.array([1, 2]), w), "upper")
        assert made.rows.w.tolist() == np.float32([1e-30, 1e-30, 1e30, 1e30]).tolist()


def test_no_edges_at_all():
    none = np.zeros(0, np.int64)
    assert graph_of(3, Edges(none, none, np.zeros(0)), "both").rows.crow.tolist() == [0, 0, 0, 0]
