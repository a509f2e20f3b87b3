"""What a service says about a job: its document as a type."""

from typing import Any

import msgspec

from service.jobs.jobs import JobState, Progress, Quality, Timings
from worker.wire.messages import Skipped


class JobDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The job document of the API, as far as a client needs it; what is new in it is passed by."""

    id: str
    kind: str
    state: JobState
    deadline_s: float
    created: str = ""  # RFC 3339, in UTC
    name: str = ""  # stem of the file name of its pictures
    spec: dict[str, Any] = {}
    progress: Progress = Progress()
    quality: Quality = Quality()
    timings: Timings = Timings()
    device: str | None = None
    status_reason: str | None = None
    resumed_from: str | None = None
    links: dict[str, str | None] = {}
    skipped: list[Skipped] = []
    problem: dict[str, Any] | None = None

    @classmethod
    def of(cls, document: dict[str, Any]) -> "JobDocument":
        """Raises msgspec.ValidationError for what is no job document."""
        return msgspec.convert(document, cls)
