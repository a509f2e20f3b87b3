"""Where a job runs whose answer is data: on this machine, or at a service."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import trio

from service.commands.local import READY_S
from service.commands.options import MAX_DEADLINE_S
from service.jobs import results
from service.jobs.data_orders import DataOrder
from service.jobs.desk import Desk
from service.jobs.jobs import Job
from service.jobs.work_keys import work_key
from service.parts import open_parts
from service.pictures.encode import encode
from service.problems import Conflict, NotReady, Problem
from service.settings import Settings

_MEDIA = {"json": "application/json", "npz": "application/x-npz", "png": "image/png"}


class Answered(NamedTuple):
    """A job that has ended, with the file that was asked for."""

    file: bytes
    state: str
    done: int
    total: int
    left: bytes = b""  # to go on from


async def on_this_machine(settings: Settings, order: DataOrder, ending: str) -> Answered:
    """Run worker and decoders around a job; nothing of it is kept.

    Raises:
        Problem: there is no answer.
        StoreError, OSError, WorkerUnusable: it cannot be run, in a group.
    """
    with tempfile.TemporaryDirectory(prefix="itten-") as directory:
        apart = replace(settings, data=Path(directory), max_deadline_s=MAX_DEADLINE_S)
        async with open_parts(apart) as desk:
            with trio.move_on_after(READY_S) as patience:
                await desk.link.wait_ready()
            if patience.cancelled_caught:
                raise NotReady(f"no worker is ready after {READY_S:g} s")
            live = await desk.accept(replace(order, arrived=trio.current_time()))
            await live.closed.wait()
            job = live.record
            if job.problem is not None:
                raise Problem(str(job.problem["detail"]))
            file = await _file(desk, job, ending)
            left = b""
            if order.keep_work and job.state == "partial":
                key = work_key(job.digest)
                left = await trio.to_thread.run_sync(desk.store.get_work, job.id, key)
            progress = job.progress
            return Answered(file, job.state, progress.tiles_done, progress.tiles_total, left)


async def _file(desk: Desk, job: Job, ending: str) -> bytes:
    if ending == "npz":
        path = await results.data_npz(desk, job)
        return await trio.to_thread.run_sync(path.read_bytes)
    if ending == "png":
        shown = await results.result(desk, job)
        return await trio.to_thread.run_sync(encode, shown.picture, "png")
    answer = await results.answer(desk, job)
    document = job.document() | ({} if answer is None else {"result": msgspec.Raw(answer)})
    return msgspec.json.encode(document)


def at_service(
    url: str, key: str | None, order: DataOrder, ending: str, deadline_s: float | None
) -> Answered:
    """Have a service do it.

    Raises:
        Problem: it refuses, or there is no answer.
        OSError: it cannot be reached.
    """
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    spec: dict[str, Any] = {"kind": order.kind, "params": order.params.values}
    spec |= {} if deadline_s is None else {"deadline_s": deadline_s}
    files: dict[str, Any] = {"spec": (None, msgspec.json.encode(spec), "application/json")}
    files |= {name: (name, bytes(file)) for name, file in order.files.items()}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=2 * MAX_DEADLINE_S) as client:
            job = _checked(client.post("/jobs", files=files)).json()
            if job.get("problem"):
                raise Problem(str(job["problem"]["detail"]))
            part = {"json": "self", "npz": "result", "png": "image"}[ending]
            accept = {"Accept": _MEDIA[ending]}
            answer = _checked(client.get(job["links"][part], headers=accept))
    except httpx.HTTPError as error:
        raise OSError(f"{url}: {error}") from error
    progress = job["progress"]
    counts = progress["tiles_done"], progress["tiles_total"]
    return Answered(answer.content, job["state"], *counts)


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"{answer.url} answers {answer.status_code}"
    raise Conflict(detail) if answer.status_code < 500 else Problem(detail)
