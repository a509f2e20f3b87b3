"""Checkpoints of jobs that run: what they are kept for, over real worker processes."""

import math
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from service.jobs.computation import Computation
from service.jobs.desk import Desk
from service.jobs.jobs import JobState
from service.jobs.live_job import LiveJob
from service.jobs.resuming import order_for_rest, resume
from service.jobs.store import Store
from service.jobs.work_keys import work_key
from service.parts import open_parts
from service.problems import NoRoom
from service.settings import Settings
from tests.service.house import PATIENCE_S, House, house, png
from tests.service.jobs.test_resuming import asked, command
from tests.service.shade_worker import TILES, gone_on_from
from worker.wire.messages import ArrayChunk, Checkpoint, Finished, Started, Tiles, ToService

PASSES = 6
KEPT = 2 * TILES + 2  # tiles: two passes and a part of the third


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[ToService]:
    """What workers say."""
    said: list[ToService] = []
    hear = Computation._hear

    async def noted(self: Computation, shared: Any, message: ToService, *rest: Any) -> None:
        said.append(message)
        await hear(self, shared, message, *rest)

    monkeypatch.setattr(Computation, "_hear", noted)
    return said


def live_of(service: House, path: str) -> LiveJob:
    return service.desk.live[path.removeprefix("/jobs/")]


async def started(service: House, **fields: Any) -> LiveJob:
    """A job that waits for its first tile to be let go."""
    service.hold()
    return live_of(service, await service.start(png(), **fields))


async def until_kept(desk: Desk, live: LiveJob, tiles: int) -> None:
    """Return when there is this much to go on from, and the record says so."""
    job, key = live.record.id, work_key(live.record.digest)
    with trio.fail_after(PATIENCE_S):
        while (
            tiles_in(desk.store.get_work(job, key)) < tiles
            or desk.store.find(job).progress.tiles_done < tiles
        ):
            await trio.sleep(0.01)


def tiles_in(work: bytes) -> int:
    """How far those have come who go on from this."""
    return gone_on_from(work)[0] if work else 0


def newest_worker() -> int:
    """The process id of our youngest child that is a worker; earlier tests may have left others."""
    found: list[tuple[int, int]] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            line = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and b"shade_worker" in line:
            found.append((int(fields[19]), int(status.parent.name)))  # by its start
    return max(found)[1]


def of_second_run(heard: list[ToService]) -> list[Tiles]:
    second = [n for n, each in enumerate(heard) if isinstance(each, Started)][1]
    return [each for each in heard[second:] if isinstance(each, Tiles)]


async def test_a_job_whose_worker_is_killed_goes_on_from_its_tiles(heard: list[ToService]):
    async with house("slow") as service:
        live = await started(service, passes=PASSES)
        service.hold(KEPT)
        await until_kept(service.desk, live, KEPT)
        os.kill(newest_worker(), signal.SIGKILL)
        service.let_go()
        await live.settled.wait()
        assert live.record.state is JobState.COMPLETE
        assert of_second_run(heard)[0].done > 2 * TILES
        assert live.result is not None
        assert live.result.pixels[0] == 10  # inverted six times
        await live.closed.wait()
        key = work_key(live.record.digest)
        assert service.desk.store.get_work(live.record.id, key) == b""  # nobody needs it now


@pytest.mark.parametrize("moment", [None, Started, Tiles, Checkpoint, Finished, ArrayChunk])
async def test_whenever_its_worker_is_killed_a_job_ends_well(
    moment: type[ToService] | None, heard: list[ToService]
):
    async with house("slow") as service:
        live = await started(service, passes=3)
        service.let_go()
        with trio.fail_after(PATIENCE_S):
            while moment and not any(isinstance(each, moment) for each in heard):
                await trio.sleep(0)
            os.kill(newest_worker(), signal.SIGKILL)
            await live.closed.wait()
        assert live.record.state is JobState.COMPLETE
        assert live.record.progress.tiles_done == 3 * TILES
        assert (await service.client.get(f"/jobs/{live.record.id}/image")).status_code == 200
        assert not service.desk.link._tickets


async def test_who_shares_it_goes_on_too_and_a_first_that_leaves_takes_nothing_along(
    heard: list[ToService],
):
    async with house("slow") as service:
        service.hold(TILES + 2)
        paths = [await service.start(png(), passes=PASSES) for _ in range(2)]
        one, other = (live_of(service, path) for path in paths)
        assert one.shared is other.shared
        await until_kept(service.desk, one, TILES + 2)
        assert (await service.client.delete(paths[0])).status_code == 204
        assert (await service.client.delete(paths[0])).status_code == 204
        service.hold(KEPT)
        await until_kept(service.desk, other, KEPT)
        os.kill(newest_worker(), signal.SIGKILL)
        service.let_go()
        await other.settled.wait()
        assert other.record.state is JobState.COMPLETE
        assert of_second_run(heard)[0].done > 2 * TILES


async def test_pieces_of_a_worker_that_is_gone_are_no_part_of_what_follows(
    monkeypatch: pytest.MonkeyPatch, heard: list[ToService]
):
    """It dies between two arrays: what came of them has to go."""
    async with house("slow") as service:
        put, torn = Store.put_array_chunk, trio.Event()

        def kill(store: Store, job: str, chunk: ArrayChunk, payload: bytes) -> None:
            put(store, job, chunk, payload)
            if not torn.is_set() and any(isinstance(each, Checkpoint) for each in heard):
                torn.set()
                os.kill(newest_worker(), signal.SIGKILL)

        monkeypatch.setattr(Store, "put_array_chunk", kill)
        live = await started(service, passes=PASSES)
        service.let_go()
        await live.closed.wait()
        assert torn.is_set()
        assert live.record.state is JobState.COMPLETE
        assert live.record.progress.tiles_done == PASSES * TILES


async def test_a_checkpoint_without_one_of_its_arrays_is_none(monkeypatch: pytest.MonkeyPatch):
    """Who reads slowly loses pieces, and a small array is a single one."""
    hear = Computation._hear

    async def all_but_one(self: Computation, shared: Any, message: ToService, *rest: Any) -> None:
        if not (isinstance(message, ArrayChunk) and message.name == "work.tiles"):
            await hear(self, shared, message, *rest)

    monkeypatch.setattr(Computation, "_hear", all_but_one)
    async with house("slow") as service:
        live = await started(service, passes=2)
        service.let_go()
        await live.settled.wait()
        assert live.record.state is JobState.COMPLETE
        assert not live.kept


async def test_a_field_without_a_worker_is_partial_once_it_can_be_gone_on_with():
    async with house("slow") as service:
        link, patience = service.desk.link, service.desk.link.patience
        link.patience = replace(patience, rerun_s=math.inf)  # as if its deadline were near
        service.hold(2)
        said = {"files": {"target": ("a.png", png())}, "headers": {"Prefer": "respond-async"}}
        answer = await service.client.post("/field", **said)
        live = live_of(service, answer.headers["location"])
        with trio.fail_after(PATIENCE_S):
            while not live.kept:
                await trio.sleep(0.002)
        os.kill(newest_worker(), signal.SIGKILL)
        await live.closed.wait()
        assert live.record.state is JobState.PARTIAL
        service.let_go()
        link.patience = patience
        await link.wait_ready()
        order = order_for_rest(live.record, PATIENCE_S, trio.current_time())
        later = await resume(service.desk, live.record, order)
        await later.closed.wait()
        assert later.record.state is JobState.COMPLETE


async def test_a_full_disk_costs_checkpoints_and_not_the_job(monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any) -> None:
        raise NoRoom("full")

    async with house("slow") as service:
        monkeypatch.setattr(service.desk.store, "work_done", full)
        live = await started(service, passes=2)
        service.let_go()
        await live.closed.wait()
        assert live.record.state is JobState.COMPLETE
        assert not live.kept


# --- the service itself -------------------------------------------------------------------------


def reopened(directory: Path) -> Iterator[Store]:
    """The store after a restart, for the length of one look."""
    store = Store(directory, keep_s=3600, keep_bytes=1e9)
    try:
        yield store
    finally:
        store.close()


async def test_after_a_restart_the_record_says_how_far_the_job_was(tmp_path: Path):
    settings = Settings(data=tmp_path)
    held = tmp_path / "held"
    held.write_text(str(KEPT))
    async with open_parts(settings, command(f"slow:{held}")) as desk:
        await desk.link.wait_ready()
        live = await desk.accept(asked(("passes", str(PASSES))))
        await until_kept(desk, live, KEPT)
        cut_off = desk.store.find(live.record.id)
        assert cut_off.state is JobState.RUNNING
        known = cut_off.progress
        assert known.passes_done == 2
        assert known.tiles_done == live.record.progress.tiles_done == KEPT
    stale = msgspec.structs.replace(known, passes_done=1, tiles_done=1)
    left = [msgspec.structs.replace(cut_off, progress=each) for each in (known, stale)]
    for record in left:
        for kept in reopened(tmp_path):  # twice: what is saved in between is as a kill leaves it
            kept.save(record)
        [job] = [each.find(record.id) for each in reopened(tmp_path)]
        assert (job.state, job.status_reason) == ("partial", "interrupted by a restart")
        assert job.progress.passes_done == 2
        assert job.progress.tiles_done >= 2 * TILES
    async with open_parts(settings, command("slow")) as desk:
        await desk.link.wait_ready()
        later = await resume(desk, job, order_for_rest(job, PATIENCE_S, trio.current_time()))
        await later.closed.wait()
        assert later.record.state is JobState.COMPLETE
        assert later.result is not None
        assert later.result.pixels[0] == 10
