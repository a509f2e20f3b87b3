"""A disk that is full, read-only or damaged: it is told, nothing else is lost."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.e2e.pictures import noise, packed, unpacked
from tests.e2e.served import PATIENCE_S, PATIENT, served
from tests.service.kept_files import damage, file_of, on_disk

pytestmark = pytest.mark.long

MB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", tmp_path],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def shaded(client: httpx.Client, number: int) -> httpx.Response:
    """The answer for a picture of 200 kB that nobody has sent before; it leaves 1.5 MB."""
    image = packed(noise(300, 220, number))
    return client.post("/shade", files={"target": ("p.png", image)}, data={"passes": "1"})


def test_a_full_disk_is_told_and_what_was_kept_is_still_there(disk: Path, workers: str):
    answers: dict[str, bytes] = {}
    with running(disk, workers) as client:
        for number in range(100):
            answer = shaded(client, number)
            if answer.status_code == 507:
                break
            assert answer.status_code == 200
            answers[f"/jobs/{answer.headers['itten-job']}"] = answer.content
        assert len(answers) > 3
        assert answer.json()["type"] == "/problems/no-room"
        assert_kept(client, answers)
        for path in list(answers)[:3]:
            assert client.delete(path).status_code == 204
            assert client.get(path).status_code == 410
            del answers[path]
        assert shaded(client, 100).status_code == 200
    with running(disk, workers) as client:
        assert_kept(client, answers)
        for each in client.get("/jobs").json()["jobs"]:
            assert client.delete(each["links"]["self"]).status_code == 204
        assert on_disk(disk) == set()


@contextmanager
def running(data: Path, workers: str) -> Iterator[httpx.Client]:
    """A client of a service over this directory."""
    with (
        served(data, ITTEN_WORKERS=workers, **PATIENT) as service,
        httpx.Client(base_url=service.url, timeout=PATIENCE_S) as client,
    ):
        service.wait_ready()
        yield client


def assert_kept(client: httpx.Client, answers: dict[str, bytes]) -> None:
    """Every job is there; only the last ones may have found no room for their pictures."""
    missing = []
    for path, content in answers.items():
        assert client.get(path).json()["state"] == "complete"
        image = client.get(f"{path}/image")
        assert image.status_code in (200, 409)
        if image.status_code == 200:
            np.testing.assert_array_equal(unpacked(image.content), unpacked(content))
        missing.append(image.status_code == 409)
    assert missing == sorted(missing)
    assert sum(missing) <= 2


def test_a_damaged_picture_is_410_and_all_else_goes_on(tmp_path: Path, workers: str):
    with running(tmp_path, workers) as client:
        [job, other] = [shaded(client, number).headers["itten-job"] for number in range(2)]
    damage(file_of(tmp_path, job, "result.px"))
    with running(tmp_path, workers) as client:
        for _ in range(2):
            image = client.get(f"/jobs/{job}/image")
            assert image.status_code == 410
            assert image.json()["type"] == "/problems/no-longer-kept"
            assert "damaged" in image.json()["detail"]
        assert client.get(f"/jobs/{job}/image?pass=0").status_code == 200
        assert client.get(f"/jobs/{other}/image").status_code == 200
        assert client.delete(f"/jobs/{job}").status_code == 204


def test_a_read_only_disk_is_one_line_and_status_2(disk: Path, workers: str):
    with served(disk, ITTEN_WORKERS=workers):
        pass
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert "Read-only file system" in refused(disk)


def test_damaged_records_are_one_line_and_status_2(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "itten.sqlite3")) as db:
        db.execute("CREATE TABLE other (number INTEGER)")
    damaged = tmp_path / "itten.sqlite3"
    damaged.write_bytes(damaged.read_bytes()[:4096])
    assert "move it away" in refused(tmp_path)


def refused(data: Path) -> str:
    """What a service says that cannot start over this directory."""
    env = os.environ | {"ITTEN_DATA": str(data), "ITTEN_PORT": "0"}
    command = [sys.executable, "-m", "service", "serve"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 2, ended.stderr
    [line] = [line for line in ended.stderr.splitlines() if line.startswith("itten: ")]
    assert str(data) in line
    assert "set ITTEN_DATA" in line
    return line
