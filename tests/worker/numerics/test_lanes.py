"""Batches side by side: all of them, in order, and the same bytes as one after the other."""

import dataclasses
import threading
from collections.abc import Iterator

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from tests.worker.numerics.samples import photo, settings, tensor
from worker.numerics.field import FieldSolver
from worker.numerics.lanes import in_lanes, side_by_side


def test_results_come_in_the_order_of_the_calls():
    meet = threading.Barrier(2, timeout=30)

    def call(number: int) -> int:
        meet.wait()  # neither ends before both have begun
        return number

    assert side_by_side(2, [lambda: call(1), lambda: call(2)]) == [1, 2]


def test_an_error_is_raised_once_all_have_ended():
    ended = threading.Event()

    def slow() -> None:
        torch.randn(400, 400).matmul(torch.randn(400, 400))
        ended.set()

    with pytest.raises(ZeroDivisionError):
        side_by_side(2, [lambda: 1 // 0, slow])
    assert ended.is_set()


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_every_work_runs_to_its_end(lanes: int):
    done: list[int] = []

    def work(number: int) -> Iterator[list[int]]:
        for _ in range(number):
            yield [number]
        done.append(number)

    steps = [t for step in in_lanes(lanes, [work(n) for n in (3, 0, 1, 2)]) for t in step]
    assert sorted(steps) == [1, 2, 2, 3, 3, 3]
    assert sorted(done) == [0, 1, 2, 3]


def test_lanes_do_not_show_in_the_bytes():
    image = tensor(photo(200))
    one, two = (
        FieldSolver(image, dataclasses.replace(settings(), lanes=lanes)) for lanes in (1, 2)
    )
    for solver in (one, two):
        while not solver.finished:
            solver.step()
    assert torch.equal(one.vectors, two.vectors)
    assert torch.equal(one.bound, two.bound)
    assert torch.equal(one.iterations, two.iterations)


def test_each_lane_has_one_thread_of_blas():
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    with threadpool_limits(limits=2, user_api="blas"):
        within = side_by_side(2, [threads, threads])
        assert all(within)
        assert {count for lane in within for count in lane} == {1}
        assert set(threads()) == {2}
