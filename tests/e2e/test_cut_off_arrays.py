"""A service that is killed while the arrays of a complete job are on their way from the worker."""

import io
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.e2e.served import LONG_S, PATIENCE_S, PATIENT, Served, served
from tests.service.kept_files import names_of

pytestmark = pytest.mark.long

NPZ = {"Accept": "application/x-npz"}
ATTEMPTS = 6  # to strike between the answer and the last of its arrays
HALT_S, GO_S = 0.05, 0.01  # of a slow worker: its arrays take seconds instead of a third of one
# 28 MB of numbers; each row sorted, with where its values were, is three times as much.
X = np.random.default_rng(12).random((1400, 5000), np.float32)
ASKED = '{"kind": "rankk", "params": {"kind": "bottom", "k": 5000}}'


def sent() -> dict[str, Any]:
    file = io.BytesIO()
    np.savez(file, x=X)
    return {"x": ("x.npz", file.getvalue()), "spec": ("spec.json", ASKED, "application/json")}


@contextmanager
def slow(pid: int) -> Iterator[None]:
    """A process that is halted again and again."""
    over = threading.Event()

    def halt() -> None:
        try:
            while not over.wait(GO_S):
                os.kill(pid, signal.SIGSTOP)
                over.wait(HALT_S)
                os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return

    thread = threading.Thread(target=halt)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def killed_behind_its_answer(service: Served) -> dict[str, Any]:
    """A job that was told to be complete when the service was killed."""
    service.wait_ready()
    answer = service.post("/jobs", files=sent(), headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()

    worker = service.worker_pid()
    with slow(worker), httpx.Client(base_url=service.url, timeout=PATIENCE_S) as client:
        while job["state"] in ("queued", "running"):
            job = client.get(job["links"]["self"]).json()
        service.process.kill()
        service.process.wait()
    assert job["state"] == "complete", job
    return job


def cut_off(data: Path) -> dict[str, Any]:
    """The same, with its answer kept and not its arrays."""
    for _ in range(ATTEMPTS):
        with served(data, "--device", "cpu", status=-signal.SIGKILL, **PATIENT) as service:
            job = killed_behind_its_answer(service)
        if {"result.json", "result.npz"} & names_of(data, job["id"]) == {"result.json"}:
            return job
    raise AssertionError("no job was struck between the two")


def test_a_complete_job_whose_arrays_were_cut_off_is_resumed_to_them(tmp_path: Path):
    told = cut_off(tmp_path)
    with served(tmp_path, "--device", "cpu", **PATIENT) as service:
        service.wait_ready()
        job = service.get(told["links"]["self"]).json()
        assert (job["state"], job["status_reason"]) == ("partial", "interrupted by a restart")
        assert job["result"]["done"] == job["result"]["total"] == len(X)
        refused = service.get(job["links"]["result"], headers=NPZ)
        assert refused.status_code == 409
        assert "resume" in refused.json()["detail"]
        rest = service.post(job["links"]["resume"], json={"deadline_s": LONG_S}).json()
        assert rest["state"] == "complete", rest
        answer = service.get(rest["links"]["result"], headers=NPZ)
        assert answer.status_code == 200, answer.text
    with np.load(io.BytesIO(answer.content)) as file:
        assert (file["values"] == np.sort(X, axis=1)).all()
        assert (np.take_along_axis(X, file["indices"], axis=1) == file["values"]).all()
