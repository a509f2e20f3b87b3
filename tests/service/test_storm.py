"""Many clients that change their minds: nothing may be left of them.

`ITTEN_STORM=250x100` makes it 250 rounds of 100 clients; without it, it is over in seconds.
"""

import math
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import trio

from tests.service.house import LONG, PATIENCE_S, House, open_house, png
from tests.service.kept_files import on_disk

ROUNDS, CLIENTS = map(int, os.environ.get("ITTEN_STORM", "3x24").split("x"))


async def test_a_storm_of_cancels_leaves_nothing():
    with trio.fail_after(2 * PATIENCE_S + ROUNDS * CLIENTS):
        async with open_house("slow", max_queue=CLIENTS, **LONG) as service:
            await one_round(service, 0, 4)  # what is kept for good is there now
            await settled(service, math.inf, math.inf)
            tasks, files = held()
            for index in range(ROUNDS):
                await one_round(service, index, CLIENTS)
                await settled(service, tasks, files)


async def one_round(service: House, index: int, clients: int) -> None:
    async with trio.open_nursery() as nursery:
        for client in range(clients):
            image = png(32, 24, (index % 256, client % 256 // 2, 7))  # of each image two
            how = (cancel, hang_up, listen_and_cancel)[client % 3]
            nursery.start_soon(how, service, image)


async def cancel(service: House, image: bytes) -> None:
    path = await started(service, image)
    if path is not None:
        assert (await service.client.delete(path)).status_code == 204  # cancelled
        assert (await service.client.delete(path)).status_code == 204  # removed


async def hang_up(service: House, image: bytes) -> None:
    head = f"POST /shade HTTP/1.1\r\nHost: x\r\nContent-Length: {len(image)}"
    head += "\r\nContent-Type: image/png"
    async with await trio.open_tcp_stream("127.0.0.1", service.port) as stream:
        await stream.send_all(head.encode() + b"\r\n\r\n" + image)
        with trio.move_on_after(0.1):
            await stream.receive_some(1)


async def listen_and_cancel(service: House, image: bytes) -> None:
    path = await started(service, image)
    if path is None:
        return
    accept = {"Accept": "text/event-stream"}
    async with service.client.stream("GET", f"{path}/events", headers=accept) as events:
        await service.client.delete(path)
        text = (await events.aread()).decode()
    assert re.findall(r"^event: (complete|partial|failed|cancelled)$", text, re.MULTILINE) == [
        "cancelled"
    ]
    assert text.rstrip().splitlines()[-2] == "event: cancelled"
    await service.client.delete(path)


async def started(service: House, image: bytes) -> str | None:
    """The path of a job; None where all places are taken."""
    answer = await service.shade(image, {"Prefer": "respond-async"}, passes=16)
    assert answer.status_code in (202, 503), answer.text
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) >= 1
    return answer.headers.get("location")


async def settled(service: House, tasks: float, files: float) -> None:
    """Return once nothing is under way any more, and nothing left but so many."""
    await service.wait_idle()
    with trio.move_on_after(PATIENCE_S):
        while await left_over(service, tasks, files):
            await trio.sleep(0.01)
    assert await left_over(service, tasks, files) == []


async def left_over(service: House, tasks: float, files: float) -> list[object]:
    """What should not be there."""
    gauges = await read_gauges(service.client)
    left: list[object] = [each for each in gauges.items() if each[1] and each[0] != "worker_ready"]
    left += [*service.desk.computing, *service.desk.link._tickets]
    # A connection that httpx keeps open has a few tasks and two ends here.
    idle = len(service.client._transport._pool.connections)
    most = tasks + 8 * idle, files + 2 * idle
    left += [each for each in zip(held(), most, strict=True) if each[0] > each[1]]
    return [*left, *unwanted(service.desk.settings.data)]


def held() -> tuple[int, int]:
    """Tasks that live and files that are open."""
    return trio.lowlevel.current_statistics().tasks_living, len(os.listdir("/dev/fd"))


async def read_gauges(client: httpx.AsyncClient) -> dict[str, float]:
    text = (await client.get("/metrics")).text
    names = "jobs_running|jobs_waiting|jobs_kept_open|jobs_joined|places_taken|work_seconds"
    names += "|reserved_seconds|listeners|worker_ready"
    found = re.findall(rf"^itten_({names}) (\S+)$", text, re.MULTILINE)
    assert len(found) == len(names.split("|"))
    return {name: float(value) for name, value in found}


def unwanted(data: Path) -> set[Path]:
    """Files that no job has."""
    with closing(sqlite3.connect(data / "itten.sqlite3")) as db:
        kept = {data / "content" / each for (each,) in db.execute("SELECT digest FROM files")}
    return on_disk(data) - kept
