"""Clients and workers that go away."""

import os
import signal
import subprocess
from typing import Any

import httpx
import trio

from tests.e2e.pictures import packed, photograph
from tests.e2e.served import PATIENCE_S, Served

LARGE = {"target": ("p.jpg", packed(photograph(1200, 900), "JPEG"))}
SMALL = {"target": ("p.png", packed(photograph(64, 48)))}
ASYNC = {"Prefer": "respond-async"}


async def test_a_client_that_is_killed_frees_the_worker(itten: Served, client: httpx.AsyncClient):
    command = ["curl", "-sS", "-F", "target=@-;filename=p.jpg", "-F", "passes=16"]
    curl = await trio.lowlevel.open_process(
        [*command, f"{itten.url}/shade"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert curl.stdin is not None
    await curl.stdin.send_all(LARGE["target"][1])
    await curl.stdin.aclose()
    job = await until_running(client)
    curl.kill()
    await curl.wait()
    assert (await ended(client, job))["state"] == "cancelled"  # long before it would be complete
    answer = await client.post("/shade", files=SMALL, data={"passes": "1"})
    assert answer.headers["itten-status"] == "complete"


async def test_delete_ends_a_job_that_runs(client: httpx.AsyncClient):
    path = (await client.post("/shade", files=LARGE, headers=ASYNC)).headers["location"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).json()["state"] == "cancelled"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 410


async def test_a_worker_that_is_killed_loses_no_job(itten: Served, client: httpx.AsyncClient):
    path = await one_that_runs(client)
    os.kill(itten.worker_pid(), signal.SIGKILL)
    job = await ended(client, path)
    assert job["state"] in ("complete", "partial")  # run again, as far as there was time
    assert (await client.get(f"{path}/image")).status_code == 200
    itten.wait_ready()
    answer = await client.post("/shade", files=SMALL, data={"passes": "1"})
    assert answer.headers["itten-status"] == "complete"


async def one_that_runs(client: httpx.AsyncClient) -> str:
    """The path of a job that was seen running; one that was faster than the look is let go."""
    with trio.fail_after(PATIENCE_S):
        while True:
            answer = await client.post("/shade", files=LARGE, headers=ASYNC, data={"passes": "1"})
            path: str = answer.headers["location"]
            state = "queued"
            while state == "queued":
                state = (await client.get(path)).json()["state"]
            if state == "running":
                return path


async def until_running(client: httpx.AsyncClient) -> str:
    """The path of the newest job, once it has begun."""
    with trio.fail_after(PATIENCE_S):
        while True:
            jobs = (await client.get("/jobs")).json()["jobs"]
            if jobs and jobs[0]["progress"]["tiles_total"] and jobs[0]["state"] == "running":
                return jobs[0]["links"]["self"]
            await trio.sleep(0.01)


async def ended(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The document of a job, once it has ended."""
    with trio.fail_after(PATIENCE_S):
        while True:
            job: dict[str, Any] = (await client.get(path)).json()
            if job["state"] not in ("queued", "running"):
                return job
            await trio.sleep(0.01)
