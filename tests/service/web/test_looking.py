"""Pictures that are asked for again and again leave the processor to work that has a deadline."""

import threading
import time

import pytest
import trio

from service.jobs.looking import WAIT_S, Looking
from tests.service.house import House, house, png


class SlowEncoder:
    """Counts how many pictures are encoded at the same time."""

    def __init__(self, service: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._encode = service.desk.prices.encode
        self._lock = threading.Lock()
        self.now = self.most = self.count = 0
        monkeypatch.setattr(service.desk.prices, "encode", self)

    def __call__(self, *arguments: object) -> bytes:
        with self._lock:
            self.now += 1
            self.count += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self._lock:
            self.now -= 1
        return self._encode(*arguments)  # type: ignore[arg-type]


async def test_one_caller_has_one_picture_made_at_a_time_and_gets_them_all(
    monkeypatch: pytest.MonkeyPatch,
):
    async with house() as service:
        service.desk.looking = Looking(at_once=4)
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        encoder, statuses = SlowEncoder(service, monkeypatch), []

        async def look() -> None:
            statuses.append((await service.client.get(f"{path}/image")).status_code)

        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(look)
        assert statuses == [200] * 8
        assert (encoder.count, encoder.most) == (8, 1)


async def test_who_hangs_up_does_not_have_more_made_by_it(monkeypatch: pytest.MonkeyPatch):
    async with house() as service:
        service.desk.looking = Looking(at_once=1)
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        encoder = SlowEncoder(service, monkeypatch)
        for _ in range(8):
            with trio.move_on_after(0.02):
                await service.client.get(f"{path}/image")
        assert (await service.client.get(f"{path}/image")).status_code == 200
        assert encoder.most == 1


async def test_work_is_not_kept_waiting_by_them(monkeypatch: pytest.MonkeyPatch):
    async with house() as service:
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        begun, leave, looked = trio.Event(), trio.Event(), trio.Event()

        async def hold() -> None:
            async with service.desk.looking.turn("127.0.0.1"):
                begun.set()
                await leave.wait()

        async def look() -> None:
            answer = await service.client.get(f"{path}/image")
            looked.set()
            assert answer.status_code in (200, 503)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(hold)
            await begun.wait()
            began = trio.current_time()
            nursery.start_soon(look)
            answer = await service.shade(png(), passes=1)
            assert answer.headers["itten-status"] == "complete"
            assert not looked.is_set() or trio.current_time() - began > WAIT_S
            leave.set()
