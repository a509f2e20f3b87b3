"""Links between points as ordered chains; nothing loops over points."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

HEADING = 6  # points from an end from which its direction is taken


def ordered(links: Indices, count: int) -> tuple[Indices, Indices]:
    """The chains that links make of `count` points.

    Args:
        links: (M, 2) pairs of points, every point in two of them at most.

    Returns:
        The points, chain after chain, and where each of the L chains begins, (L + 1,). A closed
        chain ends with the point it begins with.
    """
    owner = connected(links, count)
    size = np.bincount(owner, minlength=1)
    loop = np.bincount(owner, _degree(links, count) == 2, minlength=1) == size
    # A loop is opened at one of its links.
    chain, one_link = np.unique(owner[links[:, 0]], return_index=True)
    opened = np.delete(links, one_link[loop[chain]], axis=0)
    ends = np.flatnonzero(_degree(opened, count) == 1)
    chain, one_end = np.unique(owner[ends], return_index=True)
    if not len(chain):
        return np.zeros(0, np.int64), np.zeros(1, np.int64)
    graph, heads = _graph(opened, count), ends[one_end]
    rank = dijkstra(graph, directed=False, indices=heads, min_only=True, unweighted=True)
    order = np.lexsort((rank, owner))
    order = order[np.isfinite(rank[order])]
    start = np.r_[0, size[chain].cumsum()]
    again = loop[chain]
    order = np.insert(order, start[1:][again], order[start[:-1][again]])
    return order, start + np.r_[0, again.cumsum()]


def connected(links: Indices, count: int) -> Indices:
    """The number of the connected component of each of `count` points."""
    labels = connected_components(_graph(links, count), directed=False)[1]
    return np.asarray(labels, np.int64)


def bridges(place: Floats, links: Indices, reach: float, least: int) -> Indices:
    """Links between ends of chains that look at each other, (M', 2); at most one for each end.

    Args:
        place: (N, 2) of the points.
        links: (M, 2) pairs of points, every point in two of them at most.
        reach: at most so far apart.
        least: chains of fewer points have no direction.
    """
    count = len(place)
    owner = connected(links, count)
    size = np.bincount(owner, minlength=1)[owner]
    ends = np.flatnonzero((_degree(links, count) == 1) & (size >= least))
    if len(ends) < 2:
        return np.zeros((0, 2), np.int64)
    heading = headings(place, links, ends)
    pairs = cKDTree(place[ends]).query_pairs(reach, output_type="ndarray")
    step = place[ends[pairs[:, 1]]] - place[ends[pairs[:, 0]]]
    apart = np.linalg.norm(step, axis=1)
    ahead = (heading[pairs[:, 0]] * step).sum(1), -(heading[pairs[:, 1]] * step).sum(1)
    straight = np.minimum(*ahead) / np.maximum(apart, 1e-9)
    # Close ends may turn; far ones must lie on one line.
    fits = straight > np.minimum(0.9, 0.2 + 0.8 * apart / reach)
    pairs, apart = pairs[fits], apart[fits]
    return ends[_mutual(pairs, apart, len(ends))]


def headings(place: Floats, links: Indices, ends: Indices) -> Floats:
    """Unit vectors (E, 2) in which chains go on beyond their ends."""
    beside = _neighbours(links, len(place))
    before, at = ends, beside[ends, 0]
    for _ in range(HEADING - 1):
        both = beside[at]
        following = np.where(both[:, 0] == before, both[:, 1], both[:, 0])
        before, at = np.where(following < 0, before, at), np.where(following < 0, at, following)
    return unit(place[ends] - place[at])


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 2) at length 1, or 0 where they have no direction."""
    length: Floats = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-9)


def _mutual(pairs: Indices, apart: Floats, count: int) -> Indices:
    """The pairs of which each is the nearest that its two members have."""
    by_length = np.argsort(apart, kind="stable")
    rank = np.empty(len(pairs), np.int64)
    rank[by_length] = np.arange(len(pairs))
    best = np.full(count, len(pairs))
    np.minimum.at(best, pairs.ravel(), np.repeat(rank, 2))
    mutual: Indices = pairs[(best[pairs] == rank[:, None]).all(1)]
    return mutual


def _neighbours(links: Indices, count: int) -> Indices:
    """(N, 2): the points that each point is linked to; -1 where there is none."""
    near, far = np.concatenate((links, links[:, ::-1])).T
    by_near = np.argsort(near, kind="stable")
    near, far = near[by_near], far[by_near]
    second = np.r_[False, near[1:] == near[:-1]].astype(np.int64)
    beside = np.full((count, 2), -1)
    beside[near, second] = far
    return beside


def _degree(links: Indices, count: int) -> Indices:
    return np.bincount(links.ravel(), minlength=count)


def _graph(links: Indices, count: int) -> csr_matrix:
    return coo_matrix((np.ones(len(links)), (links[:, 0], links[:, 1])), (count, count)).tocsr()
