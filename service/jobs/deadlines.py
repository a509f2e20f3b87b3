"""Who may take how long, so that the answer's head leaves at the deadline.

arrived ── header, decode ── worker ......... worker_by ── encode ── deadline
                                                 └─ patience: the desk answers by itself
"""

import time

import msgspec
import trio

from service.jobs.orders import Order
from service.pictures.encode import FORMATS
from service.pictures.prices import EncodePrices
from worker.wire.messages import Submit

# Between the worker's answer and the first byte, besides encoding: threads and processes that
# take their time to wake up on a busy machine.
MARGIN_S = 0.05
# What a worker may be late before its answer is waited for no longer. An answer may leave 0.3 s
# after the deadline; with the margin this takes 0.15 s of them.
GRACE_S = 0.2
# Even without a second to compute in, the picture crosses to the worker and back.
CROSSING_S_PER_PIXEL = 2e-8
# Below this the worker could not do more than hand the picture back as it came.
FUTILE_S_PER_PIXEL = 4e-8
# A field of 4 vectors as npz: blended, 20 bytes a pixel over a socket, to disk, packed, hashed. On
# two cores 4 and 6 megapixels of a whole image take 0.2 us a pixel, 2646 tiles 0.3; hashes 0.04.
NPZ_S_PER_PIXEL = 3.4e-7


def worker_by(order: Order, pixels: int, prices: EncodePrices) -> float:
    """When the worker must have answered, by trio's clock."""
    return order.deadline - MARGIN_S - _encode_s(order, pixels, prices)


def patience(by: float, now: float, submit: Submit) -> float:
    """When to give the worker up: a job that comes late still has to cross and come back."""
    crossing_s = submit.size * CROSSING_S_PER_PIXEL
    return max(by, now + crossing_s) + GRACE_S


def futile(by: float, now: float, submit: Submit) -> bool:
    """Whether the worker could do nothing for a picture that it must have shaded `by` then."""
    return by - now < submit.target.area * FUTILE_S_PER_PIXEL


def wall_clock(moment: float) -> float:
    """Seconds since the epoch of a moment on trio's clock."""
    return time.time() - (trio.current_time() - moment)


def with_budget(submit: Submit, by: float, now: float) -> Submit:
    """The job with the seconds that are left for it."""
    return msgspec.structs.replace(submit, budget_s=max(0.0, by - now))


def _encode_s(order: Order, pixels: int, prices: EncodePrices) -> float:
    if order.wanted in ("npz", "svg"):  # a drawing's lines come with the arrays
        return NPZ_S_PER_PIXEL * pixels
    return sum(prices.price(each, pixels) for each in FORMATS if each == order.wanted)
