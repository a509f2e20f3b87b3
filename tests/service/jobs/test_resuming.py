"""Going on after a restart of the service, and what an order for the rest is made of."""

import sys
from pathlib import Path

import msgspec
import pytest
import trio

from service.jobs.desk import Desk
from service.jobs.jobs import Job, JobState
from service.jobs.live_job import LiveJob
from service.jobs.orders import Order, Upload, digest, field_order, shade_order
from service.jobs.resuming import check_same, order_for_rest, resume
from service.parts import open_parts
from service.problems import Conflict
from service.settings import Settings
from tests.service.house import PATIENCE_S, png
from tests.service.shade_worker import BRIEF


def command(mode: str) -> list[str]:
    return [sys.executable, "-m", "tests.service.shade_worker", mode]


def asked(*pairs: tuple[str, str], kind: str = "shade", source: bytes | None = None) -> Order:
    upload = Upload(png(), source, "photo", list(pairs), None, trio.current_time())
    return (shade_order if kind == "shade" else field_order)(upload, PATIENCE_S)


async def settled(desk: Desk, live: LiveJob) -> Job:
    with trio.fail_after(PATIENCE_S):
        await live.closed.wait()
    return desk.store.find(live.record.id)


async def gone_on(desk: Desk, job: Job) -> Job:
    order = order_for_rest(job, PATIENCE_S, trio.current_time())
    return await settled(desk, await resume(desk, job, order))


async def test_a_job_is_gone_on_with_after_a_restart(tmp_path: Path):
    settings = Settings(data=tmp_path)
    async with open_parts(settings, command("brief")) as desk:
        await desk.link.wait_ready()
        job = await settled(desk, await desk.accept(asked(("passes", "3"))))
        assert job.state is JobState.PARTIAL
    async with open_parts(settings, command("brief")) as desk:
        await desk.link.wait_ready()
        job = await gone_on(desk, desk.store.find(job.id))
        assert (job.state, job.progress.tiles_done) == (JobState.COMPLETE, 2 * BRIEF)


async def test_a_restart_in_the_middle_leaves_the_earlier_work_to_go_on_from(tmp_path: Path):
    settings = Settings(data=tmp_path)
    async with open_parts(settings, command("brief")) as desk:
        await desk.link.wait_ready()
        first = await settled(desk, await desk.accept(asked(("passes", "3"))))
    held = tmp_path / "held"
    held.write_text(str(BRIEF))
    async with open_parts(settings, command(f"slow:{held}")) as desk:
        await desk.link.wait_ready()
        live = await resume(desk, first, order_for_rest(first, PATIENCE_S, trio.current_time()))
        with trio.fail_after(PATIENCE_S):
            while live.record.state is not JobState.RUNNING:
                await trio.sleep(0.005)
    async with open_parts(settings, command("brief")) as desk:
        await desk.link.wait_ready()
        cut_off = desk.store.find(live.record.id)
        assert (cut_off.state, cut_off.status_reason) == ("partial", "interrupted by a restart")
        job = await gone_on(desk, cut_off)
        assert job.resumed_from == cut_off.id
        assert (job.state, job.progress.tiles_done) == (JobState.COMPLETE, 2 * BRIEF)


async def test_the_same_rest_is_computed_once_for_all_who_ask(tmp_path: Path):
    held = tmp_path / "held"
    async with open_parts(Settings(data=tmp_path), command(f"brief:{held}")) as desk:
        await desk.link.wait_ready()
        first = await settled(desk, await desk.accept(asked(("passes", "3"))))
        held.write_text(str(BRIEF))
        order = order_for_rest(first, PATIENCE_S, trio.current_time())
        one, other = await resume(desk, first, order), await resume(desk, first, order)
        assert one.shared is other.shared
        held.unlink()
        for live in (one, other):
            job = await settled(desk, live)
            assert (job.state, job.resumed_from) == (JobState.COMPLETE, first.id)


SPECS = [
    ((), "shade", None),
    ((("quality", "fast"), ("envelope", '[{"fill_threshold": 0.5}]')), "shade", b""),
    ((("scope", "image"), ("max_side", "512"), ("background", "#102030")), "shade", None),
    ((("render", "contours"), ("scope", "image"), ("background", "transparent")), "field", None),
    ((("solver", "lanczos"), ("radii", "1,2"), ("radius_weights", "1,2")), "shade", None),
]


@pytest.mark.parametrize(("pairs", "kind", "source"), SPECS)
async def test_the_rest_is_asked_for_as_the_whole_was(pairs: tuple, kind: str, source: bytes):
    order = asked(*pairs, kind=kind, source=source)
    job = Job(
        id="job-12345678",
        kind=kind,
        created=1.0,
        deadline_s=10,
        name=order.name,
        background=order.background,
        spec=order.spec,
        state=JobState.PARTIAL,
    )
    job = msgspec.json.decode(msgspec.json.encode(job), type=Job)
    rest = order_for_rest(job, order.deadline_s, order.arrived)
    assert (rest.params, rest.passes, rest.effort) == (order.params, order.passes, order.effort)
    assert (rest.max_side, rest.background, rest.name) == (
        order.max_side,
        order.background,
        "photo",
    )
    assert list(rest.files) == list(order.files)
    check_same(job, order, order.spec)


async def test_a_value_that_comes_to_the_same_is_the_same():
    job = Job(id="job-12345678", kind="shade", created=1.0, deadline_s=1, spec=asked().spec)
    check_same(job, asked(("tile_size", "64"), ("overlap", "16")), {"tile_size", "overlap"})
    with pytest.raises(Conflict, match="tile_size is not"):
        check_same(job, asked(("tile_size", "48"), ("passes", "4")), {"tile_size", "passes"})
    assert digest(asked()) == digest(asked(("tile_size", "64")))
