"""Who is told how a job goes: its progress to the bar, its passes to files as they are done."""

import trio

from service.client.documents import JobDocument
from service.commands.files import PassFiles
from service.commands.progress import Bar
from service.commands.work import Work
from service.jobs.events import Event, Pass, Snapshot


class Watcher:
    """As `service.commands.work.Told`."""

    def __init__(self, work: Work, bar: Bar, files: PassFiles | None) -> None:
        self._work, self._bar, self._files = work, bar, files
        self._saved = 0  # passes
        self.say, self.note, self.begin = bar.say, bar.note, bar.begin

    async def hear(self, event: Event) -> None:
        """Draw it, and save the passes that are done by now."""
        self._bar.hear(event)
        if isinstance(event, Pass):
            await self.save_passes(event.index)
        elif isinstance(event, Snapshot):
            await self.save_passes(JobDocument.of(event.document).progress.passes_done)

    async def save_passes(self, done: int) -> None:
        """Write the picture after each pass up to this one.

        Raises:
            CommandError: a file exists by now.
            OSError: it cannot be written.
            Problem, ClientError: the picture is not there.
        """
        while self._files is not None and self._saved < done:
            picture = await self._work.after_pass(self._saved + 1)
            if picture is not None:
                await trio.to_thread.run_sync(self._files.write, self._saved + 1, picture)
            self._saved += 1
