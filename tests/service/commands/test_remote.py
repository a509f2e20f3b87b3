"""`--url`: the same through a service, which may be busy, gone, or have an opinion."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import trio
import trio.testing

from service.client import AsyncItten, JobDocument, ServiceError
from service.client.wires import AsyncWire
from service.commands.options import parse_options
from service.commands.progress import Bar
from service.commands.remote import BUSY_S, RemoteWork, patience_s
from service.commands.task import read_task
from service.commands.watching import Watcher
from service.jobs.jobs import Job, JobState
from tests.service.house import PATIENCE_S, House, house, png, unpacked

pytestmark = pytest.mark.long


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a picture."""
    (tmp_path / "in.png").write_bytes(png())
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "service", *arguments]


def surroundings() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.getcwd(), "ITTEN_PORT": "what is here is of no matter"}


async def itten(
    place: Path, url: str, *arguments: str, given: bytes = b""
) -> tuple[int, bytes, list[str]]:
    """Exit status, standard output, and the lines of standard error."""
    ended = await trio.run_process(
        command(*arguments, "--url", url),
        stdin=given,
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        cwd=place,
        env=surroundings(),
    )
    return ended.returncode, ended.stdout, ended.stderr.decode().splitlines()


async def test_a_picture_is_shaded_there(place: Path, site_url: str) -> None:
    status, out, [line] = await itten(
        place, site_url, "shade", "in.png", "-p", "2", "--save-passes", "passes"
    )
    assert (status, out) == (0, b"")
    assert line.startswith("itten: in-shaded.png: complete, 2 passes")
    assert unpacked((place / "in-shaded.png").read_bytes())[0, 0].tolist() == [10, 20, 30]
    passes = [unpacked((place / f"passes/in-pass-{n}.png").read_bytes()) for n in (1, 2)]
    assert [each[0, 0].tolist() for each in passes] == [[245, 235, 225], [10, 20, 30]]


async def test_with_strokes_of_a_second_picture(place: Path, site_url: str) -> None:
    (place / "other.png").write_bytes(png(8, 6, (1, 2, 3)))
    status, _, [line] = await itten(place, site_url, "shade", "in.png", "other.png")
    assert status == 0
    assert line.startswith("itten: in-shaded.png: complete")
    assert unpacked((place / "in-shaded.png").read_bytes())[0, 0].tolist() == [1, 2, 3]


async def test_every_format(place: Path, site_url: str) -> None:
    for name in ("a.png", "a.webp", "a.jpg", "a.npz", "a.svg", "a.json"):
        field = ("field", "in.png", "-o", name, "--quiet")
        assert await itten(place, site_url, *field) == (0, b"", [])
    assert np.load(place / "a.npz")["vectors"].shape == (24, 32, 4)
    assert (place / "a.svg").read_bytes().startswith(b"<svg")
    document = json.loads((place / "a.json").read_bytes())
    assert (document["state"], "links" in document) == ("complete", False)
    assert unpacked((place / "a.webp").read_bytes()).shape == (24, 32, 3)


async def test_streams_in_and_out(place: Path, site_url: str) -> None:
    arguments = ("shade", "-", "-o", "-", "--quiet", "-p", "1")
    status, out, said = await itten(place, site_url, *arguments, given=png(40, 30))
    assert (status, said) == (0, [])
    assert unpacked(out).shape == (30, 40, 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in.png", "--deadline", "60"], "in.png: deadline_s: must be at most 10"),
        (["in.png", "-p", "17"], "passes: must be at most 16"),
        (["text.png"], "text.png: This is not an image"),
        (["in.png", "text.png"], "text.png: This is not an image"),
        (["in.png", "-o", "in.png"], "--overwrite"),
        (["missing.png"], "missing.png: No such file"),
    ],
)
async def test_what_the_caller_can_mend_is_one_line_and_status_2(
    place: Path, site_url: str, arguments: list[str], said: str
) -> None:
    (place / "text.png").write_text("no picture")
    status, out, [line] = await itten(place, site_url, "shade", *arguments)
    assert (status, out) == (2, b"")
    assert line.startswith("itten: ")
    assert said in line
    assert sorted(os.listdir(place)) == ["in.png", "text.png"]


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("http://127.0.0.1:1", 1, "http://127.0.0.1:1 does not answer"),
        ("127.0.0.1:8000", 2, "is not an address"),
    ],
)
async def test_nobody_there_is_one_line(place: Path, url: str, status: int, said: str) -> None:
    found, _, [line] = await itten(place, url, "shade", "in.png")
    assert found == status
    assert line.startswith("itten: ")
    assert said in line
    assert "in.png" not in line  # with which nothing is wrong


async def test_a_failure_there_is_status_1(place: Path) -> None:
    async with house("failing") as service:
        status, _, [line] = await itten(place, _url(service), "shade", "in.png")
    assert status == 1
    assert line.startswith("itten: in.png: The computation failed")
    assert os.listdir(place) == ["in.png"]


async def test_a_partial_picture_is_one(place: Path) -> None:
    async with house("slow") as service:
        service.hold(6)
        status, _, [line] = await itten(
            place, _url(service), "shade", "in.png", "-p", "16", "--deadline", "4"
        )
    assert status == 0
    assert line.startswith("itten: in.png: partial: ")
    assert unpacked((place / "in-shaded.png").read_bytes()).shape == (24, 32, 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_cancels_the_job_there(place: Path, number: signal.Signals) -> None:
    async with house("slow") as service:
        service.hold()
        process = await _started(place, service)
        process.send_signal(number)
        assert await process.wait() == 128 + number
        await service.wait_idle()
        [job] = await service.desk.newest()
        assert job.state == "cancelled"
    assert os.listdir(place) == ["in.png"]


async def test_a_job_that_somebody_else_cancels_is_status_1(place: Path) -> None:
    async with house("slow") as service:
        service.hold()
        process = await _started(place, service)
        [job] = await service.desk.newest()
        await service.client.delete(f"/jobs/{job.id}")
        assert await process.wait() == 1
        assert process.stderr is not None
        assert b"cancelled" in await process.stderr.receive_some()


async def test_passes_that_cannot_be_written_cancel_the_job(place: Path) -> None:
    async with house("slow") as service:
        service.hold()
        process = await _started(place, service, "--save-passes", "/proc/nowhere")
        service.let_go()
        assert await process.wait() == 1
        await service.wait_idle()
        [job] = await service.desk.newest()
        assert job.state == "cancelled"


async def _started(place: Path, service: House, *arguments: str) -> trio.Process:
    """A command whose job runs."""
    process = await trio.lowlevel.open_process(
        command("shade", "in.png", "-p", "16", "--url", _url(service), *arguments),
        cwd=place,
        env=surroundings(),
        stderr=subprocess.PIPE,
    )
    with trio.fail_after(PATIENCE_S):
        while not any(live.record.state == JobState.RUNNING for live in service.desk.live.values()):
            await trio.sleep(0.01)
    return process


def _url(service: House) -> str:
    return f"http://127.0.0.1:{service.port}"


# --- a service that is busy: asked again, while there is time --------------------------------


def test_a_busy_service_is_asked_again_as_it_says(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = _Busy(times=2)
    assert _run(place, service, []).state == "complete"
    assert service.asked_at == [0, 7, 14]
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["itten: All places are taken. Trying again in 7 s."] * 2


@pytest.mark.parametrize(("given", "until"), [([], BUSY_S), (["--deadline", "8"], 8)])
def test_but_not_forever(place: Path, given: list[str], until: float) -> None:
    service = _Busy(times=1000)
    with pytest.raises(ServiceError, match="All places are taken"):
        _run(place, service, given)
    assert until - 7 < service.asked_at[-1] <= until


def test_cancelled_while_it_is_sent_the_job_is_cancelled_too(place: Path) -> None:
    """The service has it by then, and its answer with the job's name is still on the way."""
    calls: list[str] = []

    async def service(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        if request.method == "DELETE":
            return httpx.Response(204)
        await trio.sleep(1)
        job = Job(id="job-12345678", kind="shade", created=0.0, deadline_s=10.0)
        return httpx.Response(202, json=job.document())

    with pytest.raises(trio.TooSlowError):
        _run(place, service, [], fail_after=0.5)
    assert calls == ["PUT", "GET", "DELETE"]


def test_a_service_that_does_not_answer_is_not_waited_for_when_cancelled(place: Path) -> None:
    calls: list[str] = []

    async def service(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        await trio.sleep_forever()
        raise AssertionError

    with pytest.raises(trio.TooSlowError):
        _run(place, service, [], fail_after=0.5)
    assert calls == ["PUT", "GET"]


class _Busy:
    """Full so many times, then done at once."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked_at: list[float] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        job = Job(id="job-12345678", kind="shade", created=0.0, deadline_s=10.0)
        if request.method == "GET":
            job.state = JobState.COMPLETE
            return httpx.Response(200, json=job.document())
        self.asked_at.append(round(trio.current_time()))
        if len(self.asked_at) > self.times:
            return httpx.Response(202, json=job.document())
        problem = {"type": "/problems/busy", "status": 503, "detail": "All places are taken."}
        return httpx.Response(503, json=problem, headers={"Retry-After": "7"})


def _run(place: Path, service: Any, given: list[str], fail_after: float = 1000.0) -> JobDocument:
    options = parse_options("shade", [str(place / "in.png"), "-o", str(place / "out.png"), *given])
    task = read_task("shade", options, 1 << 20)

    async def main() -> JobDocument:
        transport = httpx.MockTransport(service)
        bar = Bar("in.png", quiet=False, stream=io.StringIO())
        async with httpx.AsyncClient(base_url="http://service", transport=transport) as http:
            itten = AsyncItten.over(AsyncWire(http), patience_s=patience_s(task))
            work = RemoteWork(itten, task)
            with trio.fail_after(fail_after):
                return await work.run(Watcher(work, bar, None))

    return trio.run(main, clock=trio.testing.MockClock(0.0, autojump_threshold=0))
