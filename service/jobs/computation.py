"""One job's way through the worker: its messages become progress, events, and kept pictures.

_submit     the pixels and the seconds that are left go to the worker
_compute    the worker's messages, until it answers; at the deadline, or when it is lost or the
            job is cancelled, the end comes from here
_store_result  the result is kept, the end is told; `service.jobs.intake` takes in the rest
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
import trio

from service.jobs import deadlines
from service.jobs.events import preview
from service.jobs.explanations import files_of
from service.jobs.intake import Intake
from service.jobs.job_files import RESULT, RESULT_JSON, pass_name
from service.jobs.jobs import Job, full_id
from service.jobs.keeping import Keeping
from service.jobs.set_aside import Aside
from service.jobs.shared import Shared
from service.jobs.store import Store
from service.jobs.work_keys import work_key
from service.link.answers import Answers, Deadly, WorkerLost
from service.link.worker_link import WorkerLink
from service.pictures.encode import encode_preview
from service.pictures.picture import Picture
from service.problems import Problem, Unable
from worker.wire import messages as wire
from worker.wire.params import FieldParams

_BROKEN = "The service failed over this job, which is a bug; its log says more about job {}."
_log = structlog.stdlib.get_logger("itten.jobs")


@dataclass(eq=False, frozen=True)
class Computation:
    """What computing needs; one for all jobs."""

    link: WorkerLink
    store: Store
    aside: Aside = field(default_factory=Aside)  # for all jobs
    unsaved: dict[str, Job] = field(default_factory=dict)  # newer than what the store has

    async def run(self, shared: Shared) -> None:
        """Bring its members to their end, whatever happens; returns when nothing more comes."""
        answers: Answers | None = None
        keeping = Keeping(self.store, shared, self.save)
        try:
            try:
                if self._futile(shared):
                    late = trio.current_time()
                    shared.finish_without_worker("there was no time to compute", late)
                else:
                    answers = await self._submit(shared)
                    await self._compute(shared, answers, keeping)
            finally:
                if shared.rest is None:  # else it has the place
                    shared.place.release()
            if not shared.told:
                await self._store_result(shared)
            if answers is not None:
                await Intake(self.store, shared, keeping).run(answers)
            await self._hand_on(shared)
        except Exception as error:  # one computation's failure must not end the others'
            await self._broken(shared, error)
        finally:
            if answers is not None:
                answers.close()

    def _futile(self, shared: Shared) -> bool:
        fields = isinstance(shared.submit.params, FieldParams)  # there would be nothing to show
        return not fields and deadlines.futile(shared.worker_by, trio.current_time(), shared.submit)

    async def _submit(self, shared: Shared) -> Answers:
        now = trio.current_time()
        shared.stop.deadline = deadlines.patience(shared.worker_by, now, shared.submit)
        shared.leaves(now)
        submit = deadlines.with_budget(shared.submit, shared.worker_by, now)
        inputs = [each.buffer for each in shared.pictures]
        return await self.link.submit(
            submit, *inputs, work=partial(self._work_of, shared), choose=shared.place.choose
        )

    async def _work_of(self, shared: Shared) -> bytes:
        """What there is to go on from: what an earlier job left, later what this one has."""
        if not shared.work and (shared.lead.kept or shared.submit.work_bytes):
            job, key = shared.lead.record.id, work_key(shared.digest)
            shared.go_on_from(await trio.to_thread.run_sync(self.store.get_work, job, key))
        work, shared.work = shared.work, b""
        return work

    async def _compute(self, shared: Shared, answers: Answers, keeping: Keeping) -> None:
        """Follow the worker to its answer, which comes at the deadline at the latest."""
        lost: WorkerLost | None = None
        try:
            with shared.stop:
                async for message, payload in answers:
                    await self._hear(shared, message, payload, keeping)
                    if isinstance(message, wire.Finished):
                        return
        except WorkerLost as error:
            lost = error
        self._end_without_worker(shared, lost)
        await self._store_result(shared)  # nobody waits for the worker to stop
        # The place is free when the device is: a worker that does not obey is replaced.
        await self.link.cancel(shared.submit.job)

    def _end_without_worker(self, shared: Shared, lost: WorkerLost | None) -> None:
        now, reason = trio.current_time(), str(lost or "the worker did not answer in time")
        if not shared.abandoned:
            job = shared.submit.job
            _log.warning("a job is answered without the worker", job=job, reason=reason)
        if isinstance(lost, Deadly):
            self.aside.add(full_id(shared.owner, shared.digest), now)
            shared.set_aside(reason)
        else:
            shared.finish_without_worker(reason, None if lost else now)

    async def _hear(
        self, shared: Shared, message: wire.ToService, payload: bytes, keeping: Keeping
    ) -> None:
        if isinstance(message, wire.Finished):
            shared.finish(message, payload, trio.current_time())
        elif isinstance(message, wire.Preview):
            await self._show(shared, message, payload)
        elif isinstance(message, wire.ArrayChunk):
            await keeping.take(message, payload)
        elif isinstance(message, wire.Checkpoint):
            await keeping.commit(message)
        elif isinstance(message, wire.Started):
            await keeping.clear()  # of what a worker sent that is gone
            shared.hear(message, payload)
        elif isinstance(message, wire.Explained):
            await self._store_explanation(shared, message, payload)
        elif isinstance(message, wire.PassDone):
            await self._store_pass(shared, message, payload)
            shared.hear(message, payload)
            for each in list(shared.members):
                await self.save(each.record)
        elif isinstance(message, wire.Tiles | wire.Patch):
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

    async def _store_explanation(
        self, shared: Shared, message: wire.Explained, layers: bytes
    ) -> None:
        files = await trio.to_thread.run_sync(files_of, message, layers, shared.submit)
        keep = partial(self.store.put_explanation_of, index=message.index, files=files)
        await self._keep(shared, f"explanation-{message.index}", keep)

    # --- the end ------------------------------------------------------------------------------

    async def _store_result(self, shared: Shared) -> None:
        shared.told = True
        first = shared.members[0] if shared.members else None
        if first is not None and first.result is not None:
            await self._put(shared, RESULT, first.result)
        if first is not None and first.answer is not None:
            keep = partial(self.store.put_file_of, name=RESULT_JSON, data=first.answer)
            await self._keep(shared, RESULT_JSON, keep)
        for each in shared.members:
            await self.save(each.record)
            each.announce_end()

    async def _hand_on(self, shared: Shared) -> None:
        """Give those who go on what there is to go on from; without it they begin anew."""
        if shared.rest is not None:
            job, key = shared.rest.lead.record.id, work_key(shared.digest)
            work = await trio.to_thread.run_sync(self.store.get_work, job, key)
            shared.rest.go_on_from(work)

    async def _put(self, shared: Shared, name: str, picture: Picture) -> None:
        keep = partial(self.store.put_pixels_of, name=name, picture=picture)
        await self._keep(shared, name, keep)

    async def _keep(self, shared: Shared, name: str, keep: Callable[[Sequence[str]], None]) -> None:
        """Keep something of this name for every member."""
        done: set[str] = set()
        # Somebody may have joined meanwhile.
        while jobs := [each.record.id for each in shared.members if each.record.id not in done]:
            done.update(jobs)
            try:
                await trio.to_thread.run_sync(keep, jobs)
            except Unable as error:
                # Whoever waits for it gets it all the same; later it will be missing.
                _log.error("a file is not kept", jobs=jobs, name=name, reason=str(error))

    async def _broken(self, shared: Shared, error: Exception) -> None:
        _log.exception("a job broke", job=shared.submit.job, exc_info=error)
        shared.ended = True
        for each in shared.members:
            job = each.record
            if not job.state.ended:
                problem = error if isinstance(error, Problem) else None
                each.fail(problem or Problem(_BROKEN.format(job.public_id)), "the service failed")
            job.arrays_due = False
            await self.save(job)
            each.announce_end()

    async def save(self, record: Job) -> None:
        """Keep the record as it is now; where the disk is full, it is among the `unsaved`."""
        try:
            await trio.to_thread.run_sync(self.store.save, record)
            self.unsaved.pop(record.id, None)
        except (Unable, sqlite3.Error, OSError) as error:
            self.unsaved[record.id] = record
            _log.error("a record is not kept", job=record.id, reason=str(error))
