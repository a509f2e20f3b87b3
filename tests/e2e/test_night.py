"""A machine on its worst night: no files left, records that another holds, a disk that gives up."""

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from socket import create_connection

import httpx
import pytest

from tests.e2e.pictures import noise, packed
from tests.e2e.served import PATIENCE_S, PATIENT, served, until

pytestmark = pytest.mark.long

FEW = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh", sys.executable, "-m", "service")
CLIENTS = 12


def shaded(url: str, number: int) -> httpx.Response:
    """The answer for a picture that nobody has sent before."""
    files = {"target": ("p.png", packed(noise(64, 48, number)))}
    return httpx.post(f"{url}/shade", files=files, data={"passes": "1"}, timeout=PATIENCE_S)


@pytest.mark.parametrize("held", [0, 10, 20, 30, 60])
def test_with_64_files_nobody_gets_a_500(
    tmp_path: Path, workers: str, held: int, capfd: pytest.CaptureFixture[str]
):
    with served(tmp_path, itten=FEW, ITTEN_WORKERS=workers, **PATIENT) as service:
        where = "127.0.0.1", httpx.URL(service.url).port or 0
        with ExitStack() as lines, ThreadPoolExecutor(CLIENTS) as pool:
            for _ in range(held):
                lines.enter_context(create_connection(where))
            answers = list(pool.map(lambda each: shaded(service.url, each), range(CLIENTS)))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses.keys() <= {200, 503}, statuses
        assert all("retry-after" in each.headers for each in answers if each.status_code == 503)
        # Once the connections are closed, which the service sees soon, all is well.
        until(lambda: shaded(service.url, 100 + held).status_code == 200)
    assert "Traceback" not in capfd.readouterr().err


def test_records_that_another_process_holds_keep_nobody_who_looks_waiting(
    tmp_path: Path, workers: str
):
    with served(tmp_path, ITTEN_WORKERS=workers, **PATIENT) as service:
        service.wait_ready()
        before = shaded(service.url, 0)
        path = f"/jobs/{before.headers['itten-job']}"
        with closing(sqlite3.connect(tmp_path / "itten.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            for number in range(3):
                refused = shaded(service.url, number + 1)
                assert refused.status_code == 503
                assert "Another process holds" in refused.json()["detail"]
                assert refused.headers["retry-after"]
            assert service.get(path).json()["state"] == "complete"
            assert service.get(f"{path}/image").content == before.content
            assert len(service.get("/jobs").json()["jobs"]) == 1
            other.execute("ROLLBACK")
        assert shaded(service.url, 9).status_code == 200


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Path]:
    """A file system that `give_up` makes read-only, as the kernel does after an error."""
    image, place = tmp_path / "image", tmp_path / "place"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    try:
        subprocess.run(["mkfs.ext4", "-q", image], check=True, capture_output=True)
        mount = ["mount", "-o", "loop,errors=remount-ro", image, place]
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs mkfs.ext4 and the right to mount its file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount")
def test_a_disk_that_turns_read_only_is_told_and_what_is_there_stays(failing: Path, workers: str):
    with served(failing / "data", ITTEN_WORKERS=workers, **PATIENT) as service:
        service.wait_ready()
        before = shaded(service.url, 0)
        path = f"/jobs/{before.headers['itten-job']}"
        subprocess.run(["mount", "-o", "remount,abort", failing], check=True)
        for number in range(3):
            refused = shaded(service.url, number + 1)
            assert refused.status_code == 507
            assert "Read-only file system" in refused.json()["detail"]
        assert httpx.delete(service.url + path, timeout=PATIENCE_S).status_code == 507
        assert service.get(f"{path}/image").content == before.content
        assert service.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "log",
    ["/dev/full", ">(true)", ">(exec tail --pid=$$ -f /dev/null)"],
    ids=["full disk", "no reader", "reader that does not read"],
)
def test_where_nothing_can_be_logged_everybody_is_answered(tmp_path: Path, workers: str, log: str):
    command = ("bash", "-c", f'exec "$@" 2> {log}', "bash", sys.executable, "-m", "service")
    settings = {"ITTEN_HOST": "0.0.0.0", "ITTEN_NONE": "of a setting to warn of"}
    with served(tmp_path, itten=command, ITTEN_WORKERS=workers, **PATIENT, **settings) as service:
        url = service.url.replace("0.0.0.0", "127.0.0.1")
        until(lambda: httpx.get(f"{url}/readyz", timeout=PATIENCE_S).status_code == 200)
        for number in range(3):
            assert shaded(url, number).status_code == 200
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            for _ in range(1000):  # more lines than a pipe holds
                assert client.get("/jobs/not-there").status_code == 404
