"""What a job has to show: its picture, the picture after each pass, its field."""

from pathlib import Path
from typing import NamedTuple

import trio

from service.jobs.desk import Desk
from service.jobs.job_files import PICTURE_ARRAY, RESULT, SVG_ARRAY, pass_name
from service.jobs.jobs import Job, JobState
from service.jobs.live_job import LiveJob
from service.jobs.store import Store
from service.pictures.picture import Picture
from service.problems import Conflict, NoResultYet, NotFound

FIELD_PATIENCE_S = 10.0  # for arrays that are on their way when the field is asked for


class Shown(NamedTuple):
    """A picture and its name within the job; a picture of a name never changes."""

    picture: Picture
    name: str


async def result(desk: Desk, job: Job) -> Shown:
    """The result of a job, whole or partial.

    Raises:
        NoResultYet: it still runs.
        Conflict: it ended without one.
    """
    live = desk.live.get(job.id)
    if live is not None and live.result is not None:
        return Shown(live.result, RESULT)
    _check_ended_well(job)
    picture = await trio.to_thread.run_sync(_kept_result, desk.store, job)
    if picture is None:
        raise Conflict(f"This job has no picture: {job.status_reason or 'it was not kept'}.")
    return Shown(picture, RESULT)


async def after_pass(desk: Desk, job: Job, index: int) -> Shown:
    """The picture after a pass, 0 is the input; also while the job runs.

    Raises:
        NoResultYet: it has not come so far.
        NotFound: it never will.
    """
    picture = await trio.to_thread.run_sync(desk.store.get_pixels, job.id, pass_name(index))
    if picture is not None:
        return Shown(picture, pass_name(index))
    if not job.state.ended and index <= job.progress.passes_total:
        raise NoResultYet(f"Pass {index} is not done; ask again, or listen to the job's events.")
    raise NotFound(f"There is no pass {index}; {job.progress.passes_done} were done.")


async def field_picture(desk: Desk, job: Job) -> Shown:
    """The field as a picture; raises as `result`."""
    if job.kind == "field":
        return await result(desk, job)
    await _wait_for_field(desk.live.get(job.id), job)
    picture = await trio.to_thread.run_sync(_field_picture, desk.store, job.id)
    if picture is None:
        raise Conflict("This job came to no field.")
    return Shown(picture, PICTURE_ARRAY)


async def field_npz(desk: Desk, job: Job) -> Path:
    """The file with the arrays of the field; raises as `result`."""
    await _wait_for_field(desk.live.get(job.id), job)
    path = await trio.to_thread.run_sync(desk.store.field_npz, job.id)
    if path is None:
        raise Conflict("This job came to no field.")
    return path


async def drawing_svg(desk: Desk, job: Job) -> bytes:
    """The SVG file of a line drawing; raises as `result`."""
    await _wait_for_field(desk.live.get(job.id), job)
    array = await trio.to_thread.run_sync(desk.store.get_array, job.id, SVG_ARRAY)
    if array is None:
        raise Conflict("This job came to no drawing.")
    return array.tobytes()


async def _wait_for_field(live: LiveJob | None, job: Job) -> None:
    if live is None or not live.settled.is_set():
        _check_ended_well(job)
        return
    with trio.move_on_after(FIELD_PATIENCE_S):
        await live.fielded.wait()
    if not live.fielded.is_set():
        raise NoResultYet("The field is still on its way from the worker; ask again.")
    _check_ended_well(job)


def _check_ended_well(job: Job) -> None:
    if not job.state.ended:
        raise NoResultYet("The job still runs; ask again, or listen to its events.")
    if job.state in (JobState.FAILED, JobState.CANCELLED):
        raise Conflict(f"The job has {_PAST[job.state]}, so there is no result.")


_PAST = {JobState.FAILED: "failed", JobState.CANCELLED: "been cancelled"}


def _kept_result(store: Store, job: Job) -> Picture | None:
    kept = store.get_pixels(job.id, RESULT)
    if kept is None and job.kind == "shade":  # no room for it, or a restart came first
        kept = store.get_pixels(job.id, pass_name(job.progress.passes_done))
    return kept


def _field_picture(store: Store, job: str) -> Picture | None:
    array = store.get_array(job, PICTURE_ARRAY)
    if array is None:
        return None
    height, width, channels = array.shape
    return Picture(width, height, channels, array.tobytes())
