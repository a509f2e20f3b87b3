"""The simulation: the real scheduler and admission over a clock of its own."""

from dataclasses import replace

import pytest

from benchmarks.load.arrivals import Request, requests
from benchmarks.load.model import CROSSING_S_PER_PIXEL, MARGIN, Job, tile_count
from benchmarks.load.outcome import Outcome
from benchmarks.load.simulate import Simulation
from tests.benchmarks.load_samples import costs, request
from worker.kinds import costs as prices
from worker.numerics.tiling import tile_image


def simulated(plan: list[Request], cores: int = 8) -> list[Outcome]:
    return Simulation(costs(cores)).run(plan)


@pytest.mark.parametrize("side", [256, 512, 1024, 2048])
def test_pictures_have_as_many_tiles_as_the_engine_cuts(side: int):
    assert tile_count(side) == tile_image(side, side, 64, 16).count


def test_estimates_are_those_of_the_worker():
    assert MARGIN == prices.MARGIN
    assert prices.HANDING_OVER.s_per_pixel == CROSSING_S_PER_PIXEL


@pytest.mark.parametrize("kind", ["self", "cross", "field"])
def test_alone_a_job_takes_what_it_costs(kind: str):
    asked = request(kind=kind, passes=1 if kind == "field" else 3)  # type: ignore[arg-type]
    [found] = simulated([asked])
    assert found.end == "complete"
    known = costs()
    expected_s = known.lone_s(asked) + known.sides[256].before_s
    expected_s += known.sides[256].encode_s
    assert found.answer_s == pytest.approx(expected_s, rel=0.05)


def test_a_job_without_time_is_answered_by_its_deadline():
    [found] = simulated([request(side=1024, passes=4, deadline_s=2.0)])
    assert found.end == "partial"
    assert found.over_s is not None
    assert found.over_s < 0.05


def test_a_small_job_does_not_wait_for_a_large_one():
    large = request(0, side=1024, passes=4, deadline_s=9.0)
    small = request(1, 1.0, passes=1)
    [_, found] = simulated([large, small])
    assert found.end == "complete"
    assert found.answer_s is not None
    assert found.answer_s < 3 * costs().lone_s(small)


def test_who_hangs_up_leaves_the_device_to_others():
    gone = request(0, side=1024, passes=4, hangs_up_s=0.5)
    after = request(1, 0.6, side=512, passes=2)
    [first, second] = simulated([gone, after])
    assert first.end == "hung up"
    assert second.answer_s == pytest.approx(simulated([request(side=512)])[0].answer_s, rel=0.1)


def test_overload_takes_passes_before_it_refuses():
    capacity = costs().capacity(1024)
    light, heavy = (
        simulated(requests(1, times * capacity, 60, most_side=1024)) for times in (0.3, 3.0)
    )
    assert sum(each.passes for each in light) / len(light) > 1.5 * (
        sum(each.passes for each in heavy) / len(heavy)
    )
    assert not [each for each in light if each.end == "refused"]
    assert {each.end for each in heavy} <= {"complete", "partial", "refused", "hung up"}


def test_everybody_has_an_end_and_it_is_always_the_same():
    plan = requests(2, 3 * costs().capacity(1024), 30, most_side=1024)
    once = simulated(plan)
    assert [each.request for each in once] == plan
    assert simulated(plan) == once


def test_fewer_cores_make_it_slower():
    plan = [request(i, 0.01 * i, side=512) for i in range(4)]
    few, many = simulated(plan, cores=1), simulated(plan, cores=16)
    assert sum(o.answer_s or 0 for o in few) > sum(o.answer_s or 0 for o in many)


def test_a_job_plans_everything_while_there_is_time():
    job = Job(request(passes=3), costs())
    ahead = job.forecast(100.0)
    assert ahead.work_s == pytest.approx(costs().lone_s(job.request) - 0.01, rel=0.02)
    assert 0 < ahead.floor_s < ahead.work_s


def test_what_costs_nothing_is_no_part_of_the_work():
    known = replace(costs(), sources={256: 0.0})
    [found] = Simulation(known).run([request(kind="cross")])
    assert found.end == "complete"
