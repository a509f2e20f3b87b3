"""What comes after a job's answer: the arrays of its field, and its last checkpoint."""

import math
from contextlib import suppress
from dataclasses import dataclass

import structlog
import trio

from service.jobs.job_files import RESULT_NPZ, WORK
from service.jobs.jobs import JobState
from service.jobs.keeping import Keeping
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.link.answers import Answers, WorkerLost
from service.problems import NoLongerKept, NotFound, Unable
from worker.wire.messages import ArrayChunk, Checkpoint, Started

ARRAYS_S = 60.0  # for all of it to come and be written
LAST_S = 0.2  # before they are due, those who go on do so without it
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False)
class Intake:
    """Takes in what follows the answer of a computation."""

    store: Store
    shared: Shared
    keeping: Keeping
    _has_field: bool = False

    async def run(self, answers: Answers) -> None:
        """Take in what still comes of it."""
        if self.shared.expects_arrays:
            await self._take_all(answers)
        await self._note_arrays()
        await self.keeping.clear()
        kept = [each for each in self.shared.members if each.kept]
        for record in [each.record for each in kept]:
            if record.state is not JobState.PARTIAL:
                with suppress(Unable, NotFound, NoLongerKept):
                    await trio.to_thread.run_sync(self.store.drop_work, record.id)

    async def _take_all(self, answers: Answers) -> None:
        shared = self.shared
        due = math.inf if shared.rest is None else shared.rest.worker_by - LAST_S
        shared.stop = trio.CancelScope(deadline=min(trio.current_time() + ARRAYS_S, due))
        try:
            with shared.stop:
                async for message, payload in answers:
                    if isinstance(message, Started):
                        await self._begin_anew()
                    elif isinstance(message, ArrayChunk):
                        await self._take(message, payload)
                    elif isinstance(message, Checkpoint):
                        await self.keeping.commit(message)
                await self._finish_field()
        except (WorkerLost, Unable) as error:
            _log.error("a field is not kept", job=self._job, reason=str(error))
        await trio.to_thread.run_sync(self.store.drop_pieces, self._job)

    async def _begin_anew(self) -> None:
        """Another worker sends them, as the first one died."""
        self.shared.forget_pieces()
        await self.keeping.clear()
        await trio.to_thread.run_sync(self.store.drop_pieces, self._job)

    async def _take(self, chunk: ArrayChunk, payload: bytes) -> None:
        if chunk.name.startswith(WORK):
            await self._finish_field()
            await self.keeping.take(chunk, payload)
            return
        await trio.to_thread.run_sync(self.store.put_array_chunk, self._job, chunk, payload)
        self.shared.add_piece(chunk, len(payload))

    async def _finish_field(self) -> None:
        if self.shared.arrays_complete and not self._has_field:
            self._has_field = True
            await trio.to_thread.run_sync(self.store.arrays_done, self._job)
            for names in ("field/*", RESULT_NPZ):
                await self._share(names)
            await self._note_arrays()
            for each in self.shared.members:
                each.fielded.set()

    async def _note_arrays(self) -> None:
        """None are due any more: they are kept, or will never be."""
        for record in [each.record for each in self.shared.members]:
            if record.arrays_due:
                record.arrays_due = False
                await self.keeping.save(record)

    @property
    def _job(self) -> str:
        return self.shared.lead.record.id

    async def _share(self, name: str) -> None:
        others = [each.record.id for each in self.shared.members[1:] if each.expects_arrays]
        if others:
            await trio.to_thread.run_sync(self.store.share, self._job, others, name)
