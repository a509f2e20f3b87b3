"""What it costs to send a large picture to a worker and back."""

import math
import os
import time
from pathlib import Path

import trio

from service.link.worker_link import WorkerLink
from tests.service.link.test_worker_link import ready_link, worker_pid
from tests.worker.sample_runs import submit
from worker.wire.messages import Finished


async def test_36_megabytes_there_and_back_are_cheap():
    """In processor time, of both ends, beside that of the plain bytes over a socket."""
    async with ready_link() as link:
        pixels, best = bytes(36_000_000), math.inf
        for number in range(5):
            began = processor_s(link)
            answers = await link.submit(submit(f"big{number}-1", width=4000, height=3000), pixels)
            async for message, payload in answers:
                if isinstance(message, Finished):
                    assert len(payload) == len(pixels)
            spent_s = processor_s(link) - began
            best = min(best, spent_s / await plain_s(pixels))
        assert best < 16  # it is 5 to 8


def processor_s(link: WorkerLink) -> float:
    """What this process and the worker have had of the processor."""
    fields = Path(f"/proc/{worker_pid(link)}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


async def plain_s(data: bytes) -> float:
    """Processor time for these bytes to go over a socket and back."""
    near, far = (trio.SocketStream(sock) for sock in trio.socket.socketpair())
    began = time.process_time()
    async with near, far:
        for source, sink in ((near, far), (far, near)):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(source.send_all, data)
                received = 0
                while received < len(data):
                    received += len(await sink.receive_some(1 << 20))
    return time.process_time() - began
