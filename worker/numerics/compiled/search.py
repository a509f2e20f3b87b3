"""Dijkstra's search from one node, a while at a time."""

from typing import Any

from numpy.typing import NDArray

from worker.numerics.compiled import compiled

Array = NDArray[Any]
UNSEEN, SETTLED = -1, -2  # instead of a place in the heap


@compiled
def settle(
    crow: Array,
    col: Array,
    cost: Array,
    goal: int,
    distance: Array,
    before: Array,
    heap: Array,
    place: Array,
    size: int,
    most: int,
) -> tuple[int, bool]:
    """Settle the `most` nearest nodes, or as many as lead to the goal; the nearest first.

    Args:
        crow: (n + 1,) int64 of a graph in compressed rows.
        col: (nnz,) int64.
        cost: (nnz,) float64, 0 or more.
        goal: the node at which the search ends, -1 for none.
        distance: (n,) float64 in place: 0 at the start, else inf.
        before: (n,) int64 in place: the node before each on the cheapest path.
        heap: (n,) int64 in place: nodes that are seen and not settled, the start at first.
        place: (n,) int64 in place: where each is in the heap, else UNSEEN or SETTLED.
        size: of the heap.
        most: nodes.

    Returns:
        The size of the heap, and whether the search has ended.
    """
    for _ in range(most):
        if size == 0:
            return 0, True
        node = heap[0]
        place[node] = SETTLED
        size -= 1
        if size > 0:
            heap[0] = heap[size]
            place[heap[0]] = 0
            _sink(heap, place, distance, size)
        if node == goal:
            return size, True
        for entry in range(crow[node], crow[node + 1]):
            other = col[entry]
            reached = distance[node] + cost[entry]
            if place[other] != SETTLED and reached < distance[other]:
                distance[other] = reached
                before[other] = node
                if place[other] == UNSEEN:
                    heap[size] = other
                    place[other] = size
                    size += 1
                _rise(heap, place, distance, place[other])
    return size, size == 0


@compiled
def _rise(heap: Array, place: Array, distance: Array, at: int) -> None:
    """Bring a node up to where it belongs."""
    node = heap[at]
    while at > 0:
        above = (at - 1) // 2
        if distance[heap[above]] <= distance[node]:
            break
        heap[at] = heap[above]
        place[heap[at]] = at
        at = above
    heap[at] = node
    place[node] = at


@compiled
def _sink(heap: Array, place: Array, distance: Array, size: int) -> None:
    """Bring the first node down to where it belongs."""
    node, at = heap[0], 0
    while True:
        below = 2 * at + 1
        if below + 1 < size and distance[heap[below + 1]] < distance[heap[below]]:
            below += 1
        if below >= size or distance[heap[below]] >= distance[node]:
            break
        heap[at] = heap[below]
        place[heap[at]] = at
        at = below
    heap[at] = node
    place[node] = at
