"""A job whose answer is data, on this machine."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

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
from service.problems import NotReady, Problem
from service.settings import Settings


class Answered(NamedTuple):
    """A job that has ended, with the file that was asked for."""

    file: bytes
    state: str
    done: int
    total: int
    left: bytes = b""  # to go on from, of this machine
    resume: str = ""  # what `--resume` takes to go on from there


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
