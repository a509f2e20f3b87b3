from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.admission import Admission, Place, Work, Workers
from service.jobs.work import CONCLUDE_S_PER_MP
from service.problems import Busy, NotReady, TooFast
from worker.wire.messages import Hello

HELLO = Hello(
    device="cpu",
    device_name="test",
    warning=None,
    shade_s_per_mp=1.0,
    field_s_per_mp=1.0,
    coarse_s_per_mp=0.2,
)
READY = {"child": HELLO}
FAST = msgspec.structs.replace(HELLO, device="cuda:0", field_s_per_mp=0.01, shade_s_per_mp=0.01)
TWO = {"a": HELLO, "b": HELLO}
FLOOR_S = 1.2 + CONCLUDE_S_PER_MP  # that a megapixel to be shaded reserves


def work(megapixels: float = 1.0, deadline: float = 10.0, passes: int = 4) -> Work:
    return Work("shade", int(megapixels * 1e6), passes, deadline)


def filled(admission: Admission, each: Work, ready: Workers = READY) -> list[Place]:
    """Places for this work until no more is let in."""
    places = []
    try:
        while True:
            places.append(admission.reserve(each, ready, 0))
    except Busy:
        return places


def test_without_a_worker_nobody_gets_in():
    with pytest.raises(NotReady) as refused:
        Admission(8).reserve(work(), {}, 0)
    assert refused.value.retry_after


def test_later_passes_keep_nobody_out():
    few, many = (len(filled(Admission(100), work(passes=passes))) for passes in (1, 16))
    assert few == many == int(10 / FLOOR_S)


def test_who_asks_for_a_later_deadline_gets_in_where_an_earlier_one_does_not():
    admission = Admission(100)
    filled(admission, work(deadline=5))
    with pytest.raises(Busy):
        admission.reserve(work(deadline=4), READY, 0)
    admission.reserve(work(deadline=5 + FLOOR_S), READY, 0)


def test_an_early_deadline_gets_in_before_late_ones_only_if_these_still_fit():
    admission = Admission(100)
    admission.reserve(work(deadline=10), READY, 0)
    admission.reserve(work(deadline=FLOOR_S), READY, 0)
    full = Admission(100)
    filled(full, work(deadline=10))
    with pytest.raises(Busy):
        full.reserve(work(deadline=FLOOR_S), READY, 0)


def test_images_too_large_for_their_floor_keep_no_small_one_out():
    admission = Admission(100)
    large = filled(admission, work(20))
    assert len(large) == 4
    assert len(filled(admission, work(0.1))) > 10


def test_floors_come_before_images_that_are_too_large_for_theirs():
    admission = Admission(100)
    filled(admission, work())
    with pytest.raises(Busy):
        admission.reserve(work(20), READY, 0)


def test_the_bound_by_count_holds_and_a_place_given_back_is_free():
    admission = Admission(2)
    first = admission.reserve(work(), READY, 0)
    admission.reserve(work(), READY, 0)
    with pytest.raises(Busy):
        admission.reserve(work(), READY, 0)
    first.release()
    first.release()
    admission.reserve(work(), READY, 0)


def test_the_place_is_given_back_when_its_block_fails():
    admission = Admission(1)
    with pytest.raises(ZeroDivisionError), admission.reserve(work(), READY, 0):
        raise ZeroDivisionError
    assert not admission.places


def test_a_refusal_says_when_there_is_room_again():
    admission = Admission(1000)
    places = filled(admission, work())
    reserved_s = sum(each.reserved_s(0) for each in places)
    with pytest.raises(Busy) as refused:
        admission.reserve(work(3), READY, 0)
    wait_s = refused.value.retry_after
    assert wait_s is not None
    assert reserved_s + 3 * FLOOR_S - 10 <= wait_s <= reserved_s + 3 * FLOOR_S - 10 + 1
    for place in places[: int(wait_s / FLOOR_S) + 1]:  # what the worker has done by then
        place.release()
    admission.reserve(work(3, deadline=wait_s + 10), READY, wait_s)


def test_progress_makes_room():
    admission = Admission(1000)
    places = filled(admission, work())
    with pytest.raises(Busy):
        admission.reserve(work(), READY, 0)
    places[0].progress(0.5)
    places[0].progress(0.1)  # a second run starts over, but not its deadline
    admission.reserve(work(), READY, 0)


def test_alone_every_job_gets_in():
    Admission(1).reserve(Work("shade", 10**9, 16, 3600), READY, 0)
    Admission(1).reserve(Work("shade", 10**9, 16, 0.5), READY, 0)


def test_alone_the_quote_is_what_it_costs():
    quote = Admission(8).reserve(work(passes=2), READY, 0).quote
    assert (quote.position, quote.expected, quote.passes) == (0, "complete", 2)
    assert quote.seconds == pytest.approx(4 + CONCLUDE_S_PER_MP)


def test_the_quote_shares_the_worker_with_those_who_are_there():
    admission = Admission(8)
    admission.reserve(work(passes=1), READY, 0)
    quote = admission.reserve(work(passes=4), READY, 0).quote
    assert quote.position == 1
    assert quote.expected == "partial"  # 8 s, and 2 for the other one
    assert quote.seconds == 10
    assert quote.passes == 3
    small = admission.reserve(work(0.1, passes=4), READY, 0).quote
    assert small.expected == "complete"
    assert 0.8 < small.seconds < 3


def test_what_cannot_be_reached_is_not_promised():
    quote = Admission(8).reserve(work(100, passes=4), READY, 0).quote
    assert (quote.expected, quote.passes, quote.seconds) == ("partial", 0, 10)


def test_jobs_that_took_longer_make_the_next_quote_longer():
    admission = Admission(8)
    before = admission.reserve(work(passes=1), READY, 0)
    for _ in range(20):
        before.learn(4.0)
    before.release()
    after = admission.reserve(work(passes=1), READY, 0)
    assert after.quote.seconds == pytest.approx(4, rel=0.1)
    field = Work("field", 1_000_000, 1, 10)
    assert admission.reserve(field, READY, 0).cost.full == pytest.approx(1)  # another kind


@given(
    st.lists(
        st.tuples(st.integers(1, 50_000_000), st.integers(1, 16), st.floats(0.01, 10)), max_size=40
    ),
)
def test_the_bounds_hold_whatever_comes(jobs: list[tuple[int, int, float]]):
    admission = Admission(16)
    refused = []
    for pixels, passes, deadline in jobs:
        asked = Work("shade", pixels, passes, deadline)
        try:
            quote = admission.reserve(asked, READY, 0).quote
            assert 0 <= quote.seconds <= deadline
            assert 0 <= quote.passes <= passes
            assert quote.passes == passes or quote.expected == "partial"
        except Busy as busy:
            refused.append(busy.retry_after or 0.0)
    assert all(1 <= wait_s <= 11 for wait_s in refused)
    assert len(admission.places) <= 16
    for limit in {each.deadline for each in admission.places}:
        due = sum(p.reserved_s(0) for p in admission.places if p.deadline <= limit)
        assert due <= limit + 1e-6


# --- several workers ------------------------------------------------------------------------------


def seats(admission: Admission) -> dict[str, int]:
    """How many places there are with each worker."""
    return Counter(place.worker for place in admission.places)


def test_two_workers_let_twice_as_many_in_and_share_them():
    admission = Admission(100)
    filled(admission, work(), ready=TWO)
    assert seats(admission) == {"a": int(10 / FLOOR_S), "b": int(10 / FLOOR_S)}
    assert admission.queued_s("a", 0) == pytest.approx(admission.queued_s("b", 0))


def test_the_total_is_bound_over_all_workers():
    admission = Admission(3)
    for _ in range(3):
        admission.reserve(work(0.01), TWO, 0)
    with pytest.raises(Busy, match="All 3 places"):
        admission.reserve(work(0.01), TWO, 0)


def test_a_job_goes_where_it_would_be_through_first():
    admission = Admission(100)
    ready = {"slow": HELLO, "fast": FAST}
    places = [admission.reserve(work(), ready, 0) for _ in range(4)]
    assert {place.worker for place in places} == {"fast"}
    assert {place.device for place in places} == {"cuda:0"}
    for _ in range(50):  # until the fast one has as much to do
        admission.reserve(work(0.1), ready, 0)
    assert set(seats(admission)) == {"slow", "fast"}


def test_what_fits_on_one_worker_alone_goes_there():
    admission = Admission(100)
    for _ in range(3):  # little that is promised on `a`, much of `b`
        admission.reserve(work(passes=16), {"a": HELLO}, 0)
    filled_b = int(10 / FLOOR_S)
    for _ in range(filled_b):
        admission.reserve(work(passes=1), {"b": HELLO}, 0)
    assert admission.queued_s("a", 0) > admission.queued_s("b", 0)
    assert admission.reserve(work(), TWO, 0).worker == "a"


def test_a_refusal_by_all_names_the_shortest_wait():
    admission = Admission(100)
    for deadline, worker in ((10.0, "a"), (4.0, "b")):
        for _ in range(int(deadline / FLOOR_S)):
            admission.reserve(work(deadline=deadline), {worker: HELLO}, 0)
    asked = work(deadline=2 * FLOOR_S)
    waits = []
    for ready in ({"a": HELLO}, {"b": HELLO}, TWO):
        with pytest.raises(Busy) as refused:
            admission.reserve(asked, ready, 0)
        waits.append(refused.value.retry_after)
    assert waits[2] == min(waits[:2]) < max(waits[:2])


def test_the_quote_is_of_the_jobs_at_the_same_worker():
    admission = Admission(100)
    first = admission.reserve(work(passes=1), TWO, 0).quote
    second = admission.reserve(work(passes=1), TWO, 0).quote
    third = admission.reserve(work(passes=1), TWO, 0).quote
    assert [each.position for each in (first, second, third)] == [0, 0, 1]
    assert first.seconds == second.seconds < third.seconds


def test_the_places_of_a_dead_worker_are_spread_by_what_the_others_have_to_do():
    admission = Admission(100)
    ready = dict.fromkeys("abc", HELLO)
    dead = [admission.reserve(work(passes=4, deadline=30), {"a": HELLO}, 0) for _ in range(4)]
    admission.reserve(work(passes=4, deadline=30), {"b": HELLO}, 0)
    admission.reserve(work(passes=4, deadline=30), {"b": HELLO}, 0)
    del ready["a"]
    moved = [place.choose(ready, 0) for place in dead]
    assert moved == ["c", "c", "b", "c"] or moved == ["c", "c", "c", "b"]
    assert seats(admission) == {"b": 3, "c": 3}
    assert [place.choose(ready, 1) for place in dead] == moved  # and stay


def test_a_place_that_moves_costs_what_it_takes_there_and_keeps_what_is_done():
    admission = Admission(8)
    place = admission.reserve(work(), {"a": HELLO}, 0)
    place.progress(0.5)
    assert place.choose({"b": FAST}, 0) == "b"
    assert place.device == "cuda:0"
    assert place.left_s(0) == pytest.approx(CONCLUDE_S_PER_MP + 0.5 * 4 * 0.02)
    assert admission.queued_s("a", 0) == 0


def test_where_it_would_keep_no_promise_a_place_moves_to_who_can_take_it_soonest():
    admission = Admission(100)
    place = admission.reserve(work(deadline=3), {"a": HELLO}, 0)
    for deadline, worker in ((10.0, "b"), (3.0, "c")):
        for _ in range(int(deadline / FLOOR_S)):
            admission.reserve(work(deadline=deadline), {worker: HELLO}, 0)
    assert place.choose({"b": HELLO, "c": HELLO}, 0) == "c"


# --- owners ---------------------------------------------------------------------------------------


def test_one_key_gets_half_of_the_places():
    admission = Admission(5)
    mine = [admission.reserve(work(0.01), READY, 0, "alice") for _ in range(2)]
    with pytest.raises(TooFast, match="2 of 5 places") as refused:
        admission.reserve(work(0.01), READY, 0, "alice")
    assert refused.value.retry_after
    for _ in range(2):
        admission.reserve(work(0.01), READY, 0, "bob")
    mine[0].release()
    admission.reserve(work(0.01), READY, 0, "alice")


def test_without_keys_nobody_has_a_share_and_one_place_is_for_anybody():
    admission = Admission(4)
    for _ in range(4):
        admission.reserve(work(0.01), READY, 0)
    Admission(1).reserve(work(0.01), READY, 0, "alice")
