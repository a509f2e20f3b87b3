import pytest

from worker.runs import Alone, Tiles
from worker.turns import LONG_S, QUANTUM_S, batch, offered_s


def tiles(count: int, each_s: float, most: int = 1 << 30) -> Tiles:
    return Tiles("k", count, each_s, most)


def test_a_turn_is_a_quantum_unless_there_is_less_to_do_or_it_cannot_be_divided():
    assert offered_s(Alone(9.0)) == QUANTUM_S
    assert offered_s(Alone(LONG_S)) == LONG_S
    assert offered_s(Alone(0.01)) == 0.01
    assert offered_s(tiles(2, 0.01)) == pytest.approx(0.02)
    assert offered_s(tiles(99, 0.02)) == pytest.approx(0.04)
    assert offered_s(tiles(99, 3.0)) == 3.0


def test_others_fill_what_the_first_leaves():
    assert batch([tiles(2, 0.01), tiles(2, 0.01), tiles(9, 0.01)], QUANTUM_S) == [2, 2, 1]
    assert batch([tiles(9, 0.01), tiles(2, 0.01)], QUANTUM_S) == [5, 0]
    assert batch([tiles(2, 0.01), tiles(9, 0.03), tiles(9, 0.01)], QUANTUM_S) == [2, 1, 0]


def test_others_fill_neither_more_time_nor_more_memory_than_there_is():
    assert batch([tiles(2, 0.01), tiles(9, 0.01)], 0.03) == [2, 1]
    assert batch([tiles(2, 0.01), tiles(9, 0.01)], 0.0) == [2, 0]
    assert batch([tiles(2, 0.01, most=3), tiles(9, 0.01)], QUANTUM_S) == [2, 1]
    assert batch([tiles(2, 0.01), tiles(9, 0.01, most=2)], QUANTUM_S) == [2, 0]
    three = [tiles(2, 0.01), tiles(1, 0.01, most=3), tiles(1, 0.01)]
    assert batch(three, QUANTUM_S) == [2, 1, 0]


def test_one_tile_is_a_turn_however_long_it_takes():
    assert batch([tiles(2, 3.0), tiles(9, 0.01)], QUANTUM_S) == [1, 0]


def test_tiles_that_cost_nothing_are_done_at_once():
    assert batch([tiles(1000, 0.0), tiles(3, 0.0)], QUANTUM_S) == [1000, 3]


def test_no_batch_is_empty_whatever_is_offered():
    assert batch([tiles(0, 0.01)], 0.0) == [1]
