"""What a job has to show: its picture, the picture after each pass and how that came, its field."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import trio

from service.jobs.desk import Desk
from service.jobs.explanations import DOCUMENT, LAYERS_FILE, drawn
from service.jobs.job_files import (
    PICTURE_ARRAY,
    RESULT,
    RESULT_JSON,
    RESULT_NPZ,
    SOURCE,
    SVG_ARRAY,
    pass_name,
)
from service.jobs.jobs import Job, JobState
from service.jobs.left import left_by
from service.jobs.live_job import LiveJob
from service.jobs.store import Store
from service.pictures.encode import shrunk
from service.pictures.picture import Picture
from service.problems import Conflict, NoResultYet, NotFound
from worker.wire.jobs import KINDS

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
    if job.is_data:
        return Shown(await _data_picture(desk, job), RESULT)
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
    raise _no_pass(job, index)


async def source(desk: Desk, job: Job) -> Shown:
    """The picture that lends a job its strokes; also while the job runs.

    Raises:
        NotFound: it has none.
    """
    picture = await trio.to_thread.run_sync(desk.store.get_pixels, job.id, SOURCE)
    if picture is None:
        raise NotFound("This job has no source: it was sent one image alone.")
    return Shown(picture, SOURCE)


async def explanation(desk: Desk, job: Job, index: int) -> bytes:
    """How a pass came about, as JSON.

    Raises:
        NoResultYet: it has not come so far.
        NotFound: it never will.
        NoLongerKept: it is damaged.
    """
    return await _explained(desk, job, index, DOCUMENT)


async def explaining_layer(desk: Desk, job: Job, index: int, name: str) -> Picture:
    """A layer of what a pass worked with; raises as `explanation`."""
    document = await explanation(desk, job, index)
    layers = await _explained(desk, job, index, LAYERS_FILE)
    return await trio.to_thread.run_sync(drawn, document, layers, name)


async def _explained(desk: Desk, job: Job, index: int, ending: str) -> bytes:
    if not job.explains:
        raise NotFound("The job keeps no explanations; send the request with explain=true.")
    file = await trio.to_thread.run_sync(desk.store.get_explanation, job.id, index, ending)
    if file is not None:
        return file
    if index <= job.progress.passes_done:
        raise NotFound(f"The explanation of pass {index} was not kept.")
    raise _no_pass(job, index)


def _no_pass(job: Job, index: int) -> NoResultYet | NotFound:
    if not job.state.ended and index <= job.progress.passes_total:
        return NoResultYet(f"Pass {index} is not done; ask again, or listen to the job's events.")
    return NotFound(f"There is no pass {index}; {job.progress.passes_done} were done.")


async def smaller(shown: Shown, max_side: int) -> Shown:
    """The same with at most so many pixels a side."""
    picture = await trio.to_thread.run_sync(shrunk, shown.picture, max_side)
    return Shown(picture, f"{shown.name}-{max_side}")


async def field_picture(desk: Desk, job: Job) -> Shown:
    """The field as a picture; raises as `result`."""
    if job.kind == "field":
        return await result(desk, job)
    await _wait_for_field(desk.live.get(job.id), job)
    picture = await trio.to_thread.run_sync(_field_picture, desk.store, job.id)
    if picture is None:
        raise _without("field", job)
    return Shown(picture, PICTURE_ARRAY)


async def field_npz(desk: Desk, job: Job) -> Path:
    """The file with the arrays of the field; raises as `result`."""
    await _wait_for_field(desk.live.get(job.id), job)
    path = await trio.to_thread.run_sync(desk.store.field_npz, job.id)
    if path is None:
        raise _without("field", job)
    return path


async def answer(desk: Desk, job: Job) -> bytes | None:
    """The answer of a job where that is data and it has come to one, as JSON; None else.

    Raises:
        NoLongerKept: it is damaged.
    """
    if not job.is_data or not job.state.ended:
        return None
    live = desk.live.get(job.id)
    found = None if live is None else live.answer
    if found is None:
        found = await trio.to_thread.run_sync(desk.store.get_file, job.id, RESULT_JSON)
    if found is None:
        found = await trio.to_thread.run_sync(left_by, desk.store, job)
    if found is None or not job.linked:
        return found
    there = {"npz": f"/jobs/{job.public_id}/result"}
    document: dict[str, Any] = msgspec.json.decode(found)
    return msgspec.json.encode(document | dict.fromkeys(job.linked, there))


async def data(desk: Desk, job: Job) -> bytes:
    """As `answer`; raises also as `result` for what has none."""
    _check_data(job)
    _check_ended_well(job)
    found = await answer(desk, job)
    if found is None:
        raise Conflict(f"This job has no answer: {job.status_reason or 'it was not kept'}.")
    return found


async def data_npz(desk: Desk, job: Job) -> Path:
    """The file with all arrays of an answer that is data; raises as `data`."""
    _check_data(job)
    await _wait_for_field(desk.live.get(job.id), job)
    path = await trio.to_thread.run_sync(desk.store.path, job.id, RESULT_NPZ)
    if path is None and await answer(desk, job) is not None:  # it may have been made just now
        path = await trio.to_thread.run_sync(desk.store.path, job.id, RESULT_NPZ)
    if path is None:
        raise _without("arrays", job, "they were not kept; send the request again")
    return path


async def _data_picture(desk: Desk, job: Job) -> Picture:
    name = KINDS[job.kind].picture
    if name is None:
        raise NotFound(f"A job of kind {job.kind} has no picture; it has a result.")
    path = await data_npz(desk, job)
    picture = await trio.to_thread.run_sync(_picture_in, path, name)
    if picture is None:
        raise Conflict("The job did not come to a picture.")
    return picture


def _picture_in(path: Path, name: str) -> Picture | None:
    with np.load(path, allow_pickle=False) as file:
        if name not in file.files:
            return None
        array = file[name]
    height, width, channels = array.shape
    return Picture(width, height, channels, array.tobytes())


def _check_data(job: Job) -> None:
    if not job.is_data:
        raise NotFound(f"The result of a job of kind {job.kind} is its image.")


async def drawing_svg(desk: Desk, job: Job) -> bytes:
    """The SVG file of a line drawing; raises as `result`."""
    await _wait_for_field(desk.live.get(job.id), job)
    array = await trio.to_thread.run_sync(desk.store.get_array, job.id, SVG_ARRAY)
    if array is None:
        raise _without("drawing", job)
    return array.tobytes()


async def _wait_for_field(live: LiveJob | None, job: Job) -> None:
    if live is None or not live.settled.is_set():
        _check_ended_well(job)
        return
    with trio.move_on_after(FIELD_PATIENCE_S):
        await live.fielded.wait()
    if not live.fielded.is_set():
        raise NoResultYet("The arrays are still on their way from the worker; ask again.")
    _check_ended_well(job)


def _without(what: str, job: Job, otherwise: str = "") -> Conflict:
    """Why there is nothing of this; a job that can be resumed may come to it yet."""
    cut_off = f"{job.status_reason or 'the deadline came first'}; resume it"
    why = cut_off if job.resumable else otherwise
    return Conflict(f"This job has no {what}{why and ': '}{why}.")


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
