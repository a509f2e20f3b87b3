from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs import deadlines
from service.jobs.orders import Order, Wanted
from service.pictures.prices import EncodePrices
from worker.wire.messages import Shape, Submit
from worker.wire.params import FieldParams

PRICES = EncodePrices({"png": 0.08, "webp": 0.03, "jpeg": 0.01})
PARAMS = FieldParams(
    tile_size=64,
    overlap=16,
    tolerance=0.03,
    radii=(1,),
    radius_weights=(1.0,),
    edge_threshold=0.1,
    align="sign",
    structure_weight=False,
    channel=1,
)
ORDER = Order("shade", b"", None, "", PARAMS, 1, None, "#ffffff", 10.0, 100.0, "png")


def submit(pixels: int) -> Submit:
    return Submit(job="j", width=pixels, height=1, channels=3, budget_s=0, params=PARAMS)


@pytest.mark.parametrize("wanted", ["png", "webp", "jpeg", "npz", "svg", "document"])
def test_what_is_wanted_is_paid_for(wanted: Wanted):
    by = deadlines.worker_by(replace(ORDER, wanted=wanted), 12_000_000, PRICES)
    left = ORDER.deadline - by
    if wanted in ("png", "webp", "jpeg"):
        price = PRICES.price(wanted, 12_000_000)  # type: ignore[arg-type]
        assert left == pytest.approx(deadlines.MARGIN_S + price)
    elif wanted in ("npz", "svg"):
        assert left > 2  # 6 megapixels took 1.1 to 2.6 s, and their answer left after 2.3 of 2 s
    else:
        assert left == pytest.approx(deadlines.MARGIN_S)


@given(st.floats(0.05, 10), st.integers(1, 50_000_000))
def test_the_desk_answers_in_time_where_decoding_left_any(deadline_s: float, pixels: int):
    order = replace(ORDER, deadline_s=deadline_s)
    by = deadlines.worker_by(order, pixels, PRICES)
    now = by - 2 * pixels * deadlines.CROSSING_S_PER_PIXEL
    late = deadlines.patience(by, now, submit(pixels)) + PRICES.price("png", pixels)
    assert late - order.deadline <= 0.2 + 1e-6


def test_a_budget_is_never_negative():
    assert deadlines.with_budget(submit(1), 10, 12).budget_s == 0
    assert deadlines.with_budget(submit(1), 10, 8).budget_s == 2


def test_a_job_that_comes_too_late_still_gets_to_cross():
    alone = submit(1_000_000)
    patience = deadlines.patience(10, 12, alone)
    assert patience > 12 + deadlines.GRACE_S
    both = msgspec.structs.replace(alone, source=Shape(9_000, 1_000, 4))
    assert deadlines.patience(10, 12, both) > patience
