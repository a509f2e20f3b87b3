"""The client and a real service: the same, waited for and awaited."""

import inspect
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.client import (
    AsyncItten,
    AsyncJob,
    AsyncResult,
    ClientError,
    Complete,
    Itten,
    Job,
    JobDocument,
    Pass,
    Result,
    ServiceError,
    Terminal,
)
from tests.service.house import png, unpacked

INVERTED, INPUT = [245, 235, 225], [10, 20, 30]


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def itten(site_url: str) -> Iterator[Itten]:
    with Itten(site_url) as itten:
        yield itten


def first(data: bytes) -> list[int]:
    return list(unpacked(data)[0, 0].tolist())


def kind_of(path: Path) -> str | None:
    return Image.open(io.BytesIO(path.read_bytes())).format


def test_a_picture_is_shaded_and_saved(itten: Itten, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    shaded = itten.shade(tmp_path / "photo.png", passes=1, deadline_s=5)
    assert (shaded.status, shaded.passes, shaded.tiles) == ("complete", (1, 1), (4, 4))
    assert repr(shaded) == "<complete result, passes 1/1, tiles 4/4>"
    assert repr(shaded.job) == f"<job {shaded.job.id}, shade, complete>"
    assert first(shaded.data) == INVERTED
    assert shaded.image().size == (32, 24)
    assert shaded.job.document.deadline_s == 5
    for name in ("out.png", "out.webp", "out.jpg", "out.JPEG", "out.npz"):
        shaded.save(tmp_path / name)
    assert (tmp_path / "out.png").read_bytes() == shaded.data
    assert kind_of(tmp_path / "out.webp") == "WEBP"
    assert kind_of(tmp_path / "out.JPEG") == "JPEG"
    assert np.load(tmp_path / "out.npz")["vectors"].shape == (24, 32, 4)
    with pytest.raises(ClientError, match="the ending must be one of"):
        shaded.save(tmp_path / "out.gif")
    assert not (tmp_path / "out.gif").exists()


def test_what_a_source_lends_and_what_a_drawing_is(itten: Itten, tmp_path: Path) -> None:
    source = Image.new("RGB", (8, 6), (1, 2, 3))
    assert first(itten.shade(png(), source=source).data) == [1, 2, 3]
    with itten.submit("shade", png(), source, passes=1) as job:
        assert first(job.source()) == [1, 2, 3]
    drawing = itten.field(bytearray(png()), render="contours", background="transparent")
    drawing.save(tmp_path / "drawing.svg")
    assert (tmp_path / "drawing.svg").read_bytes().startswith(b"<svg")
    assert drawing.arrays()["lambda2"].shape == (24, 32)
    assert drawing.passes == (0, 0)


def test_a_job_is_followed_to_its_end(itten: Itten) -> None:
    with itten.submit("shade", png(), passes=3) as job:
        events = list(job.events())
    assert [each.index for each in events if isinstance(each, Pass)] == [1, 2, 3]
    assert isinstance(events[-1], Complete)
    assert sum(isinstance(each, Terminal) for each in events) == 1
    assert job.document.state == "complete"
    assert [first(job.after_pass(index)) for index in range(4)] == [INPUT, INVERTED] * 2
    assert job.result().data == job.read("png")
    assert itten.job(job.id).wait() == job.document
    assert job.id in [each.id for each in itten.jobs()]
    job.cancel()  # it has ended: nothing happens
    job.refresh()
    job.remove()
    with pytest.raises(ServiceError) as gone:
        job.refresh()
    assert (gone.value.status, gone.value.slug) == (410, "no-longer-kept")


async def test_the_same_awaited(site_url: str, tmp_path: Path) -> None:
    async with AsyncItten(site_url) as itten:
        shaded = await itten.shade(png(), passes=1)
        await shaded.save(tmp_path / "out.webp")
        assert kind_of(tmp_path / "out.webp") == "WEBP"
        field = await itten.field(png(), render="contours")
        assert (await field.arrays())["vectors"].shape == (24, 32, 4)
        async with await itten.submit("shade", png(), png(8, 6), passes=2) as job:
            events = [event async for event in job.events()]
        assert [each.index for each in events if isinstance(each, Pass)] == [1, 2]
        assert (await job.result()).status == "complete"
        assert job.id in [each.id for each in await itten.jobs()]
        assert (await (await itten.job(job.id)).wait()).id == job.id
        await job.remove()
        with pytest.raises(ServiceError):
            await job.after_pass(1)


async def test_a_large_upload_arrives_as_it_was(site_url: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)
    async with AsyncItten(site_url) as itten:
        job = await itten.submit("shade", Image.fromarray(pixels), passes=2)
        await job.wait()
        assert np.array_equal(unpacked(await job.after_pass(0)), pixels)


async def test_a_listener_that_leaves_early(site_url: str) -> None:
    async with AsyncItten(site_url) as itten:
        job = await itten.submit("shade", png(), passes=16)
        events = job.events()
        assert (await anext(events)).type in ("accepted", "snapshot")
        await events.aclose()  # a warning about what it leaves behind would fail this
        assert (await job.result()).passes == (16, 16)


def test_threads_share_a_client(itten: Itten) -> None:
    colours = [(20 * n, 30, 40) for n in range(8)]

    def inverted(colour: tuple[int, int, int]) -> list[int]:
        return first(itten.shade(Image.new("RGB", (12, 10), colour), passes=1).data)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(inverted, colours)) == [[255 - n, 225, 215] for n, _, _ in colours]


def test_a_blocking_listener_that_leaves_early(itten: Itten) -> None:
    job = itten.submit("shade", png(), passes=16)
    for _ in job.events():
        break
    assert job.result().passes == (16, 16)


def test_what_is_wrong_is_said_as_the_service_says_it(itten: Itten) -> None:
    with pytest.raises(ServiceError, match="passes: must be at most 16") as refused:
        itten.shade(png(), passes=17, tolerance=5)
    assert [each.field for each in refused.value.errors] == ["passes", "tolerance"]
    assert (refused.value.status, refused.value.mendable) == (422, True)
    with pytest.raises(ServiceError, match=r"pases: is not a field .* passes"):
        itten.shade(png(), pases=2)  # type: ignore[call-arg]
    with pytest.raises(ServiceError, match="passes: must be a whole number, not '2'"):
        itten.shade(png(), passes="2")  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match="This is not an image"):
        itten.shade(b"no picture")
    with pytest.raises(ServiceError) as unknown:
        itten.job("no-such-job")
    assert (unknown.value.status, unknown.value.mendable) == (404, False)


def test_what_is_none_is_not_said(itten: Itten) -> None:
    assert itten.shade(png(), passes=1, max_side=None, tolerance=None).status == "complete"


@pytest.mark.parametrize(
    ("blocking", "awaited"), [(Itten, AsyncItten), (Job, AsyncJob), (Result, AsyncResult)]
)
def test_both_have_the_same_methods(blocking: type, awaited: type) -> None:
    def methods(kind: type, *, but: str = "") -> dict[str, list[str]]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: list(inspect.signature(each).parameters)
            for name, each in found
            if not name.startswith("_") and name != but
        }

    assert methods(blocking) == methods(awaited)


def test_documents_are_typed(itten: Itten) -> None:
    assert all(isinstance(each, JobDocument) for each in itten.jobs())


def test_a_picture_of_pil_is_sent_without_loss(itten: Itten) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    job = itten.submit("shade", Image.fromarray(pixels), passes=2)
    job.wait()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(job.after_pass(0)))), pixels)
