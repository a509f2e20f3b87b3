"""`POST /jobs/{id}/resume`, through the whole service: what goes on, and what is refused."""

import io
from typing import Any

import httpx
import numpy as np
import pytest
import trio

from service.jobs.job_files import WORK
from service.problems import NoRoom
from tests.service.house import PATIENCE_S, House, assert_problem, house, png, unpacked
from tests.service.kept_files import damage, file_of, forget, names_of, swap
from tests.service.shade_worker import BRIEF, BRIEF_FIELD, TILES
from worker.wire.messages import ArrayChunk

PASSES = 4
AFTER = {1: 245, 2: 10, 3: 245, 4: 10}  # red after so many inversions


async def partial(service: House, **fields: Any) -> dict[str, Any]:
    """The document of a job that a `brief` worker left partial."""
    path = await service.start(png(), **{"passes": PASSES} | fields)
    return await ended(service, path)


async def ended(service: House, path: str) -> dict[str, Any]:
    await service.wait_idle()
    document: dict[str, Any] = (await service.client.get(path)).json()
    return document


async def resumed(service: House, job: dict[str, Any], **said: Any) -> dict[str, Any]:
    answer = await service.client.post(job["links"]["resume"], **said)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == answer.json()["links"]["self"]
    return await ended(service, answer.headers["location"])


async def red(service: House, job: dict[str, Any], query: str = "") -> int:
    image = await service.client.get(f"{job['links']['image']}{query}")
    assert image.status_code == 200, image.text
    return int(unpacked(image.content)[0, 0, 0])


async def test_a_partial_job_is_gone_on_with_until_it_is_complete():
    async with house("brief") as service:
        job = first = await partial(service)
        assert (job["state"], job["progress"]["tiles_done"]) == ("partial", BRIEF)
        for runs in (2, 3):
            later = await resumed(service, job)
            assert later["resumed_from"] == job["id"]
            assert later["progress"]["tiles_done"] == min(runs * BRIEF, PASSES * TILES)
            job = later
        assert (job["state"], job["links"]["resume"]) == ("complete", None)
        assert [await red(service, job, f"?pass={n}") for n in AFTER] == list(AFTER.values())
        assert await red(service, job) == AFTER[PASSES]
        assert await red(service, first, "?pass=1") == AFTER[1]
        assert first["links"]["resume"] == f"/jobs/{first['id']}/resume"
        again = await resumed(service, first)  # it is there to be gone on with once more
        assert again["progress"]["tiles_done"] == 2 * BRIEF


async def test_the_work_is_kept_in_one_file_and_goes_with_what_is_complete():
    async with house("brief") as service:
        job = await partial(service, passes=2)
        data = service.desk.settings.data
        with np.load(file_of(data, job["id"], "work.npz"), allow_pickle=False) as work:
            assert set(work.files) == {"tiles", "pixels", "ballast"}
            assert work["tiles"] == BRIEF
        later = await resumed(service, job)
        assert later["state"] == "complete"
        assert "work.npz" not in names_of(data, later["id"])
        assert not list(data.glob("parts/*"))
        assert not list(data.glob("content/*.tmp"))


async def test_strokes_of_a_source_are_gone_on_with():
    async with house("brief") as service:
        files = {"target": ("a.png", png()), "source": ("b.png", png(5, 7, (9, 8, 7)))}
        answer = await service.client.post(
            "/shade", files=files, data={"passes": "1"}, headers={"Prefer": "respond-async"}
        )
        job = await ended(service, answer.headers["location"])
        assert job["state"] == "partial"
        later = await resumed(service, job, files=files)
        assert later["state"] == "complete"
        assert await red(service, later) == 9
        other = files | {"source": ("b.png", png(5, 7, (9, 8, 6)))}
        for wrong in (other, {"target": files["target"]}, {"source": files["source"]}):
            answer = await service.client.post(job["links"]["resume"], files=wrong)
            assert "images" in assert_problem(answer, 409, "conflict")["detail"]


async def test_a_field_is_gone_on_with():
    async with house("brief") as service:
        answer = await service.client.post("/field", files={"target": ("a.png", png())})
        job = await ended(service, f"/jobs/{answer.headers['itten-job']}")
        assert (job["state"], job["progress"]["tiles_done"]) == ("partial", BRIEF_FIELD)
        later = await resumed(service, job)
        assert (later["kind"], later["state"]) == ("field", "complete")
        assert (await service.client.get(later["links"]["field"])).status_code == 200


async def test_what_another_version_left_is_not_gone_on_with():
    async with house("brief") as service:
        job = await partial(service)
        record = service.desk.store.find(job["id"])
        record.spec = {"passes": 4, "brush": "oil"}
        service.desk.store.save(record)
        answer = await service.client.post(f"/jobs/{job['id']}/resume")
        assert "another version" in assert_problem(answer, 409, "conflict")["detail"]


async def test_the_deadline_is_its_own_and_what_is_said_again_is_compared():
    async with house("brief", max_deadline_s=10.0) as service:
        job = await partial(service, tile_size=32, deadline_s=9)
        same = {"passes": PASSES, "tile_size": 32, "overlap": 16, "channel": 1}
        for said in (
            {"json": {"deadline_s": 5}},
            {"data": {"deadline_s": "5"}},
            {"params": {"deadline_s": "5"}},
            {"json": same | {"deadline_s": 5}},
            {"data": {"deadline_s": "5"}, "files": {"target": ("other name.png", png())}},
            {"files": {"spec": ("spec.json", b'{"deadline_s": 5}')}},
        ):
            assert (await resumed(service, job, **said))["deadline_s"] == 5
        assert (await resumed(service, job))["deadline_s"] == 10
        for said, name in (
            ({"json": {"passes": 3}}, "passes is"),
            ({"data": {"tile_size": "64", "channel": "1"}}, "tile_size is"),
            ({"json": {"max_side": 64}}, "max_side is"),
            ({"json": {"passes": 3, "channel": 2}}, "channel, passes are"),
            ({"files": {"target": ("a.png", png(32, 24, (1, 2, 3)))}}, "images"),
        ):
            answer = await service.client.post(job["links"]["resume"], **said)
            assert name in assert_problem(answer, 409, "conflict")["detail"]


@pytest.mark.parametrize(
    ("said", "status", "slug"),
    [
        ({"json": {"deadline_s": 0}}, 422, "bad-spec"),
        ({"json": {"deadline_s": 11}}, 422, "bad-spec"),
        ({"json": {"deadline": 5}}, 422, "bad-spec"),
        ({"json": [1]}, 422, "bad-spec"),
        ({"json": {"deadline_s": 5}, "params": {"spec": "{}"}}, 422, "bad-spec"),
        ({"files": {"picture": ("a.png", png())}}, 422, "bad-spec"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, None),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported-format"),
    ],
)
async def test_what_cannot_be_read_is_refused(said: dict, status: int, slug: str | None):
    async with house("brief", max_deadline_s=10.0) as service:
        job = await partial(service)
        answer = await service.client.post(job["links"]["resume"], **said)
        assert_problem(answer, status, slug or "malformed-request")


async def test_only_a_partial_job_is_gone_on_with(site: httpx.AsyncClient):
    answer = await site.post("/shade", files={"target": ("a.png", png())}, data={"passes": "1"})
    path = f"/jobs/{answer.headers['itten-job']}"
    refused = await site.post(f"{path}/resume")
    assert "complete" in assert_problem(refused, 409, "conflict")["detail"]
    assert "retry-after" not in refused.headers
    assert_problem(await site.post("/jobs/neverexisted/resume"), 404, "unknown-job")
    await site.delete(path)
    assert_problem(await site.post(f"{path}/resume"), 410, "no-longer-kept")


async def test_one_that_runs_says_when_to_ask_again_and_a_cancelled_one_that_it_was():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=16)
        answer = await service.client.post(f"{path}/resume")
        assert_problem(answer, 409, "no-result-yet")
        assert answer.headers["retry-after"] == "1"
        assert (await service.client.get(path)).json()["links"]["resume"] is None
        await service.client.delete(path)
        await service.wait_idle()
        answer = await service.client.post(f"{path}/resume")
        assert "cancelled" in assert_problem(answer, 409, "conflict")["detail"]


@pytest.mark.parametrize("harm", ["never kept", "missing", "cut off", "damaged", "of another job"])
async def test_without_its_work_a_job_starts_over_and_never_falls_behind(harm: str):
    async with house("brief") as service:
        job = await partial(service, passes=1 + 2 * BRIEF // TILES)
        job = await resumed(service, job)
        assert job["progress"]["passes_done"] == 2 * BRIEF // TILES
        data = service.desk.settings.data
        work = file_of(data, job["id"], "work.npz")
        if harm == "never kept":
            forget(data, job["id"], "work.npz")
        elif harm == "missing":
            work.unlink()
        elif harm == "cut off":
            work.write_bytes(work.read_bytes()[:-40])
        elif harm == "damaged":
            damage(work)
        else:
            swap(data, job["id"], "work.npz", (await partial(service, passes=2))["id"])
        later = await resumed(service, job)  # a brief worker comes to one pass, from the beginning
        assert later["state"] == "partial"
        assert later["progress"]["passes_done"] == 3
        assert await red(service, later) == AFTER[3]
        assert [await red(service, later, f"?pass={n}") for n in (1, 2, 3)] == [245, 10, 245]


async def test_what_comes_right_after_the_end_waits_for_the_work():
    async with house("brief") as service:
        service.hold()
        path = await service.start(png(), passes=PASSES)
        live = service.live(path)
        service.let_go()
        await live.settled.wait()
        assert not live.closed.is_set()
        answer = await service.client.post(f"{path}/resume", headers={"Prefer": "wait=60"})
        assert answer.json()["progress"]["tiles_done"] == 2 * BRIEF


async def test_a_full_disk_costs_the_work_and_not_the_field(monkeypatch: pytest.MonkeyPatch):
    async with house("brief") as service:
        put = service.desk.store.put_array_chunk

        def full(job: str, chunk: ArrayChunk, payload: bytes) -> None:
            if chunk.name == f"{WORK}pixels":
                raise NoRoom("full")
            put(job, chunk, payload)

        monkeypatch.setattr(service.desk.store, "put_array_chunk", full)
        job = await partial(service)
        assert (await service.client.get(job["links"]["field"])).status_code == 200
        assert "work.npz" not in names_of(service.desk.settings.data, job["id"])
        assert not list(service.desk.settings.data.glob("parts/*/work"))
        assert (await resumed(service, job))["progress"]["tiles_done"] == BRIEF  # started over


async def test_work_that_is_too_large_is_not_kept():
    async with house("heavy", keep_gb=0.01) as service:  # a quarter of it is less than 3 MB
        job = await partial(service)
        assert job["state"] == "partial"
        assert "work.npz" not in names_of(service.desk.settings.data, job["id"])
        assert not list(service.desk.settings.data.glob("parts/*/work"))
        npz = {"Accept": "application/x-npz"}
        field = await service.client.get(job["links"]["field"], headers=npz)
        assert "vectors" in np.load(io.BytesIO(field.content)).files


async def test_work_counts_for_what_is_kept():
    async with house("heavy", keep_gb=0.02) as service:  # 21 MB: six of them, and not seven
        jobs = [await partial(service, percentile=10 + n) for n in range(8)]
        with trio.fail_after(PATIENCE_S):
            while (await service.client.get(f"/jobs/{jobs[0]['id']}")).status_code != 410:
                await trio.sleep(0.01)
        answer = await service.client.post(jobs[0]["links"]["resume"])
        assert_problem(answer, 410, "no-longer-kept")
        assert (await resumed(service, jobs[-1]))["progress"]["tiles_done"] == 2 * BRIEF
