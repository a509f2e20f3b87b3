"""What a partial job shows that gave no answer that is data: the worker or the service was lost.

By its last checkpoint, where its kind can read that without its numerics; else the answer of the
job that it went on from. It is made when first asked for, and kept then.
"""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import structlog

from service.jobs.job_files import RESULT_JSON, RESULT_NPZ
from service.jobs.jobs import Job, JobState
from service.jobs.packed import packed
from service.jobs.store import Store
from service.jobs.work_keys import work_key
from service.problems import NoLongerKept, Unable, UnknownJob
from worker.wire.jobs import KINDS
from worker.wire.jobs.answers import document, linked
from worker.wire.jobs.kind import Result

_log = structlog.stdlib.get_logger("itten.jobs")


def left_by(store: Store, job: Job) -> bytes | None:
    """The answer as JSON, None where there is none; notes in the record what it links to."""
    if job.state is not JobState.PARTIAL:
        return None
    made = _of_work(store, job)
    if made is None:
        return _of_earlier(store, job)
    answer, job.linked = document(made), linked(made)
    with _told(job):
        store.put_file_of([job.id], RESULT_NPZ, bytes(packed(made.arrays).buffer))
        store.save(job)
        store.put_file_of([job.id], RESULT_JSON, answer)  # last: it says that all is there
    return answer


def _of_earlier(store: Store, job: Job) -> bytes | None:
    earlier = job
    while earlier.resumed_from is not None:
        try:
            earlier = store.find(earlier.resumed_from)
            answer = store.get_file(earlier.id, RESULT_JSON)
        except (UnknownJob, NoLongerKept):
            return None
        if answer is not None:
            job.linked = earlier.linked
            with _told(job):
                store.share(earlier.id, [job.id], RESULT_NPZ)
                store.save(job)
                store.share(earlier.id, [job.id], RESULT_JSON)
            return answer
    return None


def _of_work(store: Store, job: Job) -> Result | None:
    kind = KINDS[job.kind]
    work = store.get_work(job.id, work_key(job.digest)) if kind.shown else b""
    if not work or kind.shown is None:
        return None
    try:
        with np.load(io.BytesIO(work), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return kind.shown(kind.read(job.spec["params"]), job.facts, arrays)
    except Exception as error:  # of a damaged file numpy and zipfile raise anything at all
        _log.warning("a checkpoint shows nothing", job=job.id, reason=repr(error))
        return None


@contextmanager
def _told(job: Job) -> Iterator[None]:
    try:
        yield
    except (Unable, OSError, sqlite3.Error) as error:  # it can be made again
        _log.error("an answer is not kept", job=job.id, reason=str(error))
