"""The graph that a job of data works on, as a file that a request may bring again."""

import io

import numpy as np
import trio

from service.jobs.desk import Desk
from service.jobs.job_files import INPUT_NPZ
from service.jobs.jobs import Job
from service.problems import NotFound
from worker.wire.jobs import KINDS

_NAMES = {"crow": "indptr", "col": "indices", "w": "data", "coords": "coords"}


async def graph_npz(desk: Desk, job: Job) -> bytes:
    """The graph as an npz: both directions of every edge; coordinates if they are kept.

    Raises:
        NotFound: the job works on none.
        NoLongerKept: it is damaged.
    """
    part = KINDS[job.kind].graph if job.is_data else None
    if part is None:
        raise NotFound(f"A job of kind {job.kind} works on no graph.")
    kept = await trio.to_thread.run_sync(desk.store.get_file, job.id, INPUT_NPZ)
    if kept is None:
        raise NotFound("What the job works on was not kept.")
    return await trio.to_thread.run_sync(_renamed, kept, part)


def _renamed(kept: bytes, part: str) -> bytes:
    file = io.BytesIO()
    with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
        found = {
            name: arrays[f"{part}.{own}"]
            for own, name in _NAMES.items()
            if f"{part}.{own}" in arrays.files
        }
    np.savez(file, allow_pickle=False, **found)
    return file.getvalue()
