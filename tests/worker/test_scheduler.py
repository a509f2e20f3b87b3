import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.worker.fake_engine import FakeEngine, Job
from worker.runs import Alone, Forecast, Tiles
from worker.scheduler import LONG_S, QUANTUM_S, Batch, Conclude, Scheduler, Step

STEP = Forecast(Alone(QUANTUM_S), 0.0)
OVER = Forecast(None, 0.0)


def tiles(key: str, count: int, each_s: float = 0.005, most: int = 1 << 30) -> Forecast:
    return Forecast(Tiles(key, count, each_s, most), 0.0)


def turn(scheduler: Scheduler[str], now: float = 0.0) -> str:
    """Let the next job take a step of a quantum; return which."""
    decision = scheduler.next(now)
    assert isinstance(decision, Step), decision
    scheduler.spent(decision.job, QUANTUM_S)
    scheduler.update(decision.job, STEP)
    return decision.job


# --- in turn ----------------------------------------------------------------------------------


def test_nothing_to_do():
    assert Scheduler[str]().next(0.0) is None


def test_jobs_take_turns_whatever_their_deadlines():
    scheduler = Scheduler[str]()
    for job, deadline in (("a", 9.0), ("b", 5.0), ("c", 7.0)):
        scheduler.add(job, deadline, STEP)
    assert [turn(scheduler) for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]


def test_a_newcomer_is_first_once():
    scheduler = Scheduler[str]()
    scheduler.add("a", 9.0, STEP)
    scheduler.add("b", 9.0, STEP)
    assert [turn(scheduler) for _ in range(21)][-1] == "a"
    scheduler.add("new", 9.0, STEP)
    assert [turn(scheduler) for _ in range(4)] == ["new", "b", "a", "new"]


def test_who_took_longer_than_a_turn_waits_for_the_others():
    scheduler = Scheduler[str]()
    scheduler.add("slow", 9.0, STEP)
    scheduler.add("quick", 9.0, STEP)
    assert scheduler.next(0.0) == Step("slow")
    scheduler.spent("slow", 3 * QUANTUM_S)
    assert [turn(scheduler) for _ in range(5)] == ["quick"] * 3 + ["slow", "quick"]


def test_a_debt_is_bounded():
    scheduler = Scheduler[str]()
    scheduler.add("slow", 9.0, STEP)
    scheduler.add("quick", 9.0, STEP)
    assert scheduler.next(0.0) == Step("slow")
    scheduler.spent("slow", 100.0)
    assert "slow" in [turn(scheduler) for _ in range(6)]


def test_a_job_that_may_not_step_is_passed_over_and_gathers_no_credit():
    scheduler = Scheduler[str]()
    scheduler.add("stalled", 5.0, STEP)
    scheduler.add("fine", 9.0, STEP)
    for _ in range(20):
        assert scheduler.next(0.0, lambda job: job == "fine") == Step("fine")
        scheduler.spent("fine", QUANTUM_S)
    assert scheduler.next(0.0, lambda _: False) is None
    assert [turn(scheduler) for _ in range(4)].count("fine") == 2
    assert scheduler.next(4.99, lambda _: False) == Conclude("stalled")


def test_news_of_a_job_that_is_gone_are_ignored():
    scheduler = Scheduler[str]()
    scheduler.update("gone", STEP)
    scheduler.spent("gone", 1.0)
    scheduler.remove("gone")
    assert scheduler.next(0.0) is None
    assert len(scheduler) == 0


@settings(derandomize=True, database=None)
@given(works=st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(0.0, 3.0)), min_size=1, max_size=8))
def test_nobody_waits_for_more_turns_than_there_are_others(works: list[tuple[float, float]]):
    jobs = [
        Job(str(i), 1e6 - i, work_s, conclude_s=0.01, arrival=arrival, each_s=QUANTUM_S, key=i)
        for i, (work_s, arrival) in enumerate(works)
    ]
    engine = FakeEngine(jobs)
    engine.run()
    waited: dict[str, int] = {}
    for each in engine.turns:
        for name in each.present:
            turns = not isinstance(each.decision, Conclude)
            waited[name] = 0 if name in each.names else waited.get(name, 0) + turns
            assert waited[name] < len(jobs)


@pytest.mark.parametrize("floor_s", [0.0, 30.0])
def test_a_small_job_behind_a_large_one_has_half_of_the_device(floor_s: float):
    large = Job("large", 5.0, 100.0, floor_s=floor_s, conclude_s=0.2)
    small = Job("small", 9.0, 1.0, conclude_s=0.01, arrival=1.0)
    FakeEngine([large, small]).run()
    assert small.ended is not None
    assert small.ended <= 1.0 + 2 * 1.0 + 0.01 + 2 * QUANTUM_S


# --- batches ----------------------------------------------------------------------------------


def test_a_batch_is_a_quantum_of_the_tiles_of_those_that_can_share_it():
    scheduler = Scheduler[str]()
    scheduler.add("a", 9.0, tiles("small", 4))
    scheduler.add("other", 9.0, tiles("large", 4))
    scheduler.add("b", 9.0, tiles("small", 3))
    scheduler.add("c", 9.0, tiles("small", 50))
    assert scheduler.next(0.0) == Batch("small", (("a", 4), ("b", 3), ("c", 3)))


def test_who_is_apart_shares_no_batch():
    scheduler = Scheduler[str]()
    scheduler.add("apart", 9.0, tiles("small", 4), apart=True)
    scheduler.add("a", 9.0, tiles("small", 3))
    scheduler.add("b", 9.0, tiles("small", 2))
    for shares in ((("apart", 4),), (("a", 3), ("b", 2))):
        decision = scheduler.next(0.0)
        assert decision == Batch("small", shares)
        for job, _ in shares:
            scheduler.spent(job, QUANTUM_S)


def test_a_batch_fits_the_memory_and_is_never_empty():
    scheduler = Scheduler[str]()
    scheduler.add("a", 9.0, tiles("k", 100, most=6))
    assert scheduler.next(0.0) == Batch("k", (("a", 6),))
    scheduler.update("a", tiles("k", 100, each_s=3.0))
    assert scheduler.next(0.0) == Batch("k", (("a", 1),))


def test_who_may_not_step_or_concludes_has_no_part_in_a_batch():
    scheduler = Scheduler[str]()
    scheduler.add("a", 9.0, tiles("k", 1))
    scheduler.add("stalled", 9.0, tiles("k", 1))
    scheduler.add("ends", 1.0, Forecast(Tiles("k", 1, 0.005), 0.9))
    assert scheduler.next(0.1) == Conclude("ends")
    scheduler.spent("ends", QUANTUM_S)
    scheduler.update("ends", Forecast(Tiles("k", 1, 0.005), 0.2))
    assert scheduler.next(0.1, lambda job: job != "stalled") == Batch("k", (("a", 1),))


def test_a_batch_of_floors_takes_no_more_time_than_earlier_ends_leave():
    scheduler = Scheduler[str]()
    for job, deadline in (("y1", 0.2), ("y2", 0.22)):  # 20 ms to spare, and neither is due
        scheduler.add(job, deadline, Forecast(Alone(9.0), 0.1))
    scheduler.add("a", 1.0, Forecast(Tiles("k", 2, 0.005), 0.0, floor_s=0.01))
    scheduler.add("b", 1.0, Forecast(Tiles("k", 3, 0.005), 0.0, floor_s=0.015))
    scheduler.add("c", 1.0, Forecast(Alone(9.0), 0.0, floor_s=0.9))  # takes all that is left
    assert scheduler.next(0.0) == Batch("k", (("b", 3), ("a", 1)))


OFFERS = st.tuples(
    st.sampled_from("xy"), st.integers(1, 40), st.floats(1e-4, 0.2), st.integers(1, 30)
)


@settings(derandomize=True, database=None)
@given(offers=st.lists(OFFERS, min_size=1, max_size=12))
def test_no_batch_is_larger_than_it_may(offers: list[tuple[str, int, float, int]]):
    scheduler = Scheduler[int]()
    for job, (key, count, each_s, most) in enumerate(offers):
        scheduler.add(job, 99.0, tiles(key, count, each_s, most))
    batch = scheduler.next(0.0)
    assert isinstance(batch, Batch)
    total = sum(count for _, count in batch.shares)
    assert total <= min(offers[job][3] for job, _ in batch.shares)
    assert total == 1 or sum(offers[j][2] * n for j, n in batch.shares) <= QUANTUM_S + 1e-6
    assert len({job for job, _ in batch.shares}) == len(batch.shares)
    for job, count in batch.shares:
        assert offers[job][0] == batch.key
        assert 1 <= count <= offers[job][1]


# --- the end ----------------------------------------------------------------------------------


def test_a_finished_job_is_concluded_at_once():
    scheduler = Scheduler[str]()
    scheduler.add("a", 100.0, STEP)
    scheduler.add("b", 100.0, OVER)
    assert scheduler.next(0.0) == Conclude("b")


def test_a_quick_conclusion_goes_before_a_floor_but_makes_no_other_late():
    scheduler = Scheduler[str]()
    scheduler.add("floor", 1.0, Forecast(Alone(0.9), 0.1, floor_s=0.9, work_s=5.0))
    scheduler.add("over", 9.0, Forecast(None, 0.05))
    assert scheduler.next(0.0) == Conclude("over")
    assert scheduler.next(0.87) == Conclude("floor")


def test_a_job_is_concluded_when_another_turn_would_make_it_late():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, Forecast(Alone(0.2), 0.4))
    assert scheduler.next(9.54) == Step("a")
    assert scheduler.next(9.56) == Conclude("a")


def test_a_very_long_end_begins_early_for_those_that_come_meanwhile():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, Forecast(Alone(0.2), 2.0))
    assert scheduler.next(7.4) == Step("a")
    assert scheduler.next(7.5) == Conclude("a")
    scheduler.update("a", Forecast(Alone(0.2), 2.0))
    scheduler.spent("a", 0.05)
    scheduler.add("b", 20.0, Forecast(Alone(0.05), 0.01))
    assert scheduler.next(7.55) == Step("b")


def test_an_end_is_final():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, Forecast(Alone(0.2), 1.0))
    assert scheduler.next(9.0) == Conclude("a")
    scheduler.update("a", Forecast(Alone(0.2), 0.1))
    assert scheduler.next(9.0) == Conclude("a")


def test_a_long_step_that_cannot_be_divided_ends_nobody_early():
    scheduler = Scheduler[str]()
    scheduler.add("long", 100.0, tiles("k", 9, each_s=3.0))
    scheduler.add("short", 2.0, STEP)
    for now in (0.1, 1.0, 1.9):
        assert turn(scheduler, now) == "short"
    assert scheduler.next(1.99) == Conclude("short")


def test_jobs_with_one_deadline_are_concluded_in_time_for_the_last():
    jobs = [Job(str(number), 10.0, 100.0, conclude_s=0.5) for number in range(10)]
    FakeEngine(jobs).run()
    ends = [job.ended or 0.0 for job in jobs]
    assert 9.9 <= max(ends) <= 10.0 + 1e-6
    assert min(ends) >= 4.5


def test_a_job_that_cannot_be_on_time_does_not_end_the_others():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, Forecast(Alone(QUANTUM_S), 0.1))
    scheduler.add("hopeless", 10.1, Forecast(Alone(QUANTUM_S), 30.0))
    assert scheduler.next(0.0) == Conclude("hopeless")
    scheduler.remove("hopeless")
    assert scheduler.next(0.0) == Step("a")


def test_an_end_that_is_late_anyhow_holds_up_no_quick_one():
    scheduler = Scheduler[str]()
    scheduler.add("hopeless", 1.0, Forecast(Alone(QUANTUM_S), 30.0))
    scheduler.add("over", 9.0, Forecast(None, 0.01))
    assert scheduler.next(0.0) == Conclude("over")


def test_a_quick_end_does_not_overtake_one_that_is_late_already():
    scheduler = Scheduler[str]()
    scheduler.add("late", 1.0, Forecast(Alone(QUANTUM_S), 0.01))
    scheduler.add("over", 9.0, Forecast(None, 0.04))
    assert scheduler.next(0.995) == Conclude("late")


def test_what_is_due_does_not_make_an_earlier_end_late():
    scheduler = Scheduler[str]()
    scheduler.add("early", 0.08, Forecast(Alone(9.0), 0.02))
    scheduler.add("due", 0.14, Forecast(Alone(9.0), 0.1))
    assert scheduler.next(0.0) == Conclude("early")


def test_a_floors_turn_does_not_make_an_earlier_end_late():
    scheduler = Scheduler[str]()
    scheduler.add("early", 0.17, Forecast(Alone(9.0), 0.1))
    scheduler.add("floor", 1.0, Forecast(Alone(0.1), 0.0, floor_s=0.9))
    assert scheduler.next(0.0) == Conclude("early")


def test_a_long_conclusion_begins_early_and_takes_turns():
    large = Job("large", 5.0, 100.0, conclude_s=0.4)
    small = Job("small", 50.0, 40.0)
    engine = FakeEngine([large, small])
    engine.run(until=5.0)
    assert large.ended is not None
    first = next(each.at for each in engine.turns if isinstance(each.decision, Conclude))
    assert 5.0 - 0.8 - 3 * QUANTUM_S <= first <= 4.6
    during = [each for each in engine.turns if first <= each.at < large.ended]
    assert sum("small" in each.names for each in during) >= 0.4 / QUANTUM_S - 2


def test_alone_there_is_no_need_to_begin_early():
    large = Job("large", 5.0, 100.0, conclude_s=0.4)
    engine = FakeEngine([large])
    engine.run()
    assert large.done_s >= 5.0 - 0.4 - 2 * QUANTUM_S


JOBS = st.lists(
    st.builds(
        Job,
        name=st.just("job"),
        deadline=st.floats(0.2, 4.0),
        work_s=st.floats(0.0, 4.0),
        floor_s=st.floats(0.0, 3.0),
        conclude_s=st.one_of(st.floats(0.0, 0.04), st.floats(0.0, 0.6)),
        key=st.sampled_from([None, "x", "y"]),
        each_s=st.floats(1e-3, 0.02),
        arrival=st.floats(0.0, 3.0),
        size=st.floats(0.0, 2.0),
    ),
    max_size=10,
)


def admitted(jobs: list[Job], turn_s: float) -> list[Job]:
    """Those whose conclusions fit, earliest deadline first, even if all the others came at once.

    A turn that is under way when a job arrives goes on.
    """
    for number, job in enumerate(jobs):
        job.name = str(number)
        job.deadline += job.arrival
        job.floor_s = min(job.floor_s, job.work_s)
    taken: list[Job] = []
    for job in jobs:
        both = [*taken, job]
        if all(_fits(both, each.arrival, turn_s) for each in both):
            taken = both
    return taken


def _fits(jobs: list[Job], now: float, turn_s: float) -> bool:
    kept_s = turn_s
    for job in sorted(jobs, key=lambda job: job.deadline):
        if job.deadline < now:
            continue
        kept_s += job.conclude_s
        if now + kept_s > job.deadline:
            return False
    return True


@settings(derandomize=True, database=None)
@given(jobs=JOBS, most_size=st.sampled_from([math.inf, 2.0]))
@example(
    jobs=[
        Job("a", 1.07, 9.0, conclude_s=0.02),
        Job("b", 1.15, 9.0, conclude_s=0.1, key="x"),
        Job("c", 3.0, 0.005),
    ],
    most_size=math.inf,
)
def test_every_job_whose_conclusion_fits_is_over_by_its_deadline(jobs: list[Job], most_size: float):
    jobs = admitted(jobs, LONG_S)
    engine = FakeEngine(jobs, most_size)
    engine.run()
    for job in jobs:
        assert job.ended is not None
        assert job.ended <= job.deadline + 1e-6
    assert len(engine.scheduler) == 0


@settings(derandomize=True, database=None)
@given(jobs=JOBS, slowness=st.floats(0.3, 3.0))
def test_work_that_was_estimated_wrong_delays_an_end_by_a_turn_at_most(
    jobs: list[Job], slowness: float
):
    jobs = admitted(jobs, LONG_S * max(1.0, slowness))
    for job in jobs:
        job.slowness = slowness
    FakeEngine(jobs).run()
    for job in jobs:
        assert job.ended is not None
        assert job.ended <= job.deadline + LONG_S * max(0.0, slowness - 1.0) + 1e-6


# --- floors -----------------------------------------------------------------------------------


def test_a_floor_goes_before_what_others_have_left():
    wide = Job("wide", 9.0, 100.0)
    tight = Job("tight", 2.0, 100.0, floor_s=1.5, conclude_s=0.1)
    FakeEngine([wide, tight]).run(until=2.0)
    assert tight.floored
    assert wide.done_s >= 0.3


def test_of_two_floors_the_one_with_less_time_to_spare_goes_first():
    scheduler = Scheduler[str]()
    scheduler.add("later", 2.0, Forecast(Alone(9.0), 0.0, floor_s=1.0, work_s=9.0))
    scheduler.add("sooner", 1.9, Forecast(Alone(9.0), 0.0, floor_s=0.2, work_s=9.0))
    scheduler.add("wide", 9.0, STEP)
    assert scheduler.next(0.78) == Step("later")


def test_a_newcomers_floor_takes_nothing_from_those_that_were_promised():
    first = Job("first", 2.0, 100.0, floor_s=1.8, conclude_s=0.05)
    second = Job("second", 2.0, 100.0, floor_s=1.0, conclude_s=0.05, arrival=0.3)
    FakeEngine([first, second]).run()
    assert first.floored
    assert not second.floored


def test_what_becomes_free_is_promised_anew():
    scheduler = Scheduler[str]()
    scheduler.add("first", 2.0, Forecast(Alone(9.0), 0.0, floor_s=2.0, work_s=9.0))
    scheduler.add("second", 2.0, Forecast(Alone(9.0), 0.0, floor_s=1.9, work_s=9.0))
    scheduler.add("wide", 9.0, STEP)
    assert {scheduler.next(0.0) for _ in range(5)} == {Step("first")}
    scheduler.remove("first")
    assert {scheduler.next(0.06) for _ in range(5)} == {Step("second")}


def test_a_part_of_a_floor_that_was_promised_shrinks_as_it_is_done():
    scheduler = Scheduler[str]()
    scheduler.add("first", 2.0, Forecast(Alone(9.0), 0.0, floor_s=1.0, work_s=9.0))
    scheduler.add("second", 2.0, Forecast(Alone(9.0), 0.0, floor_s=1.5, work_s=9.0))
    for number in range(20):
        scheduler.add(f"other{number}", 9.0, planned(50.0))
    scheduler.next(0.0)
    assert scheduler.expected_s("second", 0.0) == pytest.approx(1.0)
    scheduler.update("second", Forecast(Alone(9.0), 0.0, floor_s=1.0, work_s=9.0))
    assert scheduler.expected_s("second", 0.0) == pytest.approx(0.5)


def test_nobody_waits_for_the_floor_of_a_job_that_may_not_step():
    scheduler = Scheduler[str]()
    scheduler.add("stalled", 2.0, Forecast(Alone(9.0), 0.0, floor_s=1.95, work_s=9.0))
    scheduler.add("wide", 9.0, STEP)
    assert {scheduler.next(0.04) for _ in range(5)} == {Step("stalled")}
    assert scheduler.next(0.05, lambda job: job != "stalled") == Step("wide")


def test_a_floor_that_grew_beyond_hope_is_given_up():
    scheduler = Scheduler[str]()
    scheduler.add("a", 2.0, Forecast(Alone(9.0), 0.0, floor_s=1.9, work_s=9.0))
    scheduler.add("b", 9.0, STEP)
    assert {scheduler.next(0.1) for _ in range(5)} == {Step("a")}
    scheduler.update("a", Forecast(Alone(9.0), 0.0, floor_s=5.0, work_s=9.0))
    assert {scheduler.next(0.1) for _ in range(5)} == {Step("a"), Step("b")}


@settings(derandomize=True, database=None)
@given(floors=st.lists(st.floats(0.05, 0.8), min_size=1, max_size=6), data=st.data())
def test_floors_that_fit_together_are_all_kept(floors: list[float], data: st.DataObject):
    jobs, end = [], LONG_S
    for number, floor_s in enumerate(floors):
        conclude_s = data.draw(st.floats(0.0, 0.2))
        # A floor is done in whole turns, and an early conclusion of another may come before it.
        end += floor_s + LONG_S + conclude_s
        jobs.append(Job(str(number), end, 99.0, floor_s, conclude_s))
    FakeEngine([*data.draw(st.permutations(jobs)), Job("wide", 2 * end, 99.0)]).run()
    assert all(job.floored for job in jobs)


@settings(derandomize=True, database=None)
@given(
    hopeless=st.lists(st.tuples(st.floats(0.5, 5.0), st.floats(1.01, 9.0)), min_size=1, max_size=5)
)
def test_hopeless_floors_starve_nobody(hopeless: list[tuple[float, float]]):
    jobs = [
        Job(str(i), deadline, 99.0, floor_s=deadline * more)
        for i, (deadline, more) in enumerate(hopeless)
    ]
    small = Job("small", 20.0, 0.4, floor_s=0.1)
    FakeEngine([*jobs, small]).run(until=20.0)
    assert small.ended is not None
    assert small.ended <= 0.4 * (len(jobs) + 1) + 2 * QUANTUM_S * (len(jobs) + 1)


# --- memory -----------------------------------------------------------------------------------


def test_jobs_that_have_no_room_wait_and_smaller_ones_pass():
    scheduler = Scheduler[str](most_size=10.0)
    for job, size in (("huge", 50.0), ("a", 6.0), ("b", 5.0), ("c", 4.0)):
        scheduler.add(job, 9.0, STEP, size)
    assert {turn(scheduler) for _ in range(4)} == {"huge"}
    scheduler.remove("huge")
    assert {turn(scheduler) for _ in range(4)} == {"a", "c"}
    scheduler.remove("a")
    assert {turn(scheduler) for _ in range(4)} == {"b", "c"}


def test_a_deadline_that_passes_while_waiting_ends_the_wait():
    scheduler = Scheduler[str](most_size=1.0)
    scheduler.add("a", 100.0, STEP, 1.0)
    scheduler.add("b", 1.0, Forecast(Alone(9.0), 0.1, floor_s=0.5), 1.0)
    assert scheduler.next(0.5) == Step("a")
    assert scheduler.next(0.87) == Conclude("b")


@settings(derandomize=True, database=None)
@given(sizes=st.lists(st.floats(0.0, 15.0), min_size=1, max_size=9))
def test_never_more_have_begun_than_fit(sizes: list[float]):
    jobs = [Job(str(i), 99.0, 0.2, size=size) for i, size in enumerate(sizes)]
    engine = FakeEngine(jobs, most_size=10.0)
    engine.run()
    begun: set[str] = set()
    for each in engine.turns:
        begun = (begun & each.present) | set(each.names)
        assert len(begun) == 1 or sum(sizes[int(name)] for name in begun) <= 10.0 + 1e-9
    assert all(job.left_s == 0.0 for job in jobs)


# --- what can be expected -----------------------------------------------------------------------


def planned(work_s: float, conclude_s: float = 0.0) -> Forecast:
    return Forecast(Alone(QUANTUM_S), conclude_s, work_s=work_s)


def test_alone_a_job_expects_all_of_its_time():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, planned(3.0, conclude_s=1.0))
    assert scheduler.expected_s("a", 2.0) == pytest.approx(7.0)
    assert scheduler.expected_s("a", 20.0) == 0.0
    assert scheduler.eta_s("a", 2.0) == pytest.approx(4.0)
    assert scheduler.eta_s("a", 9.5) == pytest.approx(0.5)


def test_a_small_neighbour_takes_what_it_needs_and_a_large_one_half():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, planned(50.0))
    scheduler.add("small", 30.0, planned(1.0, conclude_s=2.0))
    assert scheduler.expected_s("a", 0.0) == pytest.approx(9.0)
    scheduler.add("large", 30.0, planned(50.0))
    assert scheduler.expected_s("a", 0.0) == pytest.approx(4.5)
    assert scheduler.eta_s("small", 0.0) == pytest.approx(1.0 + 2.0 + 3.0 + 3.0)


def test_a_neighbour_takes_no_more_than_its_deadline_leaves_it():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, planned(50.0))
    scheduler.add("ends", 2.0, planned(50.0, conclude_s=1.0))
    assert scheduler.expected_s("a", 0.0) == pytest.approx(10.0 - 1.0 - 1.0)


def test_a_promised_floor_can_be_expected():
    scheduler = Scheduler[str]()
    scheduler.add("a", 10.0, Forecast(Alone(1.0), 0.0, floor_s=9.0, work_s=9.0))
    for number in range(9):
        scheduler.add(f"other{number}", 10.0, planned(50.0))
    scheduler.next(0.0)
    assert scheduler.expected_s("a", 0.0) == pytest.approx(9.0)


@settings(derandomize=True, database=None)
@given(
    own_s=st.floats(0.5, 20.0),
    others=st.lists(st.tuples(st.floats(0.1, 30.0), st.floats(0.0, 20.0)), max_size=8),
)
def test_what_is_expected_together_fits(own_s: float, others: list[tuple[float, float]]):
    scheduler = Scheduler[int]()
    scheduler.add(-1, own_s, planned(99.0))
    for number, (deadline, work_s) in enumerate(others):
        scheduler.add(number, deadline, planned(work_s))
    mine = scheduler.expected_s(-1, 0.0)
    theirs = sum(min(mine, work_s, deadline) for deadline, work_s in others)
    assert mine + theirs == pytest.approx(own_s) or mine + theirs <= own_s
    assert mine >= own_s / (len(others) + 1) - 1e-9
