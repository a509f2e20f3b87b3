"""The chaos run: its plan, its account of jobs, and a short one over real processes."""

from collections import Counter
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock

from benchmarks.chaos.blows import LASTS_S, plan
from benchmarks.chaos.cases import Case, Kept, Told, Way, account
from benchmarks.chaos.house import Stopped
from benchmarks.chaos.report import accounts, complaints, page, struck
from benchmarks.chaos.run import Options, Results, run
from benchmarks.chaos.troubles import SLOW, Clock, Troubles
from tests.benchmarks.load_samples import request

# --- the plan ------------------------------------------------------------------------------------


def test_a_seed_says_everything():
    assert plan(1, 60, 4.0) == plan(1, 60, 4.0)
    assert plan(1, 60, 4.0) != plan(2, 60, 4.0)


def test_each_blow_falls_once_before_any_falls_again():
    blows = plan(3, 600, 4.0)
    kinds = [each.kind for each in blows]
    count = len(LASTS_S)
    for first in range(0, len(kinds) - count, count):
        assert set(kinds[first : first + count]) == set(LASTS_S)
    assert [each.at_s for each in blows] == sorted(each.at_s for each in blows)
    assert len(blows) == pytest.approx(150, abs=20)
    assert "fill the disk" not in {each.kind for each in plan(3, 60, 4.0, ["fill the disk"])}


# --- the account ---------------------------------------------------------------------------------


def case(told: Told, way: Way = "asks later", **more: object) -> Case:
    return replace(Case(way, request(), 0.0, "job", told), **more)  # type: ignore[arg-type]


SAME = Kept(200, "complete", "digest")
CUT_OFF = Kept(200, "partial", "digest", "interrupted by a restart")
FIELD = replace(request(), kind="field")


@pytest.mark.parametrize(
    ("told", "kept", "end"),
    [
        (case("complete", picture="digest"), SAME, "complete"),
        (case("complete"), SAME, "complete"),
        (case("complete", picture="digest"), Kept(410), "complete"),  # evicted
        (case("partial"), Kept(200, "partial", "digest"), "partial"),
        (case("failed"), Kept(200, "failed"), "failed"),
        (case("cancelled", "cancels"), Kept(410), "cancelled"),
        (case("refused", job=None), None, "refused"),
        (case("cut off", "waits", job=None), None, "cut off"),
        (case("complete", picture="digest", request=FIELD), CUT_OFF, "partial"),
        (case("silent", full=True), Kept(200, "partial"), "partial"),
        (case("complete", picture="digest", full=True), Kept(200, "partial", "other"), "partial"),
    ],
)
def test_what_is_sound(told: Case, kept: Kept | None, end: str):
    found = account(told, kept)
    assert (found.end, found.sound) == (end, True)


@pytest.mark.parametrize(
    ("told", "kept", "end"),
    [
        (case("complete", picture="digest"), Kept(404), "lost"),
        (case("silent"), Kept(410), "lost"),
        (case("complete"), Kept(200, "complete", None), "lost"),
        (case("complete", picture="digest"), CUT_OFF, "changed"),
        (case("complete", request=FIELD), Kept(200, "partial", "digest"), "changed"),
        (case("complete", picture="other", request=FIELD), CUT_OFF, "changed"),
        (case("complete", picture="digest"), Kept(200, "complete", "other"), "changed"),
        (case("partial", picture="digest"), Kept(200, "partial", None), "changed"),
        (case("partial"), Kept(200, "running"), "silent"),
        (case("silent"), SAME, "silent"),
        (case("silent", job=None), None, "silent"),
        (case("error", note="500"), SAME, "error"),
        (case("complete"), Kept(500), "error"),
    ],
)
def test_what_nothing_excuses(told: Case, kept: Kept | None, end: str):
    found = account(told, kept)
    assert (found.end, found.sound) == (end, False)


async def test_a_trouble_excuses_what_falls_into_its_time():
    troubles = Troubles()
    with troubles.during("no service"):
        began = troubles.windows[0].began
        assert troubles.any("no service", began + 1)  # it goes on
    ended = troubles.windows[0].ended
    assert troubles.any("no service", began - 2, began)
    assert not troubles.any("no service", began - 2, began - 1)
    assert not troubles.any("no service", ended + 1)
    assert not troubles.any("full disk", began)
    await troubles.wait_over("no service")


LEAPING = pytest.param(("trio", {"clock": MockClock(autojump_threshold=0)}), id="clock")


@pytest.mark.parametrize("anyio_backend", [LEAPING])
async def test_the_clock_is_slow_while_nobody_takes_work():
    clock = Clock(Troubles())
    with clock.troubles.during("no worker"):
        await trio.sleep(0.2)
        with clock.troubles.during("no service"):
            await trio.sleep(0.2)
    assert clock.troubles.lasted() == pytest.approx(0.4)
    assert clock.now() == pytest.approx(0.4 * SLOW)
    await clock.sleep_until(0.3)
    assert clock.now() == pytest.approx(0.3)


# --- a short run ---------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_under_every_blow_every_job_is_accounted_for(workers: int):
    results = run(Options(8, seed=1, rate=2.5, every_s=0.9, most_side=256, workers=workers))
    missing = set() if results.small_disk else {"fill the disk"}
    missing |= set() if workers > 1 else {"kill all workers"}
    assert results.complaints == [], "\n".join([accounts(results), *results.complaints])
    kinds = {each.kind for each in results.struck}
    assert kinds == set(LASTS_S) - missing
    ends = Counter(each.end for _, each in results.accounts)
    assert ends["complete"] + ends["partial"] > 0


def test_the_page_tells_what_is_not_accounted_for():
    told, lost = case("complete", job="job-that-was"), Kept(404)
    results = Results(
        options=Options(60, 1, 1.0, 4.0, 256),
        accounts=[(told, account(told, lost))],
        struck=[],
        small_disk=True,
        left={"itten_places_taken": 2.0},
        orphans=1,
        failed_starts=0,
        stopped=Stopped(1, 0.5),
        works=False,
    )
    text = page(results, "a machine")
    assert "job-that-was: lost" in text
    assert accounts(results) in text
    assert struck(results) in text
    assert complaints(results).count("\n") == 4
