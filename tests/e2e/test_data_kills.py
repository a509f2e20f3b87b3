"""Graph jobs whose service and worker are killed: what is left of them is gone on from."""

import io
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.e2e.served import LONGEST, LONGEST_S, Served, served

pytestmark = pytest.mark.long

KINDS: dict[str, dict[str, Any]] = {
    "graph.fiedler": {
        "graph": {"generator": "triangle", "params": {"rows": 330, "cols": 300}},
        "params": {"k": 6, "tolerance": 1e-6},
    },
    "graph.expand": {
        "graph": {"generator": "gnp", "params": {"n": 4_000, "p": 1e-3, "seed": 5}},
        "params": {"radius": 3},
    },
    "graph.path": {
        "graph": {"generator": "square", "params": {"rows": 300, "cols": 300}},
        "params": {"queries": [[i, 89_999 - 7 * i] for i in range(40)]},
    },
    "lattice.extrude": {
        "graph": {"generator": "pinched", "params": {"x_range": 260, "y_range": 260}},
        "params": {"surface": "egg"},
    },
    "lattice.egg": {"params": {"relief_size": 1024, "size": 1024, "supersample": 2}},
    "render.egg": {"params": {"size": 1024, "supersample": 2}},
    "texture.synth": {
        "params": {"carrier_name": "dragon", "size": 256, "modes": 8, "egg_size": 512}
    },
}
CHECKPOINTS = "SELECT 1 FROM files WHERE job = ? AND name GLOB 'work*.npz'"


def client(service: Served) -> httpx.Client:
    service.wait_ready()
    return httpx.Client(base_url=service.url, timeout=2 * LONGEST_S)


def arrays(http: httpx.Client, job: dict[str, Any]) -> dict[str, bytes]:
    answer = http.get(job["links"]["result"], headers={"Accept": "application/x-npz"})
    assert answer.status_code == 200, answer.text
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as file:
        return {name: file[name].tobytes() for name in file.files}


def completed(http: httpx.Client, job: dict[str, Any], deadline_s: float) -> dict[str, Any]:
    for _ in range(60):
        if job["state"] == "complete":
            return job
        assert job["state"] == "partial", job
        answer = http.post(job["links"]["resume"], json={"deadline_s": deadline_s})
        assert answer.status_code in (200, 503), answer.text
        job = answer.json() if answer.status_code == 200 else job
        deadline_s = LONGEST_S
    raise AssertionError(job)


def begun(http: httpx.Client, kind: str, data: Path, *, early: bool = False) -> dict[str, Any]:
    """A job that has left a checkpoint, or is at its end; an early one is only under way."""
    asked = KINDS[kind] | {"kind": kind, "deadline_s": LONGEST_S}
    answer = http.post("/jobs", json=asked, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    if early:
        while http.get(job["links"]["self"]).json()["state"] == "queued":
            time.sleep(0.01)
        return job
    with closing(sqlite3.connect(f"file:{data}/itten.sqlite3?mode=ro", uri=True)) as db:
        while not db.execute(CHECKPOINTS, (job["id"],)).fetchone():
            if http.get(job["links"]["self"]).json()["state"] not in ("queued", "running"):
                break
            time.sleep(0.02)
    return job


def check_what_is_shown(http: httpx.Client, job: dict[str, Any]) -> None:
    """An expansion that was cut off shows what it has come to."""
    done, shown = job["result"]["done"], arrays(http, job)
    values = np.frombuffer(shown["lambda2"])
    assert np.isfinite(values).sum() == done > 0
    assert job["state"] != "partial" or done < len(values)


def cut_off(http: httpx.Client, kind: str, service: Served) -> dict[str, Any]:
    """A job whose worker was killed before it had answered."""
    for attempt in range(6):
        # Where a machine needs hardly a second there may be no checkpoint to wait for.
        job = begun(http, kind, service.data, early=attempt > 2)
        killed = service.worker_pid()
        os.kill(killed, signal.SIGKILL)
        answered = http.get(job["links"]["self"]).json()["state"] == "complete"
        while (job := http.get(job["links"]["self"]).json())["state"] in ("queued", "running"):
            time.sleep(0.2)
        service.wait_other_worker(killed)
        if not answered:
            return job
    raise AssertionError("every job had ended by then")


def end(http: httpx.Client, job: dict[str, Any], deadline_s: float) -> tuple[Any, ...]:
    """What a job comes to, by as many others as it takes."""
    job = completed(http, job, deadline_s)
    result = job["result"]
    assert result["done"] == result["total"]
    assert result.get("converged", True)
    linked = [k for k, v in result.items() if isinstance(v, dict) and "npz" in v]
    return {k: v for k, v in result.items() if k not in linked}, arrays(http, job)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_after_kills_of_the_service_and_the_worker(kind: str, tmp_path: Path):
    with served(tmp_path, "--device", "cpu", status=-signal.SIGKILL, **LONGEST) as service:
        with client(service) as http:
            job = begun(http, kind, tmp_path)
        service.process.kill()
        service.process.wait()
    with served(tmp_path, "--device", "cpu", **LONGEST) as service, client(service) as http:
        job = http.get(job["links"]["self"]).json()
        assert job["state"] in ("partial", "complete")
        if kind == "graph.expand":
            check_what_is_shown(http, job)
        whole = end(http, http.post("/jobs", json=KINDS[kind] | {"kind": kind}).json(), LONGEST_S)
        assert end(http, cut_off(http, kind, service), deadline_s=2) == whole
        if job["state"] == "partial":  # one that had ended was not cut off
            assert end(http, job, deadline_s=0.5) == whole
