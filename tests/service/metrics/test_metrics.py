"""What `/metrics` says, over the whole service."""

import re
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import msgspec
import trio
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from service.access.key_ring import LOOK_S
from service.access.keys import new_key
from service.jobs.jobs import Job, JobState, Quality
from service.metrics.metrics import Metrics
from tests.service.house import PATIENCE_S, House, house, png

HUNG_UP = 'itten_http_answers_total{status="499"}'


async def values(service: House) -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = await service.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = re.findall(r"^(itten_\S+) (\S+)$", answer.text, re.MULTILINE)
    return {name: float(value) for name, value in samples}


async def test_gauges_tell_what_is_under_way_and_counts_what_was():
    async with house("slow") as service:
        before = await values(service)
        assert before["itten_worker_ready"] == 1
        service.hold()
        path = await service.start(png(), passes=16)
        during = await values(service)
        assert during["itten_jobs_running"] + during["itten_jobs_waiting"] == 1
        assert during["itten_places_taken"] == 1
        assert during["itten_work_seconds"] > 0
        await service.client.delete(path)
        service.let_go()
        await service.shade(png(), passes=1)
        await service.client.get("/nowhere")
        await service.wait_idle()
        service.hold()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(service.shade, png(40), passes=16))
            await service.wait_live()
            nursery.cancel_scope.cancel()  # hangs up
        await service.wait_idle()
        with trio.fail_after(PATIENCE_S):
            while HUNG_UP not in (after := await values(service)):
                await trio.sleep(0.01)
    gauges = ("jobs_running", "jobs_waiting", "places_taken", "work_seconds", "listeners")
    assert [after[f"itten_{name}"] for name in gauges] == [0.0] * 5
    assert after['itten_jobs_ended_total{kind="shade",state="cancelled"}'] == 2
    assert after['itten_jobs_ended_total{kind="shade",state="complete"}'] == 1
    statuses = [
        after[f'itten_http_answers_total{{status="{n}"}}'] for n in (200, 202, 204, 404, 499)
    ]
    assert statuses[0] >= 3  # two looks at the metrics or more, and one picture
    assert statuses[1:] == [1, 1, 1, 1]


async def test_the_same_work_twice_is_one_that_another_joined():
    async with house("slow") as service:
        service.hold()
        first = await service.start(png(), passes=16)
        second = await service.start(png(), passes=16)
        during = await values(service)
        assert (during["itten_jobs_joined"], during["itten_places_taken"]) == (1, 1)
        for path in (first, second):
            await service.client.delete(path)
        await service.wait_idle()
        assert (await values(service))["itten_jobs_joined"] == 0


async def test_what_the_worker_has_done_is_told_soon_and_how_late_the_event_loop_is():
    async with house() as service:
        await service.shade(png(), passes=2)
        await service.wait_idle()  # the picture that was answered is kept by then
        with trio.fail_after(PATIENCE_S):  # it is told every second, also in the middle
            while (seen := await values(service))['itten_worker_tiles_total{worker="child"}'] < 8:
                await trio.sleep(0.05)
    assert seen['itten_worker_tiles_total{worker="child"}'] == 8
    assert seen['itten_worker_iterations_total{worker="child"}'] == 24
    assert seen['itten_worker_restarts_total{worker="child"}'] == 0
    assert seen["itten_kept_bytes"] > 0
    assert seen["itten_event_loop_delay_seconds_count"] > 0
    assert 'itten_event_loop_delay_seconds_bucket{le="0.01"}' in seen


async def test_metrics_do_not_wait_for_the_worker_nor_for_a_place():
    async with house("unready") as service:
        assert (await values(service))["itten_worker_ready"] == 0
    async with house("deaf", max_queue=1) as service:
        path = await service.start(png())
        assert (await values(service))["itten_places_taken"] == 1
        await service.client.delete(path)


def test_bounds_are_told_by_how_the_job_ended():
    metrics = Metrics()
    job = Job(id="j", kind="field", created=0.0, deadline_s=1.0, state=JobState.PARTIAL)
    metrics.ended(msgspec.structs.replace(job, quality=Quality(0.02, None)))
    metrics.ended(msgspec.structs.replace(job, quality=Quality(0.2, 0.9)))
    text = metrics.text().decode()
    assert 'itten_angle_bound_bucket{le="0.03",of="median",state="partial"} 1.0' in text
    assert 'itten_angle_bound_bucket{le="0.3",of="median",state="partial"} 2.0' in text
    assert 'itten_angle_bound_bucket{le="0.3",of="max",state="partial"} 0.0' in text
    assert 'itten_angle_bound_sum{of="max",state="partial"} 1.9' in text  # 1 of a job without any


async def test_health_and_metrics_need_no_thread_no_place_and_no_database(tmp_path: Path):
    text, key = new_key("operator", ["submit", "admin"])
    (tmp_path / "keys").write_text(key.line())
    async with (
        house("slow", max_queue=1, api_keys_file=tmp_path / "keys") as service,
        trio.open_nursery() as nursery,
    ):
        service.client.headers["Authorization"] = f"Bearer {text}"
        service.hold()
        path = await service.start(png(), passes=16)
        async with all_threads_waiting(service):
            nursery.start_soon(service.shade, png(40))  # and more waits
            await trio.sleep(LOOK_S)  # the keys are due to be looked at
            for page in ("/healthz", "/readyz", "/metrics"):
                with trio.fail_after(PATIENCE_S):
                    assert (await service.client.get(page)).status_code == 200
        await service.client.delete(path)
        service.let_go()


@asynccontextmanager
async def all_threads_waiting(service: House) -> AsyncIterator[None]:
    """Somebody writes to the database, on a slow disk, and every thread waits."""
    over = threading.Event()
    threads = trio.to_thread.current_default_thread_limiter()
    with closing(sqlite3.connect(service.desk.settings.data / "itten.sqlite3")) as database:
        database.execute("BEGIN IMMEDIATE")
        async with trio.open_nursery() as nursery:
            for _ in range(int(threads.total_tokens)):
                nursery.start_soon(trio.to_thread.run_sync, over.wait)
            try:
                while threads.available_tokens:
                    await trio.sleep(0.01)
                yield
            finally:
                over.set()


async def test_the_log_says_whose_request_it_was(tmp_path: Path):
    text, key = new_key("operator", ["read"])
    (tmp_path / "keys").write_text(key.line())
    async with house(api_keys_file=tmp_path / "keys") as service:
        with capture_logs(processors=[merge_contextvars]) as lines:
            for headers in ({"Authorization": f"Bearer {text}"}, {}):
                await service.client.get("/jobs", headers=headers)
            with trio.fail_after(PATIENCE_S):  # the client may have an answer before it is logged
                while [line["event"] for line in lines].count("request") < 2:
                    await trio.sleep(0.005)
    owners = [(line["status"], line.get("owner")) for line in lines if line["event"] == "request"]
    assert owners == [(200, "operator"), (401, None)]
