"""Stores, jobs and pictures for tests of what is kept."""

from pathlib import Path

from service.jobs.jobs import Job, JobState, new_job_id
from service.jobs.store import Store
from service.pictures.picture import Picture

PICTURE = Picture(2, 1, 3, b"abcdef")
SIZE = 16 + 6  # bytes of that picture on disk


def numbered(number: int) -> Picture:
    return Picture(2, 1, 3, bytes([number]) * 6)


def a_job(state: JobState = JobState.COMPLETE, created: float = 1000.0, owner: str = "") -> Job:
    return Job(
        id=new_job_id(), kind="shade", created=created, deadline_s=10, state=state, owner=owner
    )


def opened(directory: Path, keep_s: float = 1e9, keep_bytes: float = 1e9) -> Store:
    return Store(directory, keep_s=keep_s, keep_bytes=keep_bytes)
