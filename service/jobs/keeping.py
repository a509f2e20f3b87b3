"""What a computation leaves to go on from: checkpoints on their way into the store, one by one.

Each becomes a file of all who take part. One that does not arrive whole, or has no room, is left
out: those after it hold all the same, and what it had is computed again.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
import trio

from service.jobs.array_files import array_bytes
from service.jobs.jobs import Job
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.jobs.work_keys import work_key
from service.problems import Unable
from worker.wire.messages import ArrayChunk, Checkpoint

_LOSSES = (Unable, OSError, sqlite3.Error)  # that cost a checkpoint and not the job
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False)
class Keeping:
    """The checkpoints of one computation; `save` keeps a record as it is now."""

    store: Store
    shared: Shared
    save: Callable[[Job], Awaitable[None]]
    _job: str = ""  # below which the pieces are
    _sizes: dict[str, int] = field(default_factory=dict)  # bytes of the arrays that come
    _missing: int = 0  # bytes of them
    _refused: bool = False
    _kept: int = 0  # bytes since the last that stands by itself

    async def take(self, chunk: ArrayChunk, payload: bytes) -> None:
        """A piece of an array of the next one."""
        if self._refused:
            return
        self._job = self._job or self.shared.lead.record.id
        if chunk.name not in self._sizes:
            self._sizes[chunk.name] = array_bytes(chunk)
            self._missing += self._sizes[chunk.name]
        if sum(self._sizes.values()) + self._kept > self.store.work_limit:
            await self._refuse("it is too large")
            return
        try:
            await trio.to_thread.run_sync(self.store.put_array_chunk, self._job, chunk, payload)
        except _LOSSES as error:
            await self._refuse(str(error))
        self._missing -= len(payload)

    async def commit(self, made: Checkpoint) -> None:
        """No more pieces come of it; what came before is not needed any more if it is `whole`."""
        there = 0 < len(self._sizes) == made.arrays and not self._missing
        complete, whole = there and not self._refused, made.whole
        size, job = sum(self._sizes.values()), self._job
        if complete:
            key, jobs = work_key(self.shared.digest), self._jobs
            try:
                await trio.to_thread.run_sync(self.store.work_done, job, jobs, key, whole)
            except _LOSSES as error:
                await self._refuse(str(error))
                complete = False
        if complete:
            self._kept = size if whole else self._kept + size
            await self._note()
        await self.clear()

    async def clear(self) -> None:
        """Let go of pieces that will not be complete: another worker begins, or nothing follows."""
        if self._job:
            await trio.to_thread.run_sync(self.store.drop_work_pieces, self._job)
        self._job, self._missing, self._refused = "", 0, False
        self._sizes.clear()

    @property
    def _jobs(self) -> list[str]:
        rest = self.shared.rest
        return [each.record.id for each in (*self.shared.members, *(rest.members if rest else ()))]

    async def _note(self) -> None:
        for each in self.shared.members:
            each.kept = True
            if not each.record.state.ended:
                await self.save(each.record)

    async def _refuse(self, reason: str) -> None:
        self._refused = True
        _log.warning("what a job left to go on from is not kept", job=self._job, reason=reason)
        await trio.to_thread.run_sync(self.store.drop_work_pieces, self._job)
