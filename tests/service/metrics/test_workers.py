"""What is known of the processes beside the service, and that it outlives them."""

import os
import re
import signal
import sys

import pytest
import trio
from prometheus_client import CollectorRegistry, generate_latest
from trio.testing import wait_all_tasks_blocked

from service.jobs.admission import Admission
from service.link.meter import Meter
from service.link.worker_link import WorkerLink, open_workers
from service.metrics.workers import ProcessMetrics
from service.pictures import images
from service.pictures.images import Decoders, open_decoders
from service.problems import BrokenImage
from tests.service import hostile_decoder as hostile
from tests.service.house import PATIENCE_S
from tests.worker.sample_runs import PIXELS, submit
from worker.wire.messages import Counts, Stats

WORKER = [sys.executable, "-m", "tests.worker.sample_worker", "normal"]
HOSTILE = (sys.executable, "-m", "tests.service.hostile_decoder")
CHILD = '{worker="child"}'


def read(link: WorkerLink, decoders: Decoders) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(ProcessMetrics(link, decoders, Admission(1)))
    text = generate_latest(registry).decode()
    samples = re.findall(r"^(itten_.+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in samples}


async def counted(link: WorkerLink, what: str, at_least: float) -> None:
    """Return once this count has come so far: the worker's own are told every second."""
    with trio.fail_after(PATIENCE_S):
        while read(link, Decoders(0))[f"itten_worker_{what}_total{CHILD}"] < at_least:
            await trio.sleep(0.02)


async def run(link: WorkerLink, job: str) -> None:
    async for _ in await link.submit(submit(job), PIXELS):
        pass


async def test_counts_go_on_when_a_worker_is_replaced():
    async with open_workers(command=WORKER) as link:
        await link.wait_ready()
        await run(link, "tiles-5")
        await counted(link, "batch_tiles", 4)
        assert link.hello is not None
        os.kill(int(link.hello.device_name), signal.SIGSTOP)
        await wait_all_tasks_blocked(0.05)  # all that it has said was read
        first = read(link, Decoders(0))
        before = first[f"itten_worker_turns_total{CHILD}"]
        assert first[f"itten_worker_batch_tiles_total{CHILD}"] == 4  # and one while it was made
        assert first['itten_worker_memory_bytes{of="process",worker="child"}'] > 1e6
        os.kill(int(link.hello.device_name), signal.SIGKILL)
        await counted(link, "restarts", 1)  # when its process has ended, not just its connection
        assert not link.ready
        between = read(link, Decoders(0))
        assert between[f"itten_worker_restarts_total{CHILD}"] == 1
        assert between[f"itten_worker_turns_total{CHILD}"] == before
        assert not [name for name in between if "memory" in name]  # of nobody
        await link.wait_ready()
        await run(link, "j-3")
        await counted(link, "turns", before + 1)


def test_what_a_connection_has_counted_is_counted_once():
    meter = Meter()
    for counts in (Counts(turns=3), Counts(turns=5, busy_seconds=0.5)):
        meter.now = Stats(counts=counts, resident_bytes=1)
    assert meter.total == Counts(turns=5, busy_seconds=0.5)
    meter.gone()
    meter.gone()
    assert meter.total == Counts(turns=5, busy_seconds=0.5)
    meter.now = Stats(counts=Counts(turns=1), resident_bytes=1)
    assert meter.total.turns == 6


async def test_what_an_image_has_cost_is_counted_by_reason(monkeypatch: pytest.MonkeyPatch):
    async with open_decoders(1_000_000, HOSTILE) as decoders, open_workers(command=WORKER) as link:
        for file, patience_s in ((hostile.CRASH, PATIENCE_S), (hostile.HANG, 0.5)):
            monkeypatch.setattr(images, "HEADER_S", patience_s)
            with pytest.raises(BrokenImage):
                await decoders.header(file)
        seen = read(link, decoders)
    assert seen['itten_decoder_failures_total{reason="crashed"}'] == 2
    assert seen['itten_decoder_failures_total{reason="too slow"}'] == 1
