"""The client and a service that stops halfway, or that is behind a connection that breaks."""

import signal
import sys
import time
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import trio

from service.client import AsyncItten, Complete, Event, Itten, Pass, ServiceError, Snapshot
from tests.service.client.proxy import breaking
from tests.service.house import PATIENCE_S, house, png

pytestmark = pytest.mark.long

PASSES = 16  # of a slow worker: more than a second


async def test_a_partial_job_goes_on() -> None:
    async with house("brief") as service, AsyncItten(str(service.client.base_url)) as itten:
        part = await itten.shade(png(), passes=2)
        assert (part.status, part.passes) == ("partial", (1, 2))
        rest = await part.job.resume(deadline_s=5)
        assert (rest.document.resumed_from, rest.document.deadline_s) == (part.job.id, 5)
        assert (await rest.result()).status == "complete"
        with pytest.raises(ServiceError, match="passes is not what the job began with"):
            await part.job.resume(passes=3)
        again = await part.job.resume(target=png(), passes=2)
        assert (await again.wait()).state == "complete"
        await service.wait_idle()


async def test_a_job_is_followed_over_a_connection_that_breaks() -> None:
    heard: dict[str, list[Event]] = {"blocking": [], "awaited": []}

    def block(url: str) -> None:
        with Itten(url) as itten, itten.submit("shade", png(), passes=PASSES) as job:
            heard["blocking"] += job.events()

    async with house("slow") as service, breaking(service.port, 2500) as url:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, block, url)
            async with AsyncItten(url) as itten:
                job = await itten.submit("shade", png(40, 30), passes=PASSES)
                heard["awaited"] += [event async for event in job.events()]
        await service.wait_idle()
    for events in heard.values():
        passes = [each.index for each in events if isinstance(each, Pass)]
        assert passes == list(range(1, PASSES + 1))
        assert isinstance(events[-1], Complete)
        assert sum(isinstance(each, Snapshot) for each in events) > 2  # it has been broken


async def test_who_is_cancelled_leaves_no_job_behind() -> None:
    picture = png(1500, 1000)
    async with house("slow") as service, AsyncItten(str(service.client.base_url)) as itten:
        for milliseconds in (1, 20, 40, 60, 80, 120, 200, 300):
            with trio.move_on_after(milliseconds / 1000) as scope:
                await itten.shade(picture, passes=PASSES)
            assert scope.cancelled_caught
        await service.wait_idle()  # one that was let be would be complete by now
        assert {job.state for job in await service.desk.newest()} <= {"cancelled"}


async def test_ctrl_c_ends_a_script_and_its_job(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    async with house("slow") as service:
        service.hold()
        shade = f"itten.shade({str(tmp_path / 'photo.png')!r}, passes={PASSES})"
        url = str(service.client.base_url)
        # A job of a shell that runs in the background ignores SIGINT, and so do its children.
        heeding = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
        use = f"from service.client import Itten\nwith Itten({url!r}) as itten: {shade}"
        script = f"{heeding}\n{use}"
        process = await trio.lowlevel.open_process([sys.executable, "-c", script], stderr=PIPE)
        with trio.fail_after(PATIENCE_S):
            while not any(live.record.state == "running" for live in service.desk.live.values()):
                await trio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == -signal.SIGINT
        await service.wait_idle()
        assert [job.state for job in await service.desk.newest()] == ["cancelled"]


async def test_nor_while_its_record_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house("slow") as service, AsyncItten(str(service.client.base_url)) as itten:
        add, began, added = service.desk.store.add, trio.Event(), trio.Event()
        token = trio.lowlevel.current_trio_token()

        def slow(*arguments: Any, **options: Any) -> None:
            token.run_sync_soon(began.set)
            time.sleep(0.3)
            add(*arguments, **options)
            token.run_sync_soon(added.set)

        monkeypatch.setattr(service.desk.store, "add", slow)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(itten.shade, png())
            await began.wait()
            nursery.cancel_scope.cancel()
        await added.wait()
        await service.wait_idle()
        with trio.fail_after(PATIENCE_S):
            while await service.desk.newest():  # until it is forgotten
                await trio.sleep(0.01)
