"""Two services over one directory: what one keeps the other shows, and an id is one job."""

from pathlib import Path

import httpx
import pytest
import trio

from tests.e2e.pictures import noise, packed
from tests.e2e.served import served

pytestmark = pytest.mark.long

FILES = {"target": ("p.png", packed(noise(40, 30)))}
FORM = {"kind": "shade", "passes": "1"}


async def test_an_id_that_both_are_given_at_once_is_one_job(tmp_path: Path, workers: str):
    with (
        served(tmp_path, ITTEN_WORKERS=workers) as one,
        served(tmp_path, ITTEN_WORKERS=workers) as other,
    ):
        async with (
            httpx.AsyncClient(base_url=one.url, timeout=20) as first,
            httpx.AsyncClient(base_url=other.url, timeout=20) as second,
        ):
            conflicts = 0
            for number in range(12):
                answers = await put_at_once(first, second, f"/jobs/an-id-{number:04}")
                codes = sorted(each.status_code for each in answers)
                assert codes in ([202, 202], [200, 202], [202, 409]), answers[0].text
                conflicts += 409 in codes
                await ended(first, second, f"/jobs/an-id-{number:04}")
            assert conflicts  # else they never met
            for client in (first, second):
                again = await client.put("/jobs/an-id-0000", files=FILES, data=FORM)
                assert (again.status_code, again.json()["state"]) == (200, "complete")
                assert len((await client.get("/jobs")).json()["jobs"]) == 12


async def put_at_once(
    first: httpx.AsyncClient, second: httpx.AsyncClient, path: str
) -> list[httpx.Response]:
    answers = []

    async def put(client: httpx.AsyncClient) -> None:
        answers.append(await client.put(path, files=FILES, data=FORM))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put, first)
        nursery.start_soon(put, second)
    return answers


async def ended(first: httpx.AsyncClient, second: httpx.AsyncClient, path: str) -> None:
    """Return once both say that the job is complete, and show its picture."""
    with trio.fail_after(10):
        for client in (first, second):
            while (await client.get(path)).json()["state"] != "complete":
                await trio.sleep(0.01)
            assert (await client.get(f"{path}/image")).status_code == 200
