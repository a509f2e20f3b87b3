"""Where few files may be open: connections leave some to the work, and nobody gets a 500."""

import errno
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import structlog

from service.http.limits import Limits, within
from service.jobs.store import Store
from service.logs import configure_logs
from service.problems import Busy
from service.settings import Settings
from tests.service.house import assert_problem, house, png
from tests.service.jobs.stores import PICTURE, a_job, opened

RAISING = """
import resource, sys
from service.open_files import raise_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
_OUT_OF_FILES = OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize(
    ("soft", "hard", "found"), [(64, 64, "64 64"), (64, 100, "100 100"), (64, 5000, "4096 4096")]
)
def test_as_many_as_the_system_lets_it_have(soft: int, hard: int, found: str):
    command = [sys.executable, "-c", RAISING, str(soft), str(hard)]
    assert subprocess.check_output(command, text=True).strip() == found


def test_half_of_the_files_are_for_the_work():
    assert within(4096) == within(1024) == Limits()
    assert (within(64).connections, within(64).connections_each) == (32, 24)


def test_a_store_that_may_open_no_more_files_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kept: Store = opened(tmp_path)
    job = a_job()
    kept.add(job, {"input": PICTURE})

    def refuse(*_: object, **__: object) -> None:
        raise _OUT_OF_FILES

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.open", refuse)
        patched.setattr("pathlib.Path.read_bytes", refuse)
        for use in (
            lambda: kept.add(a_job(), {"input": PICTURE}),
            lambda: kept.put_pixels_of([job.id], "result", PICTURE),
            lambda: kept.get_pixels(job.id, "input"),
        ):
            with pytest.raises(Busy, match="as many files open as it may"):
                use()
    assert kept.get_pixels(job.id, "input") == PICTURE
    kept.close()


@pytest.mark.long
async def test_a_request_that_finds_no_file_left_is_to_come_again(monkeypatch: pytest.MonkeyPatch):
    async with house() as service:
        path = await service.start(png(), passes=1)
        await service.wait_idle()

        def refuse(*_: object) -> None:
            raise _OUT_OF_FILES

        monkeypatch.setattr(service.desk.prices, "encode", refuse)
        answer: httpx.Response = await service.client.get(f"{path}/image")
        assert_problem(answer, 503, "busy")
        assert answer.headers["retry-after"] == "1"


def test_connections_that_cannot_be_taken_are_one_line_and_no_traceback(
    capsys: pytest.CaptureFixture[str],
):
    configure_logs(Settings(log_format="json"))
    try:
        for _ in range(3):
            try:
                raise _OUT_OF_FILES
            except OSError:
                logging.getLogger("trio.serve_listeners").exception("accept returned EMFILE")
    finally:
        structlog.reset_defaults()
    [line] = capsys.readouterr().err.splitlines()
    assert "Too many open files" in json.loads(line)["reason"]
