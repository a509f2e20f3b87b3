"""What `/metrics` says, over the whole service."""

import re

from tests.service.house import House, house, png


async def values(service: House) -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = await service.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = re.findall(r"^(itten_\S+) (\S+)$", answer.text, re.MULTILINE)
    return {name: float(value) for name, value in samples}


async def test_gauges_tell_what_is_under_way_and_counts_what_was():
    async with house("slow") as service:
        before = await values(service)
        assert before["itten_worker_ready"] == 1
        path = await service.start(png(), passes=16)
        during = await values(service)
        assert during["itten_jobs_running"] + during["itten_jobs_waiting"] == 1
        assert during["itten_places_taken"] == 1
        assert during["itten_work_seconds"] > 0
        await service.client.delete(path)
        await service.shade(png(), passes=1)
        await service.client.get("/nowhere")
        await service.wait_idle()
        after = await values(service)
    gauges = ("jobs_running", "jobs_waiting", "places_taken", "work_seconds", "listeners")
    assert [after[f"itten_{name}"] for name in gauges] == [0.0] * 5
    assert after['itten_jobs_ended_total{kind="shade",state="cancelled"}'] == 1
    assert after['itten_jobs_ended_total{kind="shade",state="complete"}'] == 1
    statuses = [after[f'itten_http_answers_total{{status="{n}"}}'] for n in (200, 202, 204, 404)]
    assert statuses == [3, 1, 1, 1]  # two looks at the metrics, and one picture


async def test_the_same_work_twice_is_one_that_another_joined():
    async with house("slow") as service:
        first = await service.start(png(), passes=16)
        second = await service.start(png(), passes=16)
        during = await values(service)
        assert (during["itten_jobs_joined"], during["itten_places_taken"]) == (1, 1)
        for path in (first, second):
            await service.client.delete(path)
        await service.wait_idle()
        assert (await values(service))["itten_jobs_joined"] == 0


async def test_the_delay_of_the_event_loop_is_sampled():
    async with house() as service:
        await service.shade(png(), passes=1)
        seen = await values(service)
    assert seen["itten_event_loop_delay_seconds_count"] > 0
    assert 'itten_event_loop_delay_seconds_bucket{le="0.01"}' in seen


async def test_metrics_do_not_wait_for_the_worker_nor_for_a_place():
    async with house("unready") as service:
        assert (await values(service))["itten_worker_ready"] == 0
    async with house("deaf", max_queue=1) as service:
        path = await service.start(png(), deadline_s=1)
        assert (await values(service))["itten_places_taken"] == 1
        await service.client.delete(path)
