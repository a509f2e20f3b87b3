"""What comes after a job's answer: the arrays of its field, and the work that it leaves."""

import math
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
import trio

from service.jobs.array_files import array_bytes
from service.jobs.job_files import WORK
from service.jobs.jobs import JobState
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.jobs.work_keys import work_key
from service.link.answers import Answers, WorkerLost
from service.problems import NoLongerKept, NoRoom, NotFound
from worker.wire.messages import ArrayChunk

ARRAYS_S = 60.0  # for all of it to come and be written
LAST_S = 0.2  # before they are due, those who go on do so without it
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False)
class Intake:
    """Takes in the arrays of a computation; without room for its work, the field all the same."""

    store: Store
    shared: Shared
    _sizes: dict[str, int] = field(default_factory=dict)  # of the arrays of the work
    _wants_work: bool = True
    _has_field: bool = False

    async def run(self, answers: Answers) -> None:
        """Take in what still comes of it."""
        if self.shared.expects_arrays:
            await self._take_all(answers)
        for record in [each.record for each in self.shared.members]:
            if record.resumed_from is not None and record.state is not JobState.PARTIAL:
                with suppress(NoRoom, NotFound, NoLongerKept):
                    await trio.to_thread.run_sync(self.store.drop_work, record.id)

    async def _take_all(self, answers: Answers) -> None:
        shared = self.shared
        due = math.inf if shared.rest is None else shared.rest.worker_by - LAST_S
        shared.stop = trio.CancelScope(deadline=min(trio.current_time() + ARRAYS_S, due))
        try:
            with shared.stop:
                async for message, payload in answers:
                    if isinstance(message, ArrayChunk):
                        await self._take(message, payload)
                await self._finish_field()
                await self._finish_work()
        except (WorkerLost, NoRoom) as error:
            _log.error("a field is not kept", job=self._job, reason=str(error))
        if self._sizes:
            await trio.to_thread.run_sync(self.store.drop_work_pieces, self._job)

    async def _take(self, chunk: ArrayChunk, payload: bytes) -> None:
        if not chunk.name.startswith(WORK):
            await self._put(chunk, payload)
        elif self._wants_work:
            await self._finish_field()
            await self._take_work(chunk, payload)

    async def _take_work(self, chunk: ArrayChunk, payload: bytes) -> None:
        self._sizes[chunk.name] = array_bytes(chunk)
        if sum(self._sizes.values()) > self.store.work_limit:
            await self._refuse_work("it is too large")
            return
        try:
            await self._put(chunk, payload)
        except NoRoom as error:
            await self._refuse_work(str(error))

    async def _refuse_work(self, reason: str) -> None:
        self._wants_work = False
        _log.warning("what a job left to go on from is not kept", job=self._job, reason=reason)
        await trio.to_thread.run_sync(self.store.drop_work_pieces, self._job)

    async def _put(self, chunk: ArrayChunk, payload: bytes) -> None:
        await trio.to_thread.run_sync(self.store.put_array_chunk, self._job, chunk, payload)
        self.shared.add_piece(chunk, len(payload))

    async def _finish_field(self) -> None:
        if self.shared.arrays_complete and not self._has_field:
            self._has_field = True
            await trio.to_thread.run_sync(self.store.arrays_done, self._job)
            await self._share("field")
            for each in self.shared.members:
                each.fielded.set()

    async def _finish_work(self) -> None:
        if self._wants_work and self.shared.work_complete:
            key = work_key(self.shared.digest)
            await trio.to_thread.run_sync(self.store.work_done, self._job, key)
            await self._share("work.npz")

    @property
    def _job(self) -> str:
        return self.shared.carrier.record.id

    async def _share(self, name: str) -> None:
        others = [each.record.id for each in self.shared.members[1:] if each.expects_arrays]
        if others:
            await trio.to_thread.run_sync(self.store.share, self._job, others, name)
