import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.admission import Admission, Place, Work, fair_share, first_fit
from service.jobs.work import CONCLUDE_S_PER_MP
from service.problems import Busy, NotReady
from worker.wire.messages import Hello

HELLO = Hello(
    device="cpu",
    device_name="test",
    warning=None,
    shade_s_per_mp=1.0,
    field_s_per_mp=1.0,
    coarse_s_per_mp=0.2,
)
FLOOR_S = 1.2 + CONCLUDE_S_PER_MP  # that a megapixel to be shaded reserves


def work(megapixels: float = 1.0, deadline: float = 10.0, passes: int = 4) -> Work:
    return Work("shade", int(megapixels * 1e6), passes, deadline)


def filled(admission: Admission, each: Work, now: float = 0.0) -> list[Place]:
    """Places for this work until no more is let in."""
    places = []
    try:
        while True:
            places.append(admission.reserve(each, HELLO, now))
    except Busy:
        return places


def test_without_a_worker_nobody_gets_in():
    with pytest.raises(NotReady) as refused:
        Admission(8).reserve(work(), None, 0)
    assert refused.value.retry_after


def test_later_passes_keep_nobody_out():
    few, many = (len(filled(Admission(100), work(passes=passes))) for passes in (1, 16))
    assert few == many == int(10 / FLOOR_S)


def test_who_asks_for_a_later_deadline_gets_in_where_an_earlier_one_does_not():
    admission = Admission(100)
    filled(admission, work(deadline=5))
    with pytest.raises(Busy):
        admission.reserve(work(deadline=4), HELLO, 0)
    admission.reserve(work(deadline=5 + FLOOR_S), HELLO, 0)


def test_an_early_deadline_gets_in_before_late_ones_only_if_these_still_fit():
    admission = Admission(100)
    admission.reserve(work(deadline=10), HELLO, 0)
    admission.reserve(work(deadline=FLOOR_S), HELLO, 0)
    full = Admission(100)
    filled(full, work(deadline=10))
    with pytest.raises(Busy):
        full.reserve(work(deadline=FLOOR_S), HELLO, 0)


def test_images_too_large_for_their_floor_keep_no_small_one_out():
    admission = Admission(100)
    large = filled(admission, work(20))
    assert len(large) == 4
    assert len(filled(admission, work(0.1))) > 10


def test_floors_come_before_images_that_are_too_large_for_theirs():
    admission = Admission(100)
    filled(admission, work())
    with pytest.raises(Busy):
        admission.reserve(work(20), HELLO, 0)


def test_the_bound_by_count_holds_and_a_place_given_back_is_free():
    admission = Admission(2)
    first = admission.reserve(work(), HELLO, 0)
    admission.reserve(work(), HELLO, 0)
    with pytest.raises(Busy):
        admission.reserve(work(), HELLO, 0)
    first.release()
    first.release()
    admission.reserve(work(), HELLO, 0)


def test_the_place_is_given_back_when_its_block_fails():
    admission = Admission(1)
    with pytest.raises(ZeroDivisionError), admission.reserve(work(), HELLO, 0):
        raise ZeroDivisionError
    assert not admission.places


def test_a_refusal_says_when_there_is_room_again():
    admission = Admission(1000)
    places = filled(admission, work())
    reserved_s = sum(each.reserved_s(0) for each in places)
    with pytest.raises(Busy) as refused:
        admission.reserve(work(3), HELLO, 0)
    wait_s = refused.value.retry_after
    assert wait_s is not None
    assert reserved_s + 3 * FLOOR_S - 10 <= wait_s <= reserved_s + 3 * FLOOR_S - 10 + 1
    for place in places[: int(wait_s / FLOOR_S) + 1]:  # what the worker has done by then
        place.release()
    admission.reserve(work(3, deadline=wait_s + 10), HELLO, wait_s)


def test_progress_makes_room():
    admission = Admission(1000)
    places = filled(admission, work())
    with pytest.raises(Busy):
        admission.reserve(work(), HELLO, 0)
    places[0].progress(0.5)
    places[0].progress(0.1)  # a second run starts over, but not its deadline
    admission.reserve(work(), HELLO, 0)


def test_alone_every_job_gets_in():
    Admission(1).reserve(Work("shade", 10**9, 16, 3600), HELLO, 0)
    Admission(1).reserve(Work("shade", 10**9, 16, 0.5), HELLO, 0)


def test_alone_the_quote_is_what_it_costs():
    quote = Admission(8).reserve(work(passes=2), HELLO, 0).quote
    assert (quote.position, quote.expected, quote.passes) == (0, "complete", 2)
    assert quote.seconds == pytest.approx(4 + CONCLUDE_S_PER_MP)


def test_the_quote_shares_the_worker_with_those_who_are_there():
    admission = Admission(8)
    admission.reserve(work(passes=1), HELLO, 0)
    quote = admission.reserve(work(passes=4), HELLO, 0).quote
    assert quote.position == 1
    assert quote.expected == "partial"  # 8 s, and 2 for the other one
    assert quote.seconds == 10
    assert quote.passes == 3
    small = admission.reserve(work(0.1, passes=4), HELLO, 0).quote
    assert small.expected == "complete"
    assert 0.8 < small.seconds < 3


def test_what_cannot_be_reached_is_not_promised():
    quote = Admission(8).reserve(work(100, passes=4), HELLO, 0).quote
    assert (quote.expected, quote.passes, quote.seconds) == ("partial", 0, 10)


def test_jobs_that_took_longer_make_the_next_quote_longer():
    admission = Admission(8)
    before = admission.reserve(work(passes=1), HELLO, 0)
    for _ in range(20):
        before.learn(4.0)
    before.release()
    after = admission.reserve(work(passes=1), HELLO, 0)
    assert after.quote.seconds == pytest.approx(4, rel=0.1)
    field = Work("field", 1_000_000, 1, 10)
    assert admission.reserve(field, HELLO, 0).cost.full == pytest.approx(1)  # another kind


@given(time_s=st.floats(0, 100), others=st.lists(st.floats(0, 50), max_size=8))
def test_a_fair_share_uses_the_time_and_no_more(time_s: float, others: list[float]):
    share = fair_share(time_s, others)
    assert share + sum(min(each, share) for each in others) == pytest.approx(time_s)


def test_the_first_fit_waits_for_what_is_in_the_way():
    assert first_fit([], (1.0, 1.0)) == 0
    assert first_fit([(2.0, 2.0)], (3.0, 1.0)) == 0
    assert first_fit([(2.0, 2.0)], (2.0, 1.0)) == pytest.approx(1.0)


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
            quote = admission.reserve(asked, HELLO, 0).quote
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
