"""Workers and services that are killed, by SIGKILL as nothing can be done against it."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from service.client import Itten, Job, JobDocument
from tests.e2e.pictures import photograph
from tests.e2e.served import (
    LONG_S,
    LONGEST,
    LONGEST_S,
    PATIENCE_S,
    PATIENT,
    Served,
    held,
    served,
    until,
)
from tests.e2e.test_resume import assert_same, complete, whole

pytestmark = pytest.mark.long

PICTURE, SMALL = photograph(512, 480), photograph(64, 48)
SHADE = {"target": PICTURE, "passes": 8, "deadline_s": LONG_S}
RESTARTS = 10


def when(job: Job, name: str, count: int) -> JobDocument:
    """The document of a job once a counter has come so far, or the job has ended."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        document = job.refresh()
        if getattr(document.progress, name) >= count or document.state.ended:
            return document
        assert time.monotonic() < give_up, document
        time.sleep(0.002)


def killed(service: Served) -> None:
    """Kill the worker; the service says before it has another one that it has none."""
    os.kill(service.worker_pid(), signal.SIGKILL)
    answers = [service.get("/readyz")]
    until(lambda: answers.append(service.get("/readyz")) or answers[-1].status_code != 200)
    assert answers[-1].status_code == 503
    assert answers[-1].headers["retry-after"]


def test_nothing_that_was_accepted_is_lost_with_a_worker_or_a_service(tmp_path: Path):
    with (
        served(tmp_path, status=-signal.SIGKILL, **PATIENT) as service,
        Itten(service.url) as itten,
    ):
        service.wait_ready()
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
        when(job, "passes_done", 2)
        service.process.kill()
        service.process.wait()
    with served(tmp_path, **LONGEST) as service, Itten(service.url) as itten:
        job = itten.job(job.id)
        after = job.document
        if after.state != "complete":  # it was faster than the kill
            assert (after.state, after.status_reason) == ("partial", "interrupted by a restart")
            assert after.progress.passes_done >= 2
            assert job.read("png") == job.after_pass(after.progress.passes_done)
            later = complete(job)
            once = whole(itten, "shade", SHADE)
            assert_same(later, once)


def test_a_field_whose_worker_is_killed_after_the_answer_comes_all_the_same(tmp_path: Path):
    picture = photograph(1000, 800)  # 16 MB of arrays
    with served(tmp_path, **LONGEST) as service, Itten(service.url) as itten:
        fields = []
        for kills in (True, False):
            job = itten.submit("field", picture, deadline_s=LONGEST_S)
            while not job.refresh().state.ended:
                time.sleep(0.002)
            if kills:
                os.kill(service.worker_pid(), signal.SIGKILL)
            assert job.document.state == "complete"
            fields.append(job.read("npz"))
            httpx.delete(f"{service.url}/jobs/{job.id}", timeout=PATIENCE_S)
        assert fields[0] == fields[1]


def test_ten_restarts_with_nothing_lost(tmp_path: Path, workers: str):
    accepted: list[str] = []
    known: dict[str, int] = {}  # passes that a caller has seen
    for number in range(RESTARTS):
        with (
            held(workers),
            served(tmp_path, status=-signal.SIGKILL, ITTEN_WORKERS=workers, **PATIENT) as service,
            Itten(service.url, patience_s=PATIENCE_S) as itten,
        ):
            for passes in (1, 8, 16):
                job = itten.submit("shade", SMALL, passes=passes, percentile=10 + number)
                accepted.append(job.id)
            known[job.id] = when(job, "passes_done", number % 3).progress.passes_done
            service.process.kill()
            service.process.wait()
    with served(tmp_path, ITTEN_WORKERS=workers, **PATIENT) as service, Itten(service.url) as itten:
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
