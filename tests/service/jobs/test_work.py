from typing import Any, Literal

import pytest

from service.jobs.work import LEAST_CORRECTION, MOST_CORRECTION, Correction, Cost, Work
from worker.wire.messages import Hello

HELLO = Hello(
    device="cpu",
    device_name="test",
    warning=None,
    shade_s_per_mp=2.0,
    field_s_per_mp=1.0,
    coarse_s_per_mp=0.25,
)


def full(kind: Literal["shade", "field"], pixels: int, passes: int, **more: Any) -> float:
    return Work(kind, pixels, passes, 10, **more).cost(HELLO).full


def test_cost_counts_pixels_passes_and_the_kind():
    assert full("shade", 500_000, 4) == pytest.approx(6.0)
    assert full("field", 500_000, 1) == pytest.approx(0.5)
    assert full("shade", 500_000, 4, effort=3) == pytest.approx(10.0)


def test_the_floor_is_the_coarse_field_and_one_pass():
    assert Work("shade", 500_000, 4, 10).cost(HELLO).floor == pytest.approx(1.125)
    assert Work("field", 500_000, 1, 10).cost(HELLO).floor == pytest.approx(0.125)
    both = Work("shade", 500_000, 4, 10, source_pixels=1_000_000)
    assert both.cost(HELLO).floor == pytest.approx(1.375)


def test_a_source_costs_one_field():
    alone = full("shade", 500_000, 4, effort=3)
    assert full("shade", 500_000, 4, effort=3, source_pixels=2_000_000) - alone == pytest.approx(6)


def test_outlines_are_looked_for_once_in_each_image_and_in_no_large_one():
    def extra(pixels: int, source: int) -> float:
        plain, outlined = (
            full("shade", pixels, 4, source_pixels=source, outlines=yes) for yes in (False, True)
        )
        return outlined - plain

    small = extra(100_000, 0)
    assert small == pytest.approx(2.5 * HELLO.field_s_per_mp * 0.1)
    assert extra(100_000, 100_000) == pytest.approx(2 * small)
    assert extra(50_000_000, 0) == pytest.approx(extra(1_000_000, 0))
    assert extra(1_000_000, 0) > small


def test_passes_that_so_many_seconds_are_enough_for():
    cost = Cost(mandatory=0.1, floor=1.5, fields=1.0, each_pass=2.0, passes=3)
    assert [cost.passes_in(s) for s in (1.4, 1.5, 4.9, 5.0, 100)] == [0, 1, 1, 2, 3]


def test_what_is_learned_changes_estimates_within_bounds():
    correction = Correction()
    assert correction.factor == 1
    for _ in range(30):
        correction.learn(1.0, 2.0)
    assert correction.factor == pytest.approx(2.0, rel=0.01)
    assert Cost(0.1, 1.0, 0.5, 2.0, 3).corrected(2.0).full == pytest.approx(13.0)
    for _ in range(30):
        correction.learn(1.0, 100.0)
    assert correction.factor == MOST_CORRECTION
    for _ in range(100):
        correction.learn(1.0, 0.0)
    assert correction.factor == LEAST_CORRECTION


def test_small_jobs_say_little_about_large_ones():
    correction = Correction()
    for _ in range(5):
        correction.learn(10.0, 10.0)
        correction.learn(0.01, 0.1)
    assert correction.factor < 1.02
