"""One job's way through the worker: its messages become progress, events, and kept pictures.

_submit     the pixels and the seconds that are left go to the worker
_compute    the worker's messages, until it answers; at the deadline, or when it is lost or the
            job is cancelled, the end comes from here
_store_result  the result is kept, the end is told; `service.jobs.intake` takes in the rest
"""

import sqlite3
from dataclasses import dataclass

import structlog
import trio

from service.jobs import deadlines
from service.jobs.events import preview
from service.jobs.intake import Intake
from service.jobs.job_files import RESULT, pass_name
from service.jobs.jobs import Job
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.jobs.work_keys import work_key
from service.link.answers import Answers, WorkerLost
from service.link.worker_link import WorkerLink
from service.pictures.encode import encode_preview
from service.pictures.picture import Picture
from service.problems import NoRoom, Problem
from worker.wire import messages as wire
from worker.wire.params import ShadeParams

_BROKEN = "The service failed over this job, which is a bug; its log says more about job {}."
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False, frozen=True)
class Computation:
    """What computing needs; one for all jobs."""

    link: WorkerLink
    store: Store

    async def run(self, shared: Shared) -> None:
        """Bring its members to their end, whatever happens; returns when nothing more comes."""
        answers: Answers | None = None
        try:
            try:
                if self._futile(shared):
                    shared.finish_without_worker("there was no time to compute")
                else:
                    answers = await self._submit(shared)
                    await self._compute(shared, answers)
            finally:
                if shared.rest is None:  # else it has the place
                    shared.place.release()
            if not shared.told:
                await self._store_result(shared)
            if answers is not None:
                await Intake(self.store, shared).run(answers)
            await self._hand_on(shared)
        except Exception as error:  # one computation's failure must not end the others'
            await self._broken(shared, error)
        finally:
            if answers is not None:
                answers.close()

    def _futile(self, shared: Shared) -> bool:
        shades = isinstance(shared.submit.params, ShadeParams)  # else there is nothing to show
        return shades and deadlines.futile(shared.worker_by, trio.current_time(), shared.submit)

    async def _submit(self, shared: Shared) -> Answers:
        now = trio.current_time()
        shared.stop.deadline = deadlines.patience(shared.worker_by, now, shared.submit)
        shared.leaves(now)
        submit = deadlines.with_budget(shared.submit, shared.worker_by, now)
        work, shared.work = shared.work, b""
        return await self.link.submit(submit, *(each.pixels for each in shared.pictures), work)

    async def _compute(self, shared: Shared, answers: Answers) -> None:
        """Follow the worker to its answer, which comes at the deadline at the latest."""
        reason, lost = "the worker did not answer in time", False
        try:
            with shared.stop:
                async for message, payload in answers:
                    await self._hear(shared, message, payload)
                    if isinstance(message, wire.Finished):
                        return
        except WorkerLost as error:
            reason, lost = str(error), True
        job = shared.submit.job
        if not shared.abandoned:
            _log.warning("a job is answered without the worker", job=job, reason=reason)
        shared.finish_without_worker(reason, None if lost else trio.current_time())
        await self._store_result(shared)  # nobody waits for the worker to stop
        # The place is free when the device is: a worker that does not obey is replaced.
        await self.link.cancel(job)

    async def _hear(self, shared: Shared, message: wire.ToService, payload: bytes) -> None:
        if isinstance(message, wire.Finished):
            shared.finish(message, payload, trio.current_time())
        elif isinstance(message, wire.Preview):
            await self._show(shared, message, payload)
        elif isinstance(message, wire.Started | wire.Tiles | wire.PassDone):
            if isinstance(message, wire.PassDone):
                await self._store_pass(shared, message, payload)
            shared.hear(message, payload)

    async def _show(self, shared: Shared, message: wire.Preview, pixels: bytes) -> None:
        if shared.listeners and shared.pace.allows(trio.current_time()):
            picture = Picture(message.pixel_width, message.pixel_height, message.channels, pixels)
            encoded = await trio.to_thread.run_sync(encode_preview, picture)
            shared.publish(preview(message, encoded, "webp"))

    async def _store_pass(self, shared: Shared, message: wire.PassDone, pixels: bytes) -> None:
        submit = shared.submit
        picture = Picture(submit.width, submit.height, submit.channels, pixels)
        await self._put(shared, pass_name(message.index), picture)

    # --- the end ------------------------------------------------------------------------------

    async def _store_result(self, shared: Shared) -> None:
        shared.told = True
        result = shared.members[0].result if shared.members else None
        if result is not None:
            await self._put(shared, RESULT, result)
        for each in shared.members:
            await self.save(each.record)
            each.announce_end()

    async def _hand_on(self, shared: Shared) -> None:
        """Give those who go on what there is to go on from; without it they begin anew."""
        if shared.rest is not None:
            job, key = shared.carrier.record.id, work_key(shared.digest)
            work = await trio.to_thread.run_sync(self.store.get_work, job, key)
            shared.rest.go_on_from(work)

    async def _put(self, shared: Shared, name: str, picture: Picture) -> None:
        done: set[str] = set()
        # Somebody may have joined meanwhile.
        while jobs := [each.record.id for each in shared.members if each.record.id not in done]:
            done.update(jobs)
            try:
                await trio.to_thread.run_sync(self.store.put_pixels_of, jobs, name, picture)
            except NoRoom:
                # Whoever waits for it gets it all the same; later it will be missing.
                _log.error("the disk is full; a picture is not kept", jobs=jobs, name=name)

    async def _broken(self, shared: Shared, error: Exception) -> None:
        _log.exception("a job broke", job=shared.submit.job, exc_info=error)
        shared.ended = True
        for each in shared.members:
            job = each.record
            if not job.state.ended:
                problem = error if isinstance(error, Problem) else None
                each.fail(problem or Problem(_BROKEN.format(job.id)), "the service failed")
                await self.save(job)
            each.announce_end()

    async def save(self, record: Job) -> None:
        """Keep the record as it is now; without it where the disk is full."""
        try:
            await trio.to_thread.run_sync(self.store.save, record)
        except (NoRoom, sqlite3.Error, OSError) as error:
            _log.error("a record is not kept", job=record.id, reason=str(error))
