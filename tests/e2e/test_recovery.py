"""Workers and services that are killed, by SIGKILL as nothing can be done against it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.client import Itten, Job, JobDocument
from tests.e2e.pictures import photograph
from tests.e2e.served import Served, served
from tests.e2e.test_resume import LONG_S, PATIENT, assert_same, complete, whole

pytestmark = pytest.mark.long

PICTURE, SMALL = photograph(512, 480), photograph(64, 48)
SHADE = {"target": PICTURE, "passes": 4, "deadline_s": 10}
RESTARTS = 10


def when(job: Job, name: str, count: int) -> JobDocument:
    """The document of a job once a counter has come so far, or the job has ended."""
    give_up = time.monotonic() + 15
    while True:
        document = job.refresh()
        if getattr(document.progress, name) >= count or document.state.ended:
            return document
        assert time.monotonic() < give_up, document
        time.sleep(0.002)


def killed(service: Served) -> None:
    """Kill the worker; the service says at once that it has none."""
    os.kill(service.worker_pid(), signal.SIGKILL)
    give_up = time.monotonic() + 1
    while (ready := httpx.get(f"{service.url}/readyz")).status_code == 200:
        assert time.monotonic() < give_up
    assert ready.status_code == 503
    assert ready.headers["retry-after"]


def test_nothing_that_was_accepted_is_lost_with_a_worker_or_a_service(tmp_path: Path):
    with served(tmp_path, status=-signal.SIGKILL) as service, Itten(service.url) as itten:
        for name, count in (("tiles_done", 20), ("passes_done", 1)):
            job = itten.submit("shade", **SHADE, percentile=40 + count + len(name) / 100)
            before = when(job, name, count)
            killed(service)
            after = job.wait()
            assert after.state in ("complete", "partial")
            assert after.progress.passes_done >= before.progress.passes_done
            assert after.progress.tiles_done >= before.progress.tiles_done
            assert job.read("png")
            service.wait_ready()
        job = itten.submit("shade", **SHADE)
        before = when(job, "passes_done", 2)
        service.process.kill()
        service.process.wait(5)
    with served(tmp_path, **PATIENT) as service, Itten(service.url) as itten:
        job = itten.job(job.id)
        if before.state == "running":
            after = job.document
            assert (after.state, after.status_reason) == ("partial", "interrupted by a restart")
            assert after.progress.passes_done >= 2
            assert job.read("png") == job.after_pass(after.progress.passes_done)
            later = complete(job)
            once = whole(itten, "shade", SHADE)
            assert_same(later, once)


def test_a_field_whose_worker_is_killed_after_the_answer_comes_all_the_same(tmp_path: Path):
    picture = photograph(1000, 800)  # 16 MB of arrays
    with served(tmp_path, **PATIENT) as service, Itten(service.url) as itten:
        fields = []
        for kills in (True, False):
            job = itten.submit("field", picture, deadline_s=LONG_S)
            while not job.refresh().state.ended:
                time.sleep(0.002)
            if kills:
                os.kill(service.worker_pid(), signal.SIGKILL)
            assert job.document.state == "complete"
            fields.append(job.read("npz"))
            httpx.delete(f"{service.url}/jobs/{job.id}")
        assert fields[0] == fields[1]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a slow, cheap worker that outlives its services."""
    path = tmp_path_factory.mktemp("worker") / "worker.sock"
    command = [sys.executable, "-m", "tests.service.shade_worker", "slow", "--listen"]
    with subprocess.Popen([*command, f"unix:{path}"]) as process:
        yield f"unix:{path}"
        process.terminate()


def test_ten_restarts_with_nothing_lost(tmp_path: Path, workers: str):
    accepted: list[str] = []
    known: dict[str, int] = {}  # passes that a caller has seen
    for number in range(RESTARTS):
        with (
            served(tmp_path, status=-signal.SIGKILL, ITTEN_WORKERS=workers) as service,
            Itten(service.url) as itten,
        ):
            for passes in (1, 8, 16):
                job = itten.submit("shade", SMALL, passes=passes, percentile=10 + number)
                accepted.append(job.id)
            known[job.id] = when(job, "passes_done", number % 3).progress.passes_done
            service.process.kill()
            service.process.wait(5)
    with served(tmp_path, ITTEN_WORKERS=workers) as service, Itten(service.url) as itten:
        jobs = [itten.job(each) for each in accepted]
        for job in jobs:
            document = job.document
            assert document.state in ("complete", "partial"), document
            assert job.read("png")
            done = document.progress.passes_done
            assert done >= known.get(job.id, 0)
            assert document.progress.tiles_done >= 4 * done
            if document.state == "partial":
                assert document.status_reason == "interrupted by a restart"
                assert document.links["resume"]
            assert all(job.after_pass(index) for index in range(1, done + 1))
        assert "partial" in [job.document.state for job in jobs]
        assert complete(jobs[-1]).document.progress.passes_done == 16
