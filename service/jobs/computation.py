"""One job's way through the worker: its messages become progress, events, and kept pictures.

_submit     the pixels and the seconds that are left go to the worker
_compute    the worker's messages, until it answers; at the deadline, or when it is lost or the
            job is cancelled, the end comes from here
_retire     the result is kept, the end is told, the arrays of the field are taken in
"""

from dataclasses import dataclass

import structlog
import trio

from service.jobs import deadlines
from service.jobs.events import preview
from service.jobs.job_files import RESULT, pass_name
from service.jobs.jobs import Job
from service.jobs.live_job import LiveJob
from service.jobs.store import Store
from service.link.answers import Answers, WorkerLost
from service.link.worker_link import WorkerLink
from service.pictures.encode import encode_preview
from service.pictures.picture import Picture
from service.problems import NoRoom, Problem
from worker.wire import messages as wire

ARRAYS_S = 60.0  # for a field's arrays to come and be written
_BROKEN = "The service failed over this job, which is a bug; its log says more about job {}."
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False, frozen=True)
class Computation:
    """What computing needs; one for all jobs."""

    link: WorkerLink
    store: Store

    async def run(self, live: LiveJob) -> None:
        """Bring a job to its end, whatever happens; returns when nothing more comes of it."""
        answers: Answers | None = None
        try:
            with live.place:
                answers = await self._submit(live)
                await self._compute(live, answers)
            await self._store_result(live)
            await self._retire(live, answers)
        except Exception as error:  # one job's failure must not end the others'
            await self._broken(live, error)
        finally:
            if answers is not None:
                answers.close()

    async def _submit(self, live: LiveJob) -> Answers:
        now = trio.current_time()
        live.stop.deadline = deadlines.patience(live.worker_by, now, live.submit)
        live.leaves(now)
        submit = deadlines.with_budget(live.submit, live.worker_by, now)
        pictures, live.sent = live.sent, ()
        return await self.link.submit(submit, *(each.pixels for each in pictures))

    async def _compute(self, live: LiveJob, answers: Answers) -> None:
        """Follow the worker to the end of the job, which comes at its deadline at the latest."""
        reason = "the worker did not answer in time"
        try:
            with live.stop:
                async for message, payload in answers:
                    await self._hear(live, message, payload)
                    if isinstance(message, wire.Finished):
                        return
        except WorkerLost as lost:
            reason = str(lost)
        if live.cancelled is not None:
            live.finish_cancelled()
        else:
            _log.warning("a job is answered without the worker", job=live.record.id, reason=reason)
            live.finish_without_worker(reason)
        # The place is free when the device is: a worker that does not obey is replaced.
        await self.link.cancel(live.record.id)

    async def _hear(self, live: LiveJob, message: wire.ToService, payload: bytes) -> None:
        if isinstance(message, wire.Finished):
            live.finish(message, payload)
        elif isinstance(message, wire.Preview):
            await self._show(live, message, payload)
        elif isinstance(message, wire.Started | wire.Tiles | wire.PassDone):
            if isinstance(message, wire.PassDone):
                await self._store_pass(live, message, payload)
            live.hear(message, payload)

    async def _show(self, live: LiveJob, message: wire.Preview, pixels: bytes) -> None:
        if live.broadcast.listeners and live.pace.allows(trio.current_time()):
            picture = Picture(message.pixel_width, message.pixel_height, message.channels, pixels)
            encoded = await trio.to_thread.run_sync(encode_preview, picture)
            live.broadcast.publish(preview(message, encoded, "webp"))

    async def _store_pass(self, live: LiveJob, message: wire.PassDone, pixels: bytes) -> None:
        submit = live.submit
        picture = Picture(submit.width, submit.height, submit.channels, pixels)
        await self._put(live, pass_name(message.index), picture)

    # --- the end ------------------------------------------------------------------------------

    async def _store_result(self, live: LiveJob) -> None:
        if live.result is not None:
            await self._put(live, RESULT, live.result)
        await self.save(live.record)
        live.announce_end()

    async def _put(self, live: LiveJob, name: str, picture: Picture) -> None:
        try:
            await trio.to_thread.run_sync(self.store.put_pixels, live.record.id, name, picture)
        except NoRoom:
            # Whoever waits for it gets it all the same; later it will be missing.
            _log.error("the disk is full; a picture is not kept", job=live.record.id, name=name)

    async def _retire(self, live: LiveJob, answers: Answers) -> None:
        if not live.expects_arrays:
            return
        live.stop = trio.CancelScope(deadline=trio.current_time() + ARRAYS_S)
        try:
            with live.stop:
                async for message, payload in answers:
                    if isinstance(message, wire.ArrayChunk):
                        await self._store_piece(live, message, payload)
                if live.arrays_complete:
                    await trio.to_thread.run_sync(self.store.arrays_done, live.record.id)
        except (WorkerLost, NoRoom) as error:
            _log.error("a field is not kept", job=live.record.id, reason=str(error))

    async def _store_piece(self, live: LiveJob, chunk: wire.ArrayChunk, payload: bytes) -> None:
        job = live.record.id
        await trio.to_thread.run_sync(self.store.put_array_chunk, job, chunk, payload)
        live.add_piece(chunk, len(payload))

    async def _broken(self, live: LiveJob, error: Exception) -> None:
        _log.exception("a job broke", job=live.record.id, exc_info=error)
        if not live.record.state.ended:
            problem = error if isinstance(error, Problem) else None
            live.fail(problem or Problem(_BROKEN.format(live.record.id)), "the service failed")
            await self.save(live.record)
        live.announce_end()

    async def save(self, record: Job) -> None:
        """Keep the record as it is now; without it where the disk is full."""
        try:
            await trio.to_thread.run_sync(self.store.save, record)
        except NoRoom:
            _log.error("the disk is full; a record is not kept", job=record.id)
