from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.passes import Itinerary, PassCosts
from worker.planner import MARGIN

COSTS = PassCosts(coarse_s=0.5, refine_s=1.0, shade_s=0.4)


def test_before_it_was_planned_everything_is_to_be_done():
    itinerary = Itinerary(3)
    assert itinerary.refines
    assert not itinerary.ends
    assert itinerary.work_s([COSTS] * 3) == 3 * 1.9


@settings(derandomize=True, database=None)
@given(
    costs=st.lists(
        st.builds(PassCosts, st.floats(0, 3), st.floats(0, 3), st.floats(0, 3)),
        min_size=1,
        max_size=16,
    ),
    stage=st.sampled_from(["coarse", "refine", "shade"]),
    ample_s=st.floats(0.01, 100.0),
)
def test_with_ample_time_nothing_is_left_out(
    costs: list[PassCosts], stage: Literal["coarse", "refine", "shade"], ample_s: float
):
    total_s = sum(each.coarse_s + each.refine_s + each.shade_s for each in costs)
    itinerary = Itinerary(len(costs) + 2)
    itinerary.replan(2, stage, costs, MARGIN * total_s + ample_s)
    assert itinerary.refines
    assert not itinerary.ends
    assert abs(itinerary.work_s(costs) - total_s) < 1e-9
    assert itinerary.skipped(len(costs) + 2) == []


def test_late_passes_are_dropped_before_the_first_refinement():
    itinerary = Itinerary(4)
    itinerary.replan(0, "coarse", [COSTS] * 4, 3.0)
    assert itinerary.refines
    assert itinerary.work_s([COSTS] * 4) == 1.9
    assert [what for what, _ in itinerary.skipped(1)] == ["pass 2", "pass 3", "pass 4"]


def test_a_dear_refinement_is_dropped_before_the_second_pass():
    itinerary = Itinerary(2)
    costs = [PassCosts(0.5, 4.0, 0.4)] * 2
    itinerary.replan(0, "coarse", costs, 3.0)
    assert not itinerary.refines
    assert itinerary.work_s(costs) == 1.8
    assert itinerary.skipped(2) == [
        ("refinement of pass 1", "it would take 4.60 s of the 0.93 s that were left"),
        ("refinement of pass 2", "it would take 4.60 s of the 0.93 s that were left"),
    ]


def test_without_a_complete_pass_a_job_never_ends_early():
    itinerary = Itinerary(2)
    itinerary.replan(0, "coarse", [COSTS] * 2, 0.1)
    assert not itinerary.ends
    assert not itinerary.refines
    assert itinerary.work_s([COSTS] * 2) == 0.9


def test_a_job_ends_when_a_pass_is_complete_and_no_other_fits():
    itinerary = Itinerary(3)
    itinerary.replan(1, "coarse", [COSTS] * 2, 0.9)
    assert itinerary.ends
    assert itinerary.work_s([COSTS] * 2) == 0.0
    assert itinerary.skipped(1) == [
        ("pass 2", "it would take 1.03 s of the 0.90 s that were left"),
        ("pass 3", "it would take 2.07 s of the 0.90 s that were left"),
    ]
    itinerary.replan(1, "coarse", [COSTS] * 2, 1.1)
    assert not itinerary.ends


def test_a_pass_whose_field_is_there_is_shaded_as_far_as_the_time_goes():
    itinerary = Itinerary(3)
    itinerary.replan(1, "refine", [PassCosts(0.0, 1.0, 0.4), COSTS], 0.2)
    assert not itinerary.refines
    assert not itinerary.ends


def test_what_was_decided_before_the_shading_stays():
    itinerary = Itinerary(2)
    itinerary.replan(0, "coarse", [COSTS] * 2, 1.1)
    assert not itinerary.refines
    itinerary.replan(0, "shade", [PassCosts(0.0, 0.0, 0.4), COSTS], 99.0)
    assert not itinerary.refines
    assert itinerary.work_s([PassCosts(0.0, 0.0, 0.4), COSTS]) == 0.4 + 1.9
    itinerary.replan(1, "coarse", [COSTS], 99.0)
    assert itinerary.refines
    assert [what for what, _ in itinerary.skipped(2)] == ["refinement of pass 1"]


def test_a_refinement_that_was_planned_and_became_too_dear_is_broken_off():
    itinerary = Itinerary(1)
    itinerary.replan(0, "coarse", [COSTS], 3.0)
    assert itinerary.refines
    itinerary.replan(0, "refine", [PassCosts(0.0, 0.8, 0.4)], 0.6)
    assert not itinerary.refines
    itinerary.replan(0, "refine", [PassCosts(0.0, 0.8, 0.4)], 1.6)
    assert itinerary.refines


def test_passes_that_were_planned_and_not_reached_are_told_too():
    assert Itinerary(2).skipped(1) == [("pass 2", "the deadline came first")]


@settings(derandomize=True, database=None)
@given(
    passes=st.integers(1, 8),
    cost=st.builds(PassCosts, st.floats(0.01, 3), st.floats(0.01, 3), st.floats(0.01, 3)),
    less_s=st.floats(0.0, 30.0),
    more_s=st.floats(0.0, 30.0),
)
def test_with_more_time_no_less_is_planned(
    passes: int, cost: PassCosts, less_s: float, more_s: float
):
    def value(expected_s: float) -> float:
        itinerary = Itinerary(passes)
        itinerary.replan(0, "coarse", [cost] * passes, expected_s)
        planned = [what for what, why in itinerary.skipped(0) if why == "the deadline came first"]
        dull = [what.split()[-1] for what, _ in itinerary.skipped(passes)]
        indices = [each.split()[-1] for each in planned]
        return sum(0.5 ** int(i) * (1.0 if i in dull else 1.6) for i in indices)

    assert value(less_s) <= value(less_s + more_s) + 1e-9
