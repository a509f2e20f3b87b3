"""The same work asked for several times at once, over a real worker process."""

import httpx
import pytest
import trio

from service.jobs import entrance
from service.jobs.jobs import JobState
from service.jobs.live_job import LiveJob
from tests.service.house import PATIENCE_S, House, assert_problem, house, png, unpacked
from tests.service.kept_files import on_disk


async def started(service: House, count: int, **fields: int) -> list[str]:
    """The paths of so many jobs that asked for the same, one after the other."""
    paths = [await service.start(png(), **fields) for _ in range(count)]
    assert len(set(paths)) == count
    return paths


async def document(service: House, path: str) -> dict:
    return (await service.client.get(path)).json()


async def joined(service: House, others: int) -> list[str]:
    """The paths of a job whose time is over soon, and of others that share it and have more.

    On a slow machine it may be over before these have come; then it gets more.
    """
    service.hold(10)
    deadline_s, asynchronous = 1.0, {"Prefer": "respond-async"}
    while True:
        said = [{"deadline_s": deadline_s}, *[{}] * others]
        answers = [await service.shade(png(), asynchronous, passes=4, **each) for each in said]
        paths = [each.headers["location"] for each in answers if each.status_code == 202]
        live = [job for path, job in service.desk.live.items() if f"/jobs/{path}" in paths]
        if len(live) == 1 + others and len({id(each.shared) for each in live}) == 1:
            return paths
        for path in paths:
            await service.client.delete(path)
        await service.wait_idle()
        deadline_s *= 2


async def until_passes(job: LiveJob, count: int) -> None:
    with trio.fail_after(PATIENCE_S):
        while job.record.progress.passes_done < count:
            await trio.sleep(0.005)


async def test_the_same_work_is_done_once_and_every_job_has_all_of_it():
    async with house("slow", max_queue=1) as service:
        service.hold()
        paths = await started(service, 3, passes=2)
        assert len(service.desk.computing) == len(service.desk.admission.places) == 1
        assert [(await document(service, each))["shared_with"] for each in paths] == [2, 2, 2]
        service.let_go()
        await service.wait_idle()
        documents = [await document(service, each) for each in paths]
        assert [each["state"] for each in documents] == ["complete"] * 3
        assert not any("shared_with" in each for each in documents)
        await service.client.delete(paths[0])  # the files of the others are their own
        for path in paths[1:]:
            for query, value in (("", 10), ("?pass=0", 10), ("?pass=1", 245), ("?pass=2", 10)):
                image = await service.client.get(f"{path}/image{query}")
                assert unpacked(image.content)[0, 0, 0] == value
            npz = {"Accept": "application/x-npz"}
            for accept in ({}, npz, npz):
                field = await service.client.get(f"{path}/field", headers=accept)
                assert field.status_code == 200


async def test_other_images_options_or_kinds_are_other_work():
    async with house("slow") as service:
        service.hold()
        await service.start(png(), passes=16)
        await service.start(png(), passes=15)
        await service.start(png(), passes=16, max_side=64)
        await service.start(png(colour=(9, 9, 9)), passes=16)
        files = {"target": ("a.png", png()), "source": ("b.png", png())}
        asynchronous = {"Prefer": "respond-async"}
        data = {"passes": "16"}
        await service.client.post("/shade", files=files, data=data, headers=asynchronous)
        files = {"target": ("a.png", png())}
        await service.client.post("/field", files=files, headers=asynchronous)
        assert len(service.desk.computing) == 6
        for job in list(service.desk.live):
            await service.client.delete(f"/jobs/{job}")


async def test_a_job_of_an_earlier_deadline_does_not_wait_for_a_later_one():
    async with house("slow") as service:
        service.hold()
        later = await service.start(png(), passes=16, deadline_s=50)
        earlier = await service.start(png(), passes=16, deadline_s=9)
        latest = await service.start(png(), passes=16, deadline_s=55)
        assert service.live(later).shared is not service.live(earlier).shared
        assert service.live(latest).shared is service.live(later).shared
        for path in (later, earlier, latest):
            await service.client.delete(path)


async def test_all_at_once_is_one_computation():
    async with house("slow", max_queue=1) as service:
        service.hold()
        answers: list[httpx.Response] = []

        async def one() -> None:
            answers.append(await service.shade(png(), passes=2))

        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(one)
            await service.wait_live(8)
            service.let_go()
        assert [each.status_code for each in answers] == [200] * 8
        assert len({each.headers["itten-job"] for each in answers}) == 8
        assert len({each.content for each in answers}) == 1
        await service.wait_idle()


async def test_who_joins_late_has_the_passes_that_came_before():
    async with house("slow") as service:
        service.hold(10)
        first = await service.start(png(), passes=4)
        await until_passes(service.live(first), 2)
        late = await service.start(png(), passes=4)
        assert service.live(late).shared is service.live(first).shared
        assert (await document(service, late))["progress"]["passes_done"] >= 2
        for index, value in ((0, 10), (1, 245), (2, 10)):
            image = await service.client.get(f"{late}/image?pass={index}")
            assert unpacked(image.content)[0, 0, 0] == value
        service.let_go()
        await service.wait_idle()
        assert (await document(service, late))["state"] == "complete"


async def test_the_first_is_cancelled_and_removed_and_the_others_go_on():
    async with house("slow") as service:
        service.hold(6)
        first, *others = await started(service, 3, passes=4)
        await until_passes(service.live(first), 1)
        shared = service.live(first).shared
        with trio.fail_after(PATIENCE_S):
            for _ in range(2):
                assert (await service.client.delete(first)).status_code == 204
        assert_problem(await service.client.get(first), 410, "no-longer-kept")
        assert service.live(others[0]).shared is shared
        service.let_go()
        await service.wait_idle()
        for path in others:
            assert (await document(service, path))["state"] == "complete"
            for index in range(5):
                image = await service.client.get(f"{path}/image?pass={index}")
                assert image.status_code == 200
            assert (await service.client.get(f"{path}/field")).status_code == 200
        for path in others:
            assert (await service.client.delete(path)).status_code == 204
        assert on_disk(service.desk.settings.data) == set()


async def test_whoever_hangs_up_the_others_are_answered():
    async with house("slow") as service:
        service.hold()
        answers: list[httpx.Response] = []

        async def impatient(scope: trio.CancelScope) -> None:
            with scope:
                await service.shade(png(), passes=2)

        async def patient() -> None:
            answers.append(await service.shade(png(), passes=2))

        async with trio.open_nursery() as nursery:
            first = trio.CancelScope()
            nursery.start_soon(impatient, first)
            await service.wait_live()
            nursery.start_soon(patient)
            await service.wait_live(2)
            first.cancel()
            while len(service.desk.live) > 1:
                await trio.sleep(0.005)
            service.let_go()
        assert [each.headers["itten-status"] for each in answers] == ["complete"]
        jobs = (await service.client.get("/jobs")).json()["jobs"]
        assert sorted(each["state"] for each in jobs) == ["cancelled", "complete"]


async def test_who_has_more_time_goes_on_when_the_time_of_the_first_is_over():
    async with house("slow", max_queue=1) as service:
        first, second, third = await joined(service, 2)
        job, shared = service.live(second), service.live(second).shared
        await service.live(first).closed.wait()
        assert (await document(service, first))["state"] == "partial"
        assert job.shared is not shared
        assert not job.settled.is_set()
        await service.client.delete(third)
        service.let_go()
        await service.wait_idle()
        assert (await document(service, second))["state"] == "complete"
        assert (await document(service, third))["state"] == "cancelled"
        image = await service.client.get(f"{second}/image?pass=4")
        assert unpacked(image.content)[0, 0, 0] == 10
        for path in (first, second):
            assert (await service.client.get(f"{path}/field")).status_code == 200


async def test_a_worker_that_is_late_for_one_is_asked_again_for_another(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(entrance, "LATE_S", PATIENCE_S)  # reading takes a busy machine longer
    async with house("deaf") as service:
        answers: dict[float, httpx.Response] = {}

        async def one(deadline_s: float) -> None:
            answers[deadline_s] = await service.shade(png(), deadline_s=deadline_s)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, 0.5)
            await trio.sleep(0.1)
            nursery.start_soon(one, 2.0)
        assert {each.headers["itten-status"] for each in answers.values()} == {"partial"}
        await service.wait_idle()


async def test_the_first_hangs_up_its_time_passes_and_the_other_goes_on():
    async with house("slow") as service:
        first, second = await joined(service, 1)
        job, shared = service.live(second), service.live(second).shared
        await service.client.delete(first)
        while job.shared is shared:
            await trio.sleep(0.005)
        service.let_go()
        await service.wait_idle()
        assert (await document(service, second))["state"] == "complete"
        assert (await service.client.get(f"{second}/field")).status_code == 200


async def test_when_all_have_left_the_worker_is_free():
    async with house("slow", max_queue=1) as service:
        service.hold()
        paths = await started(service, 3, passes=16)
        for path in paths:
            assert (await service.client.delete(path)).status_code == 204
        assert not service.desk.live
        assert not service.desk.computing
        assert not service.desk.admission.places
        for path in paths:
            assert (await document(service, path))["state"] == "cancelled"
        service.let_go()
        answer = await service.shade(png(), passes=1)  # begins anew
        assert answer.headers["itten-status"] == "complete"


async def test_who_joins_as_the_computation_ends_is_answered_too():
    """Requests every few milliseconds, over the ends of several computations."""
    async with house("slow") as service:
        answers: list[httpx.Response] = []

        async def one() -> None:
            answers.append(await service.shade(png(), passes=1))

        async with trio.open_nursery() as nursery:
            for _ in range(60):
                nursery.start_soon(one)
                await trio.sleep(0.01)
        assert {each.status_code for each in answers} == {200}
        assert {each.headers["itten-status"] for each in answers} == {"complete"}
        await service.wait_idle()
        jobs = [await document(service, f"/jobs/{each.headers['itten-job']}") for each in answers]
        assert {each["state"] for each in jobs} == {"complete"}


async def test_a_lost_worker_is_told_to_everybody():
    async with house("dying") as service:
        answers: list[httpx.Response] = []

        async def one() -> None:
            answers.append(await service.shade(png()))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(one)
        for each in answers:
            assert_problem(each, 503, "set-aside")
        await service.wait_idle()
        jobs = (await service.client.get("/jobs")).json()["jobs"]
        assert {(each["state"], each["status_reason"]) for each in jobs} == {
            ("failed", "two workers died over this job")
        }


async def test_the_service_ends_and_everybody_is_answered():
    async with house("slow") as service:
        paths = await started(service, 3, passes=3)
        await service.desk.drain()
        states = {service.desk.store.find(each.removeprefix("/jobs/")).state for each in paths}
        assert states == {JobState.COMPLETE}


async def test_events_come_to_every_job_under_its_own_name():
    async with house("slow") as service:
        paths = await started(service, 2, passes=2)
        streams: dict[str, str] = {}

        async def listen(path: str) -> None:
            accept = {"Accept": "text/event-stream"}
            streams[path] = (await service.client.get(f"{path}/events", headers=accept)).text

        async with trio.open_nursery() as nursery:
            for path in paths:
                nursery.start_soon(listen, path)
        for path, text in streams.items():
            kinds = [line[7:] for line in text.split("\n") if line.startswith("event: ")]
            assert kinds[0] == "snapshot"
            assert kinds.count("complete") == 1
            assert kinds[-1] == "complete"
            assert f'"job":"{path.removeprefix("/jobs/")}"' in text
            assert not any(other.removeprefix("/jobs/") in text for other in set(paths) - {path})
