"""The Python client, from pictures to results, with the real worker."""

import asyncio
import io
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from service.client import AsyncItten, Event, Itten, Partial, Pass
from service.client.results import Layer
from tests.e2e.pictures import drawing, packed, photograph, unpacked
from tests.e2e.served import LONG_S, PATIENT, READY_S, Served, free_port, held, served

pytestmark = pytest.mark.long

PHOTO = photograph(160, 120)


@pytest.fixture(scope="module")
def client(itten: Served) -> Iterator[Itten]:
    """A client of the session's service, which may still be starting."""
    with Itten(itten.url, patience_s=READY_S) as client:
        yield client


def test_a_picture_comes_back_shaded_the_same_each_way(client: Itten, itten: Served):
    shaded = client.shade(PHOTO, passes=2, deadline_s=LONG_S)
    assert (shaded.status, shaded.passes) == ("complete", (2, 2))
    assert shaded.tiles.done == shaded.tiles.total > 0
    assert np.mean(np.asarray(shaded.image()) != np.asarray(PHOTO)) > 0.001

    async def awaited() -> bytes:
        async with AsyncItten(itten.url) as client:
            return (await client.shade(packed(PHOTO), passes=2)).data

    assert asyncio.run(awaited()) == shaded.data


def test_strokes_of_a_source_and_how_they_got_there(client: Itten):
    job = client.submit("shade", drawing(160, 120), PHOTO, passes=1, explain=True)
    passes = [each.index for each in job.events() if isinstance(each, Pass)]
    assert passes == [1]
    told = job.explanation(1)
    assert (told.width, told.height, told.source and told.source.width) == (160, 120, 160)
    for name in get_args(Layer):
        assert unpacked(job.layer(1, name)).shape[:2] == (120, 160)
    assert unpacked(job.eigenvector(4)).shape == (120, 160, 3)
    assert job.eigenvector(4) != job.eigenvector(1)
    assert unpacked(job.after_pass(1)).tolist() == unpacked(job.result().data).tolist()


def test_a_field_as_arrays_and_as_lines(client: Itten, tmp_path: Path):
    field = client.field(PHOTO, tolerance=0.01)
    arrays = field.arrays()
    assert arrays["vectors"].shape == (120, 160, 4)
    assert (arrays["angle_bound"] <= 0.01).all()
    lines = client.field(PHOTO, render="contours")
    lines.save(tmp_path / "drawing.svg")
    assert b"<path" in (tmp_path / "drawing.svg").read_bytes()
    assert Image.open(io.BytesIO(lines.data)).size == (160, 120)


def test_a_job_is_followed_over_a_restart_and_goes_on(tmp_path: Path, workers: str):
    port = free_port()
    settings = {"ITTEN_PORT": str(port), "ITTEN_WORKERS": workers}
    start = partial(served, tmp_path, **settings, **PATIENT)
    heard: list[Event] = []
    with ExitStack() as services, Itten(f"http://127.0.0.1:{port}") as client:
        first = services.enter_context(start(status=-signal.SIGKILL))
        with held(workers):
            job = client.submit("shade", PHOTO, passes=16)
            for event in job.events():
                heard.append(event)
                if event == Pass(2, 16):
                    first.process.kill()
                    first.process.wait()
                    services.enter_context(start())
        assert isinstance(heard[-1], Partial)
        assert job.document.status_reason == "interrupted by a restart"
        passes = [each.index for each in heard if isinstance(each, Pass)]
        assert passes == list(range(1, job.document.progress.passes_done + 1))
        rest = job.resume(deadline_s=LONG_S)
        assert rest.result().passes == (16, 16)
        assert rest.after_pass(2) == job.after_pass(2)
