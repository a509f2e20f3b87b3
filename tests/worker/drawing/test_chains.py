import itertools

import numpy as np

from worker.drawing.chains import bridges, connected, headings, ordered


def path(*points: int) -> np.ndarray:
    return np.stack((points[:-1], points[1:]), 1)


def shuffled(links: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(5)
    flip = rng.random(len(links)) < 0.5
    links = np.where(flip[:, None], links[:, ::-1], links)
    return links[rng.permutation(len(links))]


def test_a_chain_comes_in_its_order():
    order, start = ordered(shuffled(path(4, 0, 7, 2, 9)), 10)
    assert start.tolist() == [0, 5]
    assert order.tolist() in ([4, 0, 7, 2, 9], [9, 2, 7, 0, 4])


def test_a_loop_ends_where_it_began():
    order, start = ordered(shuffled(path(3, 1, 4, 0, 5, 3)), 6)
    assert start.tolist() == [0, 6]
    assert order[0] == order[-1]
    steps = {frozenset(pair) for pair in np.stack((order[:-1], order[1:]), 1).tolist()}
    assert steps == {frozenset(pair) for pair in path(3, 1, 4, 0, 5, 3).tolist()}


def test_many_chains_and_loops_at_once():
    rng = np.random.default_rng(0)
    names = rng.permutation(4000)
    pieces = np.split(names, np.cumsum(rng.integers(3, 80, 60)))[:50]
    links = [path(*piece) for piece in pieces]
    links[::2] = [np.concatenate((link, [[link[-1, 1], link[0, 0]]])) for link in links[::2]]
    order, start = ordered(shuffled(np.concatenate(links)), 4000)
    assert len(start) == 51
    found = {frozenset(order[a:b].tolist()) for a, b in itertools.pairwise(start)}
    assert found == {frozenset(piece.tolist()) for piece in pieces}
    steps = np.sort(np.stack((order[:-1], order[1:]), 1), axis=1)
    steps = np.delete(steps, start[1:-1] - 1, axis=0)
    expected = np.sort(np.concatenate(links), axis=1)
    assert np.array_equal(np.unique(steps, axis=0), np.unique(expected, axis=0))


def test_no_links_make_no_chains():
    order, start = ordered(np.zeros((0, 2), np.int64), 3)
    assert order.tolist() == []
    assert start.tolist() == [0]
    assert connected(np.zeros((0, 2), np.int64), 3).tolist() == [0, 1, 2]


def test_ends_that_look_at_each_other_are_bridged():
    # Ten points to the right, a gap of four pixels, ten more; and a line that passes by above.
    along = np.r_[np.arange(10), np.arange(13, 23)].astype(float)
    place = np.stack((np.zeros(20), along), 1)
    above = np.stack((np.full(10, 3.0), np.arange(10.0)), 1)
    links = np.concatenate((path(*range(10)), path(*range(10, 20)), path(*range(20, 30))))
    found = bridges(np.concatenate((place, above)), links, 12.0, 6)
    assert np.sort(found, axis=1).tolist() == [[9, 10]]


def test_lines_that_turn_their_backs_or_are_short_are_not():
    place = np.stack((np.r_[np.zeros(8), np.full(8, 4.0)], np.r_[0:8, 0:8].astype(float)), 1)
    links = np.concatenate((path(*range(8)), path(*range(8, 16))))
    assert len(bridges(place, links, 12.0, 6)) == 0
    place = np.stack((np.zeros(8), np.r_[0:4, 6:10].astype(float)), 1)
    assert len(bridges(place, np.concatenate((path(0, 1, 2, 3), path(4, 5, 6, 7))), 12.0, 6)) == 0


def test_a_heading_leads_away_from_the_line():
    place = np.stack((np.zeros(9), np.arange(9.0)), 1)
    found = headings(place, shuffled(path(*range(9))), np.array([0, 8]))
    assert np.allclose(found, [[0, -1], [0, 1]])
