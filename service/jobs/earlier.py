"""What a job takes over from an earlier one that it goes on from; all of it is in the store."""

from typing import TypeVar

import msgspec
import trio

from service.jobs.job_files import INPUT, SOURCE
from service.jobs.jobs import Job
from service.jobs.live_job import LiveJob
from service.jobs.orders import Order
from service.jobs.store import Store
from service.pictures.picture import Picture
from service.problems import NoLongerKept

NAMES = {"target": INPUT, "source": SOURCE}  # of the images in the store, by their part's
T = TypeVar("T")


def kept_sizes(store: Store, order: Order) -> list[tuple[int, int]]:
    """Width and height of the images of the earlier job; raises as `kept_pictures`."""
    return [(each.width, each.height) for each in kept_pictures(store, order)]


def kept_pictures(store: Store, order: Order) -> tuple[Picture, ...]:
    """The images of the earlier job, as they were decoded.

    Raises:
        NoLongerKept: they were removed, or are damaged.
    """
    pictures = [store.get_pixels(_earlier(order).id, name) for name in _parts(order)]
    return tuple(_there(each) for each in pictures)


async def begin_with(store: Store, live: LiveJob, earlier: Job) -> None:
    """Let a job begin with the passes of the earlier one; its answer never falls behind those."""
    if earlier.kind == "shade":
        latest = await trio.to_thread.run_sync(store.latest_pixels, earlier.id)
        live.latest = live.latest if latest is None else latest
    live.record.progress = msgspec.structs.replace(
        live.record.progress, passes_done=earlier.progress.passes_done
    )


def _parts(order: Order) -> list[str]:
    return [NAMES[part] for part in order.files]


def _earlier(order: Order) -> Job:
    assert order.earlier is not None
    return order.earlier


def _there(found: T | None) -> T:
    if found is None:
        raise NoLongerKept("The images of the job were removed; send the request again.")
    return found
