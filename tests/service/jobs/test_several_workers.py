"""A service with two workers that stand by themselves: how it stands, and what it keeps doing."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
import trio

from service.access.keys import new_key
from tests.service.house import House, assert_problem, house, png

pytestmark = pytest.mark.long


@contextmanager
def standing(mode: str, address: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.service.shade_worker", mode, "--listen", address]
    with subprocess.Popen(command) as process:
        yield process
        process.kill()


@asynccontextmanager
async def two(directory: Path) -> AsyncIterator[tuple[House, list[subprocess.Popen[bytes]]]]:
    addresses = [f"unix:{directory / name}.sock" for name in "ab"]
    mode = f"slow:{held(directory)}"
    with standing(mode, addresses[0]) as a, standing(mode, addresses[1]) as b:
        async with house(workers=tuple(addresses)) as service:
            while len(service.desk.link.workers) < 2:
                await trio.sleep(0.01)
            yield service, [a, b]


def held(directory: Path) -> Path:
    """What says how far jobs come, as long as it is there."""
    return directory / "held"


async def states(service: House) -> list[str]:
    answer = await service.client.get("/readyz")
    assert answer.status_code == 200, answer.text
    return [each["state"] for each in answer.json()["workers"]]


async def gauge(service: House, name: str) -> list[float]:
    lines = (await service.client.get("/metrics")).text.splitlines()
    return [float(each.split()[-1]) for each in lines if each.startswith(f"itten_worker_{name}{{")]


async def test_it_is_ready_while_one_is_and_every_job_is_answered(tmp_path: Path):
    async with two(tmp_path) as (service, processes):
        assert await states(service) == ["ready", "ready"]
        assert "unix:" not in (await service.client.get("/readyz")).text
        answers: list[httpx.Response] = []
        held(tmp_path).write_text("0")

        async def shade(number: int) -> None:
            answers.append(await service.shade(png(), passes=2, percentile=40 + number))

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(shade, number)
            while sum(await gauge(service, "jobs")) < 4:
                await trio.sleep(0.01)
            assert await gauge(service, "jobs") == [2, 2]
            assert min(await gauge(service, "queued_seconds")) > 0
            processes[0].kill()
            while await states(service) == ["ready", "ready"]:
                await trio.sleep(0.01)
            assert await states(service) == ["missing", "ready"]
            assert await gauge(service, "up") == [0, 1]
            assert await gauge(service, "jobs") == [0, 4]
            held(tmp_path).unlink()
        assert [each.headers["itten-status"] for each in answers] == ["complete"] * 4
        processes[1].kill()
        while service.desk.link.ready:
            await trio.sleep(0.01)
        assert_problem(await service.client.get("/readyz"), 503, "not-ready")


async def test_one_key_cannot_take_all_places(tmp_path: Path):
    made = {name: new_key(name, ("submit",)) for name in ("alice", "bob")}
    file = tmp_path / "keys"
    file.write_text("".join(f"{key.line()}\n" for _, key in made.values()))
    file.chmod(0o600)
    async with house("slow", max_queue=2, api_keys_file=file) as service:
        service.hold()

        async def start(name: str, number: int) -> httpx.Response:
            headers = {"Prefer": "respond-async", "Authorization": f"Bearer {made[name][0]}"}
            return await service.shade(png(), headers, percentile=number)

        assert (await start("alice", 41)).status_code == 202
        refused = await start("alice", 42)
        assert "share" in assert_problem(refused, 429, "too-fast")["detail"]
        assert int(refused.headers["retry-after"]) >= 1
        assert (await start("bob", 43)).status_code == 202
        assert_problem(await start("bob", 44), 503, "busy")
