"""Clients and workers that go away, and the end of the service itself."""

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
import trio
from httpx_ws import WebSocketDisconnect, aconnect_ws

from tests.e2e.pictures import packed, photograph
from tests.e2e.served import Served, descendants, served

LARGE = {"target": ("p.jpg", packed(photograph(1200, 900), "JPEG"))}
SMALL = {"target": ("p.png", packed(photograph(64, 48)))}
ASYNC = {"Prefer": "respond-async"}


async def test_a_client_that_is_killed_frees_the_worker(itten: Served, client: httpx.AsyncClient):
    command = ["curl", "-sS", "-F", "target=@-;filename=p.jpg", f"{itten.url}/shade"]
    curl = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert curl.stdin is not None
    await curl.stdin.send_all(LARGE["target"][1])
    await curl.stdin.aclose()
    job = await until_running(client)
    curl.kill()
    await curl.wait()
    began = time.monotonic()
    assert (await ended(client, job))["state"] == "cancelled"
    assert time.monotonic() - began < 2
    answer = await client.post("/shade", files=SMALL, data={"passes": "1"})
    assert answer.headers["itten-status"] == "complete"


async def test_delete_ends_a_job_that_runs(client: httpx.AsyncClient):
    path = (await client.post("/shade", files=LARGE, headers=ASYNC)).headers["location"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).json()["state"] == "cancelled"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 410


async def test_a_worker_that_is_killed_loses_no_job(itten: Served, client: httpx.AsyncClient):
    deadline = {"deadline_s": "6"}  # long enough to run it again where there is time
    answer = await client.post("/shade", files=LARGE, headers=ASYNC, data=deadline)
    path = answer.headers["location"]
    await until_running(client)
    os.kill(itten.worker_pid(), signal.SIGKILL)
    job = await ended(client, path)
    assert job["state"] in ("complete", "partial")
    assert (await client.get(f"{path}/image")).status_code == 200
    itten.wait_ready()
    answer = await client.post("/shade", files=SMALL, data={"passes": "1"})
    assert answer.headers["itten-status"] == "complete"


async def until_running(client: httpx.AsyncClient) -> str:
    """The path of the newest job, once it has begun."""
    with trio.fail_after(10):
        while True:
            jobs = (await client.get("/jobs")).json()["jobs"]
            if jobs and jobs[0]["progress"]["tiles_total"] and jobs[0]["state"] == "running":
                return jobs[0]["links"]["self"]
            await trio.sleep(0.01)


async def ended(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The document of a job, once it has ended."""
    with trio.fail_after(15):
        while True:
            job: dict[str, Any] = (await client.get(path)).json()
            if job["state"] not in ("queued", "running"):
                return job
            await trio.sleep(0.01)


# --- the end of the service: with a worker that is started quickly, and by itself ---------------


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a slow, cheap worker."""
    path = tmp_path_factory.mktemp("worker") / "worker.sock"
    command = [sys.executable, "-m", "tests.service.shade_worker", "slow", "--listen"]
    with subprocess.Popen([*command, f"unix:{path}"]) as process:
        yield f"unix:{path}"
        process.terminate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_runs_at_the_end_is_answered(tmp_path: Path, workers: str, number: int):
    with served(tmp_path, ITTEN_WORKERS=workers, ITTEN_MAX_DEADLINE_S="3") as service:
        children = descendants(service.process.pid)
        async with httpx.AsyncClient(base_url=service.url, timeout=10) as client:
            watched = (await client.post("/shade", files=SMALL, headers=ASYNC)).headers["location"]
            async with trio.open_nursery() as nursery:

                @nursery.start_soon
                async def ask() -> None:
                    answer = await client.post("/shade", files=SMALL, data={"passes": "8"})
                    assert answer.headers["itten-status"] in ("complete", "partial")

                @nursery.start_soon
                async def watch() -> None:
                    assert await code_of_the_close(client, watched) in (1000, 1001)

                await trio.sleep(0.3)
                service.process.send_signal(number)
        began = time.monotonic()
        assert service.process.wait(6) == 0
        assert time.monotonic() - began < 3
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


async def code_of_the_close(client: httpx.AsyncClient, path: str) -> int:
    async with aconnect_ws(f"{path}/events", client, headers={}) as socket:
        try:
            while True:
                await socket.receive()
        except WebSocketDisconnect as end:
            return end.code


async def test_a_second_signal_ends_it_at_once(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers, status=1) as service:
        data = {"passes": "16", "deadline_s": "10"}
        httpx.post(f"{service.url}/shade", files=SMALL, data=data, headers=ASYNC)
        service.process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            service.process.wait(0.3)
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(3)


def test_jobs_outlive_the_service(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        answer = httpx.post(f"{service.url}/shade", files=SMALL, data={"passes": "1"})
        path = f"/jobs/{answer.headers['itten-job']}"
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        assert httpx.get(f"{service.url}{path}").json()["state"] == "complete"
        assert httpx.get(f"{service.url}{path}/image").content == answer.content


def test_a_port_that_is_taken_is_one_line_and_status_2(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        port = service.url.rsplit(":", 1)[1]
        env = os.environ | {"ITTEN_DATA": str(tmp_path), "ITTEN_WORKERS": workers}
        command = [sys.executable, "-m", "service", "serve", "--port", port]
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=15)
    assert ended.returncode == 2
    lines = [line for line in ended.stderr.splitlines() if line.startswith("itten: ")]
    assert len(lines) == 1
    assert port in lines[0]
