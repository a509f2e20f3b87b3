"""Two services over one directory: what one keeps the other shows, and an id is one job."""

from pathlib import Path

import httpx
import pytest
import trio

from tests.e2e.pictures import noise, packed
from tests.e2e.served import PATIENCE_S, PATIENT, served

pytestmark = pytest.mark.long

FILES = {"target": ("p.png", packed(noise(40, 30)))}
FORM = {"kind": "shade", "passes": "1"}
LEAST, MOST = 11, 200  # rounds, until they have met
LISTED = 50  # jobs that a list has at most


async def test_an_id_that_both_are_given_at_once_is_one_job(tmp_path: Path, workers: str):
    with (
        served(tmp_path, ITTEN_WORKERS=workers, **PATIENT) as one,
        served(tmp_path, ITTEN_WORKERS=workers, **PATIENT) as other,
    ):
        one.wait_ready()
        other.wait_ready()
        async with (
            httpx.AsyncClient(base_url=one.url, timeout=PATIENCE_S) as first,
            httpx.AsyncClient(base_url=other.url, timeout=PATIENCE_S) as second,
        ):
            conflicts = 0
            for number in range(MOST):
                answers = await put_at_once(first, second, f"/jobs/an-id-{number:04}")
                codes = sorted(each.status_code for each in answers)
                assert codes in ([202, 202], [200, 202], [202, 409]), answers[0].text
                conflicts += 409 in codes
                await ended(first, second, f"/jobs/an-id-{number:04}")
                if conflicts and number >= LEAST:
                    break
            assert conflicts  # else they never met
            for client in (first, second):
                again = await client.put("/jobs/an-id-0000", files=FILES, data=FORM)
                assert (again.status_code, again.json()["state"]) == (200, "complete")
                assert len((await client.get("/jobs")).json()["jobs"]) == min(number + 1, LISTED)


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
    with trio.fail_after(PATIENCE_S):
        for client in (first, second):
            while (await client.get(path)).json()["state"] != "complete":
                await trio.sleep(0.01)
            assert (await client.get(f"{path}/image")).status_code == 200
