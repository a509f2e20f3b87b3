"""`--resume`: a partial job of a command goes on, from a file here or from a job at a service."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import trio

from tests.service.house import house, png, unpacked
from tests.service.shade_worker import BRIEF

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a `brief` worker."""
    socket = tmp_path_factory.mktemp("worker") / "socket"
    command = [sys.executable, "-m", "tests.service.shade_worker", "brief", "--listen"]
    process = subprocess.Popen([*command, f"unix:{socket}"])
    while not socket.exists():
        time.sleep(0.01)
    yield f"unix:{socket}"
    process.terminate()
    process.wait()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "in.png").write_bytes(png())
    return tmp_path


def itten(place: Path, worker: str, *arguments: str) -> tuple[int, str]:
    """Exit status, and what was said; nothing may be left over."""
    surroundings = {"ITTEN_WORKERS": worker, "ITTEN_DATA": "/proc/nowhere", "TMPDIR": str(place)}
    ended = subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=place,
        env=os.environ | surroundings | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert not [each for each in os.listdir(place) if each.startswith(("itten-", "."))]
    return ended.returncode, ended.stderr.decode()


SHADE = ("shade", "in.png", "-o", "out.png", "-p", "4", "--save-passes", "passes")


def test_the_same_command_goes_on_until_it_is_complete(place: Path, worker: str) -> None:
    for runs in (1, 2):
        status, said = itten(place, worker, *SHADE, "--resume", "work")
        assert (status, said.count("\n")) == (0, 1), said
        assert f"{runs * BRIEF} of 16 tiles" in said
        assert "--resume work goes on from here" in said
        assert np.load(place / "work", allow_pickle=False)["tiles"] == runs * BRIEF
    status, said = itten(place, worker, *SHADE, "--resume", "work")
    assert said.startswith("itten: out.png: complete, 4 passes")
    assert sorted(os.listdir(place)) == ["in.png", "out.png", "passes"]
    passes = [unpacked((place / f"passes/in-pass-{n}.png").read_bytes()) for n in (1, 2, 3, 4)]
    assert [each[0, 0, 0] for each in passes] == [245, 10, 245, 10]
    assert unpacked((place / "out.png").read_bytes())[0, 0, 0] == 10


def test_what_goes_on_may_replace_what_it_began_and_nothing_else(place: Path, worker: str) -> None:
    (place / "out.png").write_bytes(b"mine")
    status, said = itten(place, worker, *SHADE, "--resume", "work")
    assert (status, said.count("\n")) == (2, 1)
    assert "out.png: exists" in said
    assert (place / "out.png").read_bytes() == b"mine"
    assert not (place / "work").exists()


def test_a_field_goes_on_too(place: Path, worker: str) -> None:
    field = ("field", "in.png", "-o", "out.npz", "--resume", "work")
    assert "--resume work" in itten(place, worker, *field)[1]
    assert "complete" in itten(place, worker, *field)[1]
    assert sorted(os.listdir(place)) == ["in.png", "out.npz"]


def test_work_of_something_else_is_refused_and_left_alone(place: Path, worker: str) -> None:
    (place / "other.png").write_bytes(png(colour=(1, 2, 3)))
    (place / "text").write_text("not work")
    assert itten(place, worker, *SHADE, "--resume", "work")[0] == 0
    before = (place / "work").read_bytes()
    (place / "cut").write_bytes(before[:-30])
    for arguments, reason in (
        (("in.png", "-p", "3", "--resume", "work"), "other options"),
        (("in.png", "-p", "4", "--channel", "2", "--resume", "work"), "other options"),
        (("other.png", "-p", "4", "--resume", "work"), "another picture"),
        (("in.png", "-p", "4", "--resume", "text"), "no work"),
        (("in.png", "-p", "4", "--resume", "cut"), "no work"),
        (("in.png", "-p", "4", "--resume", "passes"), "no file"),
        (("in.png", "-p", "4", "--resume", "nowhere/work"), "no directory"),
        (("in.png", "-p", "4", "--resume", "in.png"), "is a picture"),
        (("in.png", "-o", "new.png", "--resume", "new.png"), "is a picture"),
    ):
        status, said = itten(place, worker, "shade", *arguments)
        assert (status, said.count("\n")) == (2, 1), said
        assert reason in said
    assert (place / "work").read_bytes() == before
    assert (place / "text").read_text() == "not work"


def test_damaged_work_starts_over(place: Path, worker: str) -> None:
    itten(place, worker, *SHADE, "--resume", "work")
    data = bytearray((place / "work").read_bytes())
    data[data.index(b"NUMPY", data.index(b"pixels.npy")) + 200] ^= 255
    (place / "work").write_bytes(data)
    status, said = itten(place, worker, *SHADE, "--resume", "work")
    assert status == 0
    assert f"{BRIEF} of 16 tiles" in said


async def remote(place: Path, port: int, *arguments: str) -> tuple[int, str]:
    url = ("--url", f"http://127.0.0.1:{port}")
    return await trio.to_thread.run_sync(itten, place, "", *arguments, *url)


async def test_a_job_at_a_service_goes_on(place: Path) -> None:
    async with house("brief") as service:
        status, said = await remote(place, service.port, *SHADE)
        for runs in (1, 2):
            assert (status, said.count("\n")) == (0, 1), said
            assert f"{runs * BRIEF} of 16 tiles" in said
            job = said.partition("--resume ")[2].split()[0]
            status, said = await remote(place, service.port, *SHADE, "--resume", job)
        assert "out.png: complete" in said
        assert len(os.listdir(place / "passes")) == 4
        other = [each for each in SHADE if each != "in.png"]
        status, said = await remote(place, service.port, *other, "--resume", job)
        assert (status, "complete" in said) == (0, True)
        changed = [*SHADE[:-2], "--channel", "2"]
        status, said = await remote(place, service.port, *changed, "--resume", job)
        assert (status, said.count("\n")) == (1, 1)
        assert "channel is not what the job began with" in said


async def test_an_option_that_cannot_be(place: Path) -> None:
    for arguments, reason in (
        (("in.png", "--resume", "no id"), "id of a job"),
        (("--resume", "job-12345678"), "-o is missing"),
        (("-o", "out.png"), "required: TARGET"),
    ):
        status, said = await remote(place, 1, "shade", *arguments)
        assert (status, said.count("\n")) == (2, 1)
        assert reason in said
    assert "required: TARGET" in itten(place, "", "shade", "--resume", "work")[1]
