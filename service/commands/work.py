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

    async def after_pass(self, index: int) -> bytes | None:
        """The picture after a complete pass as PNG, also while the job runs.

        None where it was done before the job went on from there, and is not known here.
        """

    async def answer(self, as_format: str) -> bytes | Path:
        """The result as a file of a format, or where it lies; after the end."""

    async def leave(self) -> str | None:
        """Keep what a partial job left; returns what `--resume` takes to go on from it."""
