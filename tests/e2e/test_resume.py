"""A job that its deadline cut off goes on, also after a restart, to what one job comes to."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.pictures import packed, photograph
from tests.e2e.served import served
from tests.service.kept_files import damage, file_of, names_of

pytestmark = pytest.mark.long

SHADE = {"passes": "2", "tile_size": "32", "overlap": "8"}
RUNS = 8  # of ten seconds, at most, for a job of a second or two


def partial(
    client: httpx.Client, data: Path, kind: str, files: dict[str, Any], form: dict[str, str]
) -> str:
    """The path of a job that came some way, and whose worker answered in time."""
    for deadline_s in (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.2, 1.6, 3.2):
        form = form | {"deadline_s": str(deadline_s)}
        answer = client.post(f"/{kind}", files=files, data=form)
        if answer.status_code == 503:  # too busy for that
            continue
        path = f"/jobs/{answer.headers['itten-job']}"
        document = client.get(path).json()
        if document["state"] == "partial" and "status_reason" not in document:
            for _ in range(20):  # it comes after the answer, where there is any
                if "work.npz" in names_of(data, path.removeprefix("/jobs/")):
                    return path
                time.sleep(0.05)
    raise AssertionError(answer.text)


def complete(client: httpx.Client, path: str) -> str:
    """The path of the job that completes it."""
    done = -1
    for _ in range(RUNS):
        answer = client.post(f"{path}/resume", headers={"Prefer": "wait=15"})
        assert answer.status_code == 200, answer.text
        document = answer.json()
        path = document["links"]["self"]
        assert document["progress"]["tiles_done"] >= done
        done = document["progress"]["tiles_done"]
        if document["state"] == "complete":
            return path
    raise AssertionError(document)


def whole(client: httpx.Client, kind: str, files: dict[str, Any], form: dict[str, str]) -> str:
    """The path of a job with all the time that it needs."""
    answer = client.post(f"/{kind}", files=files, data=form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["itten-status"] == "complete"
    return f"/jobs/{answer.headers['itten-job']}"


def assert_same(client: httpx.Client, one: str, other: str) -> None:
    assert client.get(one).content == client.get(other).content


PICTURE = {"target": ("photo.png", packed(photograph(600, 500)))}
SOURCE = {"source": ("leaf.png", packed(photograph(200, 200)))}


@pytest.mark.parametrize(
    ("kind", "files", "form"),
    [("shade", PICTURE, SHADE), ("shade", PICTURE | SOURCE, SHADE), ("field", PICTURE, {})],
    ids=["shade", "cross", "field"],
)
def test_what_was_resumed_is_what_one_job_comes_to(
    tmp_path: Path, kind: str, files: dict[str, Any], form: dict[str, str]
):
    with served(tmp_path) as service, httpx.Client(base_url=service.url, timeout=30) as client:
        path = partial(client, tmp_path, kind, files, form)
    with served(tmp_path) as service, httpx.Client(base_url=service.url, timeout=30) as client:
        resumed, once = complete(client, path), whole(client, kind, files, form)
        assert_same(client, f"{resumed}/image", f"{once}/image")
        for index in range(1, int(form.get("passes", 0)) + 1):
            assert_same(client, f"{resumed}/image?pass={index}", f"{once}/image?pass={index}")
        assert client.get(f"{path}/image").status_code == 200  # the first one stays as it was
        damage(file_of(tmp_path, path.removeprefix("/jobs/"), "work.npz"))
        damaged = complete(client, path)
        assert_same(client, f"{damaged}/image", f"{once}/image")
