import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.planner import MARGIN, PlanError, Stage, plan


def test_nothing_to_plan():
    assert plan([], 1.0).chosen == ()


def test_everything_that_fits_is_planned_parents_first_then_by_id():
    stages = [Stage("c", 1.0, parents=("a",)), Stage("b", 1.0), Stage("a", 1.0), Stage("d", 0.0)]
    assert plan(stages, 3 * MARGIN + 1e-9).chosen == ("a", "b", "c", "d")


def test_the_most_valuable_for_its_cost_goes_first():
    stages = [Stage("dear", 4.0, 2.0), Stage("cheap", 1.0, 1.0), Stage("fair", 2.0, 1.5)]
    assert plan(stages, 3.5).chosen == ("cheap", "fair")
    assert plan(stages, 2.0).chosen == ("cheap",)


def test_a_stage_is_valued_with_what_it_needs():
    stages = [Stage("root", 9.0, 0.0), Stage("leaf", 1.0, 9.0, ("root",)), Stage("own", 1.0, 0.8)]
    assert plan(stages, 11.6).chosen == ("root", "leaf")
    assert plan(stages, 11.4).chosen == ("own",)


def test_what_is_mandatory_is_planned_with_its_needs_even_if_it_does_not_fit():
    stages = [
        Stage("optional", 0.2, 99.0),
        Stage("read", 3.0, 0.0),
        Stage("write", 3.0, parents=("read",), mandatory=True),
    ]
    made = plan(stages, 1.0)
    assert made.chosen == ("read", "write")
    assert made.skipped == {"optional": "it would take 0.23 s of the 0.00 s that were left"}


def test_the_last_stage_is_not_lost_to_optional_ones():
    # A greedy planner spends .6 s on the first two and cannot afford the last.
    stages = [
        Stage("1input", 0.1, 1.0),
        Stage("2spectral", 0.3, 0.8, ("1input",)),
        Stage("3refine", 0.5, 0.05, ("2spectral",)),
        Stage("4decode", 0.4, 1.2, ("2spectral",), mandatory=True),
    ]
    assert plan(stages, 0.6).chosen == ("1input", "2spectral", "4decode")


def test_what_has_no_effect_and_is_not_needed_is_left_out():
    made = plan([Stage("idle", 1.0, 0.0), Stage("a", 1.0)], 99.0)
    assert made.chosen == ("a",)
    assert made.skipped == {"idle": "it has no effect"}


def test_what_does_not_fit_is_skipped_with_a_reason():
    made = plan([Stage("a", 1.0), Stage("b", 3.0)], 2.0)
    assert made.skipped == {"b": "it would take 3.45 s of the 0.85 s that were left"}


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([Stage("a", 1.0), Stage("a", 2.0)], "two stages are called a"),
        ([Stage("a", 1.0, parents=("b",))], "a needs b, which is not there"),
        ([Stage("a", 1.0, parents=("a",))], "stages need each other: a"),
        (
            [Stage("a", 1.0, parents=("b",)), Stage("b", 1.0, parents=("a",)), Stage("c", 1.0)],
            "stages need each other: a, b",
        ),
        ([Stage("a", -1.0)], "the cost of a is -1.0"),
        ([Stage("a", math.nan)], "the cost of a is nan"),
        ([Stage("a", 1.0, effect=-0.5)], "the effect of a is -0.5"),
    ],
)
def test_stages_that_make_no_plan(stages: list[Stage], said: str):
    with pytest.raises(PlanError, match=f"^{said}$"):
        plan(stages, 1.0)


@st.composite
def graphs(draw: st.DrawFn) -> list[Stage]:
    stages: list[Stage] = []
    for number in range(draw(st.integers(0, 9))):
        parents = draw(st.sets(st.sampled_from(stages), max_size=3)) if stages else ()
        stages.append(
            Stage(
                f"{draw(st.integers(0, 9))}.{number}",
                draw(st.floats(0.0, 5.0)),
                draw(st.floats(0.0, 2.0)),
                tuple(each.id for each in parents),
                draw(st.integers(0, 5)) == 0,
            )
        )
    return draw(st.permutations(stages))


@settings(derandomize=True, database=None)
@given(stages=graphs(), remaining_s=st.floats(-1.0, 30.0))
def test_every_plan_is_sound(stages: list[Stage], remaining_s: float):
    made = plan(stages, remaining_s)
    assert sorted([*made.chosen, *made.skipped]) == sorted(each.id for each in stages)
    by_id = {each.id: each for each in stages}
    for place, each in enumerate(made.chosen):
        assert set(by_id[each].parents) <= set(made.chosen[:place])
    must = {each.id for each in stages if each.mandatory}
    assert must <= set(made.chosen)
    needed = set(must)
    for each in reversed(made.chosen):
        if each in needed:
            needed |= set(by_id[each].parents)
    cost_s = sum(by_id[each].cost_s for each in made.chosen)
    assert MARGIN * cost_s <= remaining_s + 1e-9 or set(made.chosen) == needed


@settings(derandomize=True, database=None)
@given(stages=graphs(), remaining_s=st.floats(0.0, 30.0))
def test_nothing_more_would_fit(stages: list[Stage], remaining_s: float):
    made = plan(stages, remaining_s)
    by_id = {each.id: each for each in stages}
    cost_s = sum(by_id[each].cost_s for each in made.chosen)
    for each in made.skipped:
        ready = set(by_id[each].parents) <= set(made.chosen)
        if ready and by_id[each].effect > 0.0:
            assert MARGIN * (cost_s + by_id[each].cost_s) > remaining_s - 1e-9


@settings(derandomize=True, database=None)
@given(
    costs=st.lists(st.tuples(st.floats(0.01, 5.0), st.floats(0.0, 2.0)), max_size=8),
    less_s=st.floats(0.0, 20.0),
    more_s=st.floats(0.0, 20.0),
)
def test_more_time_is_never_worth_less(
    costs: list[tuple[float, float]], less_s: float, more_s: float
):
    stages = [Stage(str(i), cost_s, effect) for i, (cost_s, effect) in enumerate(costs)]

    def effect(remaining_s: float) -> float:
        chosen = plan(stages, remaining_s).chosen
        return sum(costs[int(each)][1] for each in chosen)

    assert effect(less_s) <= effect(less_s + more_s) + 1e-9


@settings(derandomize=True, database=None)
@given(stages=graphs(), data=st.data())
def test_the_order_in_which_stages_are_given_does_not_matter(
    stages: list[Stage], data: st.DataObject
):
    shuffled = data.draw(st.permutations(stages))
    assert plan(stages, 6.0).chosen == plan(shuffled, 6.0).chosen
