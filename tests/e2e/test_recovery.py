"""Workers and services that are killed, by SIGKILL as nothing can be done against it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.pictures import packed, photograph
from tests.e2e.served import Served, served
from tests.e2e.test_resume import assert_same, complete, whole

pytestmark = pytest.mark.long

PICTURE = {"target": ("photo.png", packed(photograph(512, 480)))}
SHADE = {"passes": "4", "deadline_s": "10"}
ASYNC = {"Prefer": "respond-async"}
SMALL = {"target": ("p.png", packed(photograph(64, 48)))}
RESTARTS = 10


def document(client: httpx.Client, path: str) -> dict[str, Any]:
    job: dict[str, Any] = client.get(path).json()
    return job


def when(client: httpx.Client, path: str, name: str, count: int) -> dict[str, Any]:
    """The document of a job once a counter has come so far, or the job has ended."""
    give_up = time.monotonic() + 15
    while True:
        job = document(client, path)
        ended = job["state"] not in ("queued", "running")
        if job["progress"][name] >= count or ended:
            return job
        assert time.monotonic() < give_up, job
        time.sleep(0.002)


def ended(client: httpx.Client, path: str) -> dict[str, Any]:
    give_up = time.monotonic() + 20
    while (job := document(client, path))["state"] in ("queued", "running"):
        assert time.monotonic() < give_up, job
        time.sleep(0.01)
    return job


def killed(service: Served, client: httpx.Client) -> None:
    """Kill the worker; the service says at once that it has none."""
    os.kill(service.worker_pid(), signal.SIGKILL)
    give_up = time.monotonic() + 1
    while (ready := client.get("/readyz")).status_code == 200:
        assert time.monotonic() < give_up
    assert ready.status_code == 503
    assert ready.headers["retry-after"]


def test_nothing_that_was_accepted_is_lost_with_a_worker_or_a_service(tmp_path: Path):
    with served(tmp_path, status=-signal.SIGKILL) as service:
        with httpx.Client(base_url=service.url, timeout=30) as client:
            for name, count in (("tiles_done", 20), ("passes_done", 1)):
                said = SHADE | {"percentile": str(40 + count + len(name) / 100)}
                path = client.post("/shade", files=PICTURE, data=said, headers=ASYNC).headers[
                    "location"
                ]
                before = when(client, path, name, count)
                killed(service, client)
                job = ended(client, path)
                assert job["state"] in ("complete", "partial")
                assert job["progress"]["passes_done"] >= before["progress"]["passes_done"]
                assert job["progress"]["tiles_done"] >= before["progress"]["tiles_done"]
                assert client.get(f"{path}/image").status_code == 200
                service.wait_ready()
            path = client.post("/shade", files=PICTURE, data=SHADE, headers=ASYNC).headers[
                "location"
            ]
            before = when(client, path, "passes_done", 2)
        service.process.kill()
        service.process.wait(5)
    with served(tmp_path) as service, httpx.Client(base_url=service.url, timeout=30) as client:
        job = document(client, path)
        if before["state"] == "running":
            assert (job["state"], job["status_reason"]) == ("partial", "interrupted by a restart")
            assert job["progress"]["passes_done"] >= 2
            last = f"?pass={job['progress']['passes_done']}"
            assert_same(client, f"{path}/image", f"{path}/image{last}")
            later = complete(client, path)
            once = whole(client, "shade", PICTURE, SHADE | {"deadline_s": "9.9"})
            assert_same(client, f"{later}/image", f"{once}/image")


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
        with served(tmp_path, status=-signal.SIGKILL, ITTEN_WORKERS=workers) as service:
            with httpx.Client(base_url=service.url, timeout=10) as client:
                for passes in (1, 8, 16):
                    said = {"passes": str(passes), "percentile": str(10 + number)}
                    answer = client.post("/shade", files=SMALL, data=said, headers=ASYNC)
                    assert answer.status_code == 202, answer.text
                    accepted.append(answer.headers["location"])
                job = when(client, accepted[-1], "passes_done", number % 3)
                known[accepted[-1]] = job["progress"]["passes_done"]
            service.process.kill()
            service.process.wait(5)
    with (
        served(tmp_path, ITTEN_WORKERS=workers) as service,
        httpx.Client(base_url=service.url, timeout=30) as client,
    ):
        for path in accepted:
            job = document(client, path)
            assert job["state"] in ("complete", "partial"), job
            assert client.get(f"{path}/image").status_code == 200
            done = job["progress"]["passes_done"]
            assert done >= known.get(path, 0)
            assert job["progress"]["tiles_done"] >= 4 * done
            if job["state"] == "partial":
                assert job["status_reason"] == "interrupted by a restart"
                assert job["links"]["resume"]
            for index in range(1, done + 1):
                assert client.get(f"{path}/image?pass={index}").status_code == 200
        states = [document(client, path)["state"] for path in accepted]
        assert "partial" in states
        assert document(client, complete(client, accepted[-1]))["progress"]["passes_done"] == 16
