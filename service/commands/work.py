"""What a command needs of whoever computes: the same here and over HTTP."""

from pathlib import Path
from typing import Protocol

from service.client.documents import JobDocument
from service.jobs.events import Event


class Told(Protocol):
    """Who is told how a job goes."""

    def say(self, stage: str) -> None:
        """What goes on besides the computation."""

    def note(self, text: str) -> None:
        """Something that its user should read."""

    def begin(self, deadline_s: float, passes: int) -> None:
        """The job has been accepted; its deadline counts from here. A field has no passes."""

    async def hear(self, event: Event) -> None:
        """An event of the job."""


class Work(Protocol):
    """One job. All raise Problem or ClientError."""

    async def run(self, told: Told) -> JobDocument:
        """Start it and follow it to its end; cancelled, it takes the job with it."""

    async def after_pass(self, index: int) -> bytes:
        """The picture after a complete pass as PNG, also while the job runs."""

    async def answer(self, as_format: str) -> bytes | Path:
        """The result as a file of a format, or where it lies; after the end."""
