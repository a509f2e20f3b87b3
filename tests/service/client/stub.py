"""A service in a function, asked by the blocking client whose waits take no time."""

from collections.abc import Callable
from typing import Any

import httpx

from service.client import Itten
from service.client.wires import SyncWire
from service.jobs.jobs import Job, JobState, Progress

URL = "http://somewhere.example"
Answer = Callable[[httpx.Request], httpx.Response]


class ClockWire(SyncWire):
    """Its seconds pass in sleeps only."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(httpx.Client(base_url=URL, transport=httpx.MockTransport(answer)))
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


def stubbed(answer: Answer, **options: Any) -> Itten:
    """A client of a service that is a function."""
    return Itten.over(ClockWire(answer), **options)


def document(state: JobState = JobState.RUNNING, passes: int = 0, of: int = 2) -> dict[str, Any]:
    """The document of a job that has come so far."""
    job = Job(id="job-12345678", kind="shade", created=0.0, deadline_s=10.0, state=state)
    job.progress = Progress(4 * passes, 4 * of, passes, of)
    return job.document()


def busy(status: int = 503, retry_after: str | None = "7") -> httpx.Response:
    """A refusal that says when to come back."""
    problem = {"type": "/problems/busy", "status": status, "detail": "All places are taken."}
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return httpx.Response(status, json=problem, headers=headers)
