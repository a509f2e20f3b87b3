"""Many clients that ask for the same, and ids of their own: the whole way with the real worker."""

import os
import signal
import subprocess

import httpx
import pytest
import trio

from tests.e2e.pictures import packed, photograph, unpacked
from tests.e2e.served import LONG_S, Served
from tests.e2e.test_trouble import ended, until_running

pytestmark = pytest.mark.long

LARGE = {"target": ("p.jpg", packed(photograph(1100, 900), "JPEG"))}
WAIT = {"Prefer": f"wait={LONG_S:.0f}"}
SMALL = {"target": ("p.png", packed(photograph(150, 110)))}


async def test_the_same_at_once_is_computed_once_to_the_byte(client: httpx.AsyncClient):
    answers: list[httpx.Response] = []

    async def one() -> None:
        answers.append(await client.post("/shade", files=SMALL, data={"passes": "2"}))

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(one)
    assert {each.headers["itten-status"] for each in answers} == {"complete"}
    assert len({each.headers["itten-job"] for each in answers}) == 6
    assert len({each.content for each in answers}) == 1
    for answer in answers:
        field = await client.get(f"/jobs/{answer.headers['itten-job']}/field")
        assert unpacked(field.content).shape == (110, 150, 3)


async def test_the_first_client_is_killed_and_the_second_is_answered(
    itten: Served, client: httpx.AsyncClient
):
    command = ["curl", "-sS", "-F", "target=@-;filename=p.jpg"]
    first = await trio.lowlevel.open_process(
        [*command, f"{itten.url}/shade"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert first.stdin is not None
    await first.stdin.send_all(LARGE["target"][1])
    await first.stdin.aclose()
    job = await until_running(client)
    data = {"kind": "shade"}
    answer = await client.put("/jobs/the-second-of-two", files=LARGE, data=data)
    assert answer.status_code == 202, answer.text
    assert answer.json()["shared_with"] == 1
    first.kill()
    await first.wait()
    assert (await ended(client, job))["state"] == "cancelled"
    second = await ended(client, answer.headers["location"])
    assert second["state"] in ("complete", "partial")
    assert second["progress"]["tiles_done"] > 0
    image = await client.get(f"{answer.headers['location']}/image")
    assert unpacked(image.content).shape == (900, 1100, 3)


async def test_put_again_is_the_same_job_also_when_the_worker_died(
    itten: Served, client: httpx.AsyncClient
):
    path = "/jobs/put-three-times"
    data = {"kind": "shade"}
    assert (await client.put(path, files=LARGE, data=data)).status_code == 202
    await until_running(client)
    os.kill(itten.worker_pid(), signal.SIGKILL)
    again = await client.put(path, files=LARGE, data=data, headers=WAIT)
    assert again.status_code == 200
    job = again.json()
    assert job["state"] in ("complete", "partial")
    itten.wait_ready()
    after = await client.put(path, files=LARGE, data=data)
    assert (after.status_code, after.json()["created"]) == (200, job["created"])
    other = await client.put(path, files=SMALL, data=data)
    assert other.status_code == 409


async def test_a_field_is_put_and_waited_for(client: httpx.AsyncClient):
    data = {"kind": "field", "render": "ranks"}
    answer = await client.put("/jobs/a-field-of-mine", files=SMALL, data=data, headers=WAIT)
    assert (answer.status_code, answer.json()["state"]) == (201, "complete")
    field = await client.get(f"{answer.headers['location']}/field")
    assert unpacked(field.content).shape == (110, 150, 3)


async def test_who_has_more_time_goes_on_to_the_same_bytes(client: httpx.AsyncClient):
    files = {"target": ("p.png", packed(photograph(320, 240)))}
    data = {"kind": "shade", "passes": "2"}
    for deadline_s in ("0.5", "1", "2", "4"):  # in which the second has to come
        short = await client.post("/jobs", files=files, data=data | {"deadline_s": deadline_s})
        long = await client.post("/jobs", files=files, data=data)
        if "shared_with" in long.json():
            break
        await ended(client, long.headers["location"])
    assert long.json()["shared_with"] == 1
    first = await ended(client, short.headers["location"])
    assert first["state"] in ("partial", "complete")  # a fast machine needs no more time
    path = long.headers["location"]
    assert (await ended(client, path))["state"] == "complete"
    alone = await client.post("/shade", files=files, data={"passes": "2"})
    assert alone.headers["itten-status"] == "complete"
    for name in ("image", "image?pass=1", "field"):
        image = await client.get(f"{path}/{name}")
        again = await client.get(f"/jobs/{alone.headers['itten-job']}/{name}")
        assert image.content == again.content
