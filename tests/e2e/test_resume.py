"""A job that its deadline cut off goes on, also after a restart, to what one job comes to."""

import time
from pathlib import Path
from typing import Any, Literal

import pytest

from service.client import Itten, Job, ServiceError
from tests.e2e.pictures import photograph
from tests.e2e.served import LONGEST, LONGEST_S, served
from tests.service.kept_files import damage, file_of, names_of

pytestmark = pytest.mark.long

SHADE = {"passes": 2, "tile_size": 32, "overlap": 8}
RUNS = 8  # at most, for a job of a second or two
TRIES = 60  # 20 a second

Asked = dict[str, Any]  # the arguments of `Itten.submit` but the kind
Kind = Literal["shade", "field"]


def partial(itten: Itten, data: Path, kind: Kind, asked: Asked) -> Job:
    """A job that came some way, and whose worker answered in time."""
    said = ""
    for deadline_s in (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.2, 1.6, 3.2, 6.4, 12.8, 25.6):
        try:
            job = itten.submit(kind, **asked | {"deadline_s": deadline_s})
        except ServiceError as busy:
            said = busy.detail
            continue
        document = job.wait()
        said = repr(document)
        if document.state == "partial" and document.status_reason is None:
            for _ in range(TRIES):  # it comes after the answer, where there is any
                if "work.npz" in names_of(data, job.id):
                    return job
                time.sleep(0.05)
    raise AssertionError(said)


def complete(job: Job) -> Job:
    """The job that completes it."""
    done = -1
    for _ in range(RUNS):
        job = job.resume()
        document = job.wait()
        assert document.progress.tiles_done >= done
        done = document.progress.tiles_done
        if document.state == "complete":
            return job
    raise AssertionError(document)


def whole(itten: Itten, kind: Kind, asked: Asked) -> Job:
    """A job with all the time that it needs."""
    job = itten.submit(kind, **asked | {"deadline_s": LONGEST_S})
    assert job.result().status == "complete"
    return job


def assert_same(one: Job, other: Job) -> None:
    assert one.read("png") == other.read("png")
    for index in range(1, other.document.progress.passes_total + 1):
        assert one.after_pass(index) == other.after_pass(index)


PICTURE, SOURCE = photograph(600, 500), photograph(200, 200)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("shade", {"target": PICTURE} | SHADE),
        ("shade", {"target": PICTURE, "source": SOURCE} | SHADE),
        ("field", {"target": PICTURE}),
    ],
    ids=["shade", "cross", "field"],
)
def test_what_was_resumed_is_what_one_job_comes_to(tmp_path: Path, kind: Kind, asked: Asked):
    with served(tmp_path, **LONGEST) as service, Itten(service.url, patience_s=0.1) as itten:
        service.wait_ready()
        job = partial(itten, tmp_path, kind, asked)
    with served(tmp_path, **LONGEST) as service, Itten(service.url) as itten:
        job = itten.job(job.id)
        resumed, once = complete(job), whole(itten, kind, asked)
        assert_same(resumed, once)
        assert job.read("png")  # the first one stays as it was
        damage(file_of(tmp_path, job.id, "work.npz"))
        assert_same(complete(job), once)
