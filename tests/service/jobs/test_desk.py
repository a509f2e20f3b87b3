"""The life of a job, over a real worker process."""

import math
import time
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
import pytest
import trio

from service.jobs import entrance
from service.jobs.jobs import Job, JobState
from service.problems import NoRoom
from tests.service.house import PATIENCE_S, House, assert_problem, house, png, unpacked
from tests.service.kept_files import forget, names_of
from worker.wire.messages import ArrayChunk


async def document(service: House, path: str) -> dict:
    return (await service.client.get(path)).json()


async def test_a_job_is_complete_and_everything_about_it_is_kept():
    async with house() as service:
        path = await service.start(png(), passes=3)
        await service.wait_idle()
        job = await document(service, path)
        assert job["state"] == "complete"
        assert job["progress"] == {
            "tiles_done": 12,
            "tiles_total": 12,
            "passes_done": 3,
            "passes_total": 3,
        }
        for query, value in (("", 245), ("?pass=0", 10), ("?pass=1", 245), ("?pass=2", 10)):
            image = await service.client.get(f"{path}/image{query}")
            assert unpacked(image.content)[0, 0, 0] == value
        assert (await service.client.get(f"{path}/field")).status_code == 200


async def started_with_source(service: House, **fields: int) -> str:
    """The path of a job with two pictures."""
    answer = await service.client.post(
        "/shade",
        files={"target": ("a.png", png()), "source": ("b.png", png(5, 7, (9, 8, 7)))},
        data={name: str(value) for name, value in fields.items()},
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


async def test_the_tiles_of_a_source_are_counted_and_the_rest_is_of_the_target():
    async with house() as service:
        path = await started_with_source(service, passes=2)
        await service.wait_idle()
        job = await document(service, path)
        assert job["state"] == "complete"
        assert job["progress"] == {
            "tiles_done": 11,
            "tiles_total": 11,
            "passes_done": 2,
            "passes_total": 2,
        }
        for query, colour in (("?pass=0", [10, 20, 30]), ("?pass=1", [9, 8, 7]), ("", [9, 8, 7])):
            image = unpacked((await service.client.get(f"{path}/image{query}")).content)
            assert image.shape == (24, 32, 3)
            assert image[0, 0].tolist() == colour


async def test_a_job_has_its_source_and_says_what_has_none():
    async with house() as service:
        path = await started_with_source(service, passes=1)
        for _ in range(2):  # while it runs, and when it has ended
            image = await service.client.get(f"{path}/image?part=source")
            assert unpacked(image.content).shape == (7, 5, 3)
            assert unpacked(image.content)[0, 0].tolist() == [9, 8, 7]
            assert "source.png" in image.headers["content-disposition"]
            await service.wait_idle()
        alone = await service.start(png(), passes=1)
        for query, status, slug in (
            ("part=source", 404, "not-found"),
            ("part=target", 422, "bad-spec"),
            ("part=source&pass=1", 422, "bad-spec"),
        ):
            assert_problem(await service.client.get(f"{alone}/image?{query}"), status, slug)


async def test_both_pictures_reach_the_second_worker_when_the_first_dies():
    async with house("slow") as service:
        service.hold(1)
        path = await started_with_source(service, passes=1)
        live = service.desk.live[path.removeprefix("/jobs/")]
        with trio.fail_after(PATIENCE_S):
            while live.record.progress.tiles_done < 1:
                await trio.sleep(0.005)
        service.desk.link.peers[0].fail("as a test wants it")
        service.let_go()
        await live.settled.wait()
        assert live.record.state is JobState.COMPLETE
        assert live.result is not None
        assert bytes(live.result.pixels[:3]) == bytes([9, 8, 7])
        assert not live.shared.pictures  # nothing holds the source any longer


async def test_a_worker_that_does_not_answer_costs_the_result_not_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(entrance, "LATE_S", PATIENCE_S)  # reading takes a busy machine longer
    async with house("deaf") as service:
        link = service.desk.link
        link.patience = replace(link.patience, ack_s=math.inf)  # it is not replaced, nor waited for
        answer = await service.shade(png(), deadline_s=0.5)
        assert answer.status_code == 200
        assert answer.headers["itten-status"] == "partial"
        assert answer.headers["itten-passes"] == "0/4"
        assert unpacked(answer.content)[0, 0].tolist() == [10, 20, 30]
        job = await document(service, f"/jobs/{answer.headers['itten-job']}")
        assert "did not answer in time" in job["status_reason"]
        link.peers[0].fail("as a test wants it")
        await service.wait_idle()


@pytest.mark.parametrize("fields", [{"deadline_s": 0.001}, {"deadline_s": 0.05}])
async def test_no_time_at_all_gives_the_picture_unchanged(
    monkeypatch: pytest.MonkeyPatch, fields: dict
):
    monkeypatch.setattr(entrance, "LATE_S", PATIENCE_S)  # reading takes a busy machine longer
    async with house("slow") as service:
        answer = await service.shade(png(), **fields)
        assert answer.status_code == 200
        assert answer.headers["itten-status"] == "partial"
        assert unpacked(answer.content)[0, 0].tolist() == [10, 20, 30]


async def test_the_last_pass_is_the_answer_when_the_worker_is_lost():
    async with house("slow") as service:
        service.hold(6)
        path = await service.start(png(), passes=16)
        live = service.desk.live[path.removeprefix("/jobs/")]
        with trio.fail_after(PATIENCE_S):
            while live.record.progress.passes_done < 1:
                await trio.sleep(0.005)
        live.shared.stop.cancel()  # as the deadline would
        await live.settled.wait()
        assert live.record.state is JobState.PARTIAL
        assert live.record.progress.passes_done >= 1
        assert live.record.pass_tiles_total == 4
        assert 0 <= live.record.pass_tiles_converged <= 4
        odd = live.record.progress.passes_done % 2
        await service.wait_idle()
        image = await service.client.get(f"{path}/image")
        assert unpacked(image.content)[0, 0, 0] == (245 if odd else 10)


@pytest.mark.parametrize("kind", ["shade", "field"])
async def test_what_two_workers_died_over_has_failed_and_is_set_aside(kind: str):
    async with house("dying") as service:
        said = {"files": {"target": ("photo.png", png())}}
        answer = await service.client.post(f"/{kind}", **said)
        problem = assert_problem(answer, 503, "set-aside")
        assert int(answer.headers["retry-after"]) > 60
        [job] = (await document(service, "/jobs"))["jobs"]
        assert (job["state"], job["status_reason"]) == ("failed", "two workers died over this job")
        assert job["problem"] == problem
        meter = service.desk.link.peers[0].meter
        with trio.fail_after(PATIENCE_S):
            while meter.lost < 2:  # the second process takes a moment to be over
                await trio.sleep(0.01)
        again = await service.client.post(f"/{kind}", **said)
        assert_problem(again, 503, "set-aside")
        assert int(again.headers["retry-after"]) <= int(answer.headers["retry-after"])
        await service.desk.link.wait_ready()
        assert meter.lost == 2
        assert not service.desk.live
        assert len((await document(service, "/jobs"))["jobs"]) == 1


async def test_a_failure_in_the_worker_is_our_bug_and_says_nothing_of_the_inside():
    async with house("failing") as service:
        answer = await service.shade(png())
        problem = assert_problem(answer, 500, "internal-error")
        assert "secret" not in answer.text
        [job] = (await document(service, "/jobs"))["jobs"]
        assert job["state"] == "failed"
        assert job["problem"] == problem
        assert "secret" not in str(job)
        image = await service.client.get(f"/jobs/{job['id']}/image")
        assert_problem(image, 409, "conflict")
        assert "retry-after" not in image.headers
        again = await service.shade(png())  # the worker lives
        assert_problem(again, 500, "internal-error")
        await service.wait_idle()


async def test_a_client_that_hangs_up_frees_the_worker():
    async with house("slow") as service:
        service.hold()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(service.shade, png(), passes=16, deadline_s=10))
            await service.wait_live()
            nursery.cancel_scope.cancel()
        await service.wait_idle()
        [job] = (await document(service, "/jobs"))["jobs"]
        assert job["state"] == "cancelled"
        assert "hung up" in job["status_reason"]


async def test_a_client_that_hangs_up_does_not_cancel_what_it_did_not_wait_for():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=2)
        await service.client.aclose()
        service.let_go()
        await service.wait_idle()
        assert service.desk.store.find(path.removeprefix("/jobs/")).state is JobState.COMPLETE


async def test_delete_cancels_a_job_that_runs_and_removes_one_that_has_ended():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=16)
        for _ in range(2):
            assert (await service.client.delete(path)).status_code == 204
            state = await service.client.get(path)
        assert_problem(state, 410, "no-longer-kept")
        assert (await service.client.delete(path)).status_code == 204
        assert not service.desk.live
        assert_problem(await service.client.delete("/jobs/neverexisted"), 404, "unknown-job")


async def test_who_waits_for_a_job_that_another_cancels_is_told():
    async with house("slow") as service:
        service.hold()

        async def wait() -> None:
            answer = await service.shade(png(), passes=16)
            assert_problem(answer, 409, "conflict")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await service.wait_live()
            [job] = service.desk.live
            assert (await service.client.delete(f"/jobs/{job}")).status_code == 204


async def test_full_is_503_before_anything_is_decoded_and_says_when_to_come_back():
    async with house("slow", max_queue=1) as service:
        service.hold()
        path = await service.start(png(), passes=16)
        answer = await service.shade(png())
        assert_problem(answer, 503, "busy")
        assert 1 <= int(answer.headers["retry-after"]) <= PATIENCE_S
        await service.client.delete(path)
        service.let_go()
        assert (await service.shade(png(), passes=1)).status_code == 200


async def test_before_the_worker_is_warm_nothing_is_taken():
    async with house("unready") as service:
        answer = await service.shade(png())
        assert_problem(answer, 503, "not-ready")
        assert answer.headers["retry-after"]
        assert_problem(await service.client.get("/readyz"), 503, "not-ready")
        assert (await service.client.get("/healthz")).status_code == 200
        assert (await service.client.get("/")).status_code == 200


async def test_a_broken_image_gives_its_place_back():
    async with house(max_queue=1) as service:
        for _ in range(3):
            assert_problem(await service.shade(png()[:60]), 422, "broken-image")
        assert not service.desk.admission.places
        assert (await service.client.get("/jobs")).json() == {"jobs": []}


async def test_what_runs_at_the_end_is_finished_and_nothing_new_is_taken():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=4)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(service.desk.drain)
            while not service.desk.closing:
                await trio.sleep(0.001)
            assert_problem(await service.shade(png()), 503, "not-ready")
            service.let_go()
        assert (await document(service, path))["state"] == "complete"


async def test_old_jobs_leave_when_there_is_no_room():
    async with house(keep_gb=2e-6) as service:  # about 2 kB: one job with its field is more
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        with trio.fail_after(PATIENCE_S):
            while (await service.client.get(path)).status_code != 410:
                await trio.sleep(0.01)


async def test_timings_are_told_in_the_document_and_in_the_header():
    async with house() as service:
        answer = await service.shade(png(), passes=1)
        timing = dict(each.split(";dur=") for each in answer.headers["server-timing"].split(", "))
        assert list(timing) == ["queue", "field", "shade", "encode"]
        assert (float(timing["field"]), float(timing["shade"])) == (250.0, 125.0)
        job = await document(service, f"/jobs/{answer.headers['itten-job']}")
        assert job["timings"]["encode_s"] * 1000 == pytest.approx(float(timing["encode"]), abs=0.1)
        assert job["timings"]["queue_s"] > 0


async def test_many_at_once_are_all_answered():
    async with house() as service:
        answers = []

        async def one(value: int) -> None:
            answers.append((value, await service.shade(png(colour=(value, 0, 0)), passes=1)))

        async with trio.open_nursery() as nursery:
            for value in range(12):
                nursery.start_soon(one, value)
        for value, answer in answers:
            assert answer.headers["itten-status"] == "complete"
            assert np.all(unpacked(answer.content)[..., 0] == 255 - value)
        await service.wait_idle()


async def test_a_job_that_a_restart_interrupted_shows_what_it_had():
    async with house() as service:
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        record = service.desk.store.find(path.removeprefix("/jobs/"))
        kept = msgspec.structs.replace(record, state=JobState.PARTIAL, status_reason="restart")
        service.desk.store.save(kept)
        forget(service.desk.settings.data, record.id, "result.px")
        image = await service.client.get(f"{path}/image")
        assert unpacked(image.content)[0, 0, 0] == 245


async def test_a_field_that_found_no_room_leaves_nothing(monkeypatch: pytest.MonkeyPatch):
    async with house() as service:
        put = service.desk.store.put_array_chunk

        def full(job: str, chunk: ArrayChunk, payload: bytes) -> None:
            if chunk.name == "theta":
                raise NoRoom("full")
            put(job, chunk, payload)

        monkeypatch.setattr(service.desk.store, "put_array_chunk", full)
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        assert_problem(await service.client.get(f"{path}/field"), 409, "conflict")
        assert (await service.client.get(f"{path}/image")).status_code == 200
        data = service.desk.settings.data
        assert not list(data.glob("parts/*"))
        assert names_of(data, path.removeprefix("/jobs/")) == {"input.px", "pass-1.px", "result.px"}


async def test_an_end_that_found_no_room_is_told_and_kept_later(monkeypatch: pytest.MonkeyPatch):
    async with house() as service:
        store, save = service.desk.store, service.desk.store.save

        def full(_: Job) -> None:
            raise NoRoom("full")

        monkeypatch.setattr(store, "save", full)
        path = await service.start(png(), passes=1)
        await service.wait_idle()
        assert store.find(path.removeprefix("/jobs/")).state is JobState.QUEUED
        for _ in range(2):
            assert (await document(service, path))["state"] == "complete"
            assert [each["state"] for each in (await document(service, "/jobs"))["jobs"]] == [
                "complete"
            ]
            monkeypatch.setattr(store, "save", save)
            await service.desk._evict()
        assert store.find(path.removeprefix("/jobs/")).state is JobState.COMPLETE
        assert not service.desk.computation.unsaved


async def test_a_job_whose_end_was_never_kept_has_no_events():
    async with house("quick") as service:
        lost = Job(id="never-ended", kind="shade", created=time.time(), deadline_s=1.0)
        service.desk.store.add(lost)
        answer = await service.client.get(
            "/jobs/never-ended/events", headers={"Accept": "text/event-stream"}
        )
        assert_problem(answer, 409, "conflict")
