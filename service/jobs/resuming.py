"""Going on from a partial job: whether that can be, and the order for the rest of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import trio

from service.jobs.desk import Desk
from service.jobs.jobs import Job, JobState
from service.jobs.live_job import LiveJob
from service.jobs.orders import Order, digest
from service.jobs.reception import AnyOrder
from service.jobs.work_keys import work_key
from service.pictures.decoder_process import File
from service.problems import Conflict, NoResultYet
from service.spec.fields import NOT_CONFIG
from worker.wire.config import FieldConfig, ShadeConfig, field_params, shade_params
from worker.wire.params import JobParams

PATIENCE = 0.5  # of the deadline, for what the earlier job left to arrive
_STRANGE = "The job comes from another version of Itten; send a new request."
_OTHER = "{} not what the job began with; a job goes on as it began: send a new request."


def check_resumable(job: Job) -> None:
    """Let pass a job that another can go on from.

    Raises:
        NoResultYet: it still runs; when to ask again.
        Conflict: it ended otherwise.
    """
    if not job.state.ended:
        raise NoResultYet("The job still runs; it can be resumed once it has ended as partial.")
    if job.state is not JobState.PARTIAL:
        raise Conflict(f"The job is {job.state}; only a partial job can be resumed.")
    if not job.resumable:
        raise Conflict(_STRANGE)


def check_same(job: Job, asked: Order, given: Iterable[str]) -> None:
    """Compare the fields that were given with those of the job.

    Raises:
        Conflict: names those that are others.
    """
    values = {name: asked.spec[name] for name in sorted(given) if name in job.spec}
    if _work(job.kind, job.spec | values) != _work(job.kind, job.spec):
        others = [name for name in values if _json(values[name]) != _json(job.spec[name])]
        verb = "is" if len(others) == 1 else "are"
        raise Conflict(_OTHER.format(f"{', '.join(others)} {verb}"))


def check_images(job: Job, order: Order, images: Mapping[str, File]) -> None:
    """Compare images that were sent again with those of the job; hashes them.

    Raises:
        Conflict: they are others.
    """
    again = replace(order, image=images.get("target", b""), source=images.get("source"))
    if images and digest(again) != job.digest:
        raise Conflict(_OTHER.format("the images are"))


def order_for_rest(job: Job, deadline_s: float, arrived: float) -> Order:
    """The order for what a partial job lacks; its images are in the store.

    Raises:
        Conflict: the job is none that can be read.
    """
    params, passes, max_side, _, explain = _work(job.kind, job.spec)
    return Order(
        kind="shade" if job.kind == "shade" else "field",
        image=b"",
        source=b"" if job.spec.get("mode") == "cross" else None,
        name=job.name,
        params=params,
        passes=passes,
        max_side=max_side,
        background=job.background,
        deadline_s=deadline_s,
        arrived=arrived,
        explain=explain,
        spec=job.spec,
    )


async def resume(desk: Desk, job: Job, order: AnyOrder) -> LiveJob:
    """Go on from a job once all that it left is in the store.

    Raises:
        NoResultYet: that takes too long.
        What `Desk.accept` raises.
    """
    live = desk.live.get(job.id)
    if live is not None:
        with trio.move_on_at(order.arrived + PATIENCE * order.deadline_s):
            await live.closed.wait()
        if not live.closed.is_set():
            raise NoResultYet("What the job left is still on its way from the worker; ask again.")
    work = await trio.to_thread.run_sync(desk.store.get_work, job.id, work_key(job.digest))
    return await desk.accept(replace(order, earlier=job, work=work))


def _work(kind: str, spec: dict[str, Any]) -> tuple[JobParams, int, int | None, str, bool]:
    """What a spec comes to: params, passes, longer side, mode, whether passes are explained."""
    values = {name: value for name, value in spec.items() if name not in NOT_CONFIG}
    params: JobParams
    try:
        if kind == "shade":
            shade = msgspec.convert(values, ShadeConfig)
            params, passes = shade_params(shade), shade.passes
        else:
            params, passes = field_params(msgspec.convert(values, FieldConfig)), 1
    except (msgspec.ValidationError, ValueError) as error:
        raise Conflict(_STRANGE) from error
    return params, passes, spec["max_side"], spec["mode"], spec.get("explain", False)


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)  # of a record from the store tuples are lists
