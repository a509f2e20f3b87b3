"""What a command that computes on this machine writes besides its progress."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
import trio
from structlog.testing import capture_logs

from service.commands.local import local_settings
from service.parts import open_parts
from service.settings import Settings
from worker import job_turns
from worker.job_turns import JobTurns
from worker.tally import Tally

HANGS_S = 60  # a guard
TELLS = """
import json, os, sys, time
with open(sys.argv[1] + ".new", "w") as file:
    json.dump({name: os.environ[name] for name in ("ITTEN_LOG_LEVEL", "ITTEN_LOG_FORMAT")}, file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(1000)
"""


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("wanted", "level"), [(None, "warning"), ("debug", "debug"), ("error", "error")]
)
def test_a_command_is_quiet_unless_it_is_asked_to_speak(
    wanted: str | None, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ITTEN_LOG_LEVEL", raising=False)
    if wanted:
        monkeypatch.setenv("ITTEN_LOG_LEVEL", wanted)
    assert local_settings(None).log_level == level


async def test_its_worker_is_as_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITTEN_LOG_LEVEL", "info")
    told = tmp_path / "told"
    command = [sys.executable, "-c", TELLS, str(told)]
    settings = replace(Settings(), data=tmp_path / "data", log_level="warning", log_format="json")
    with trio.fail_after(HANGS_S):
        async with open_parts(settings, command):
            while not told.exists():
                await trio.sleep(0.01)
    assert json.loads(told.read_text()) == {
        "ITTEN_LOG_LEVEL": "warning",
        "ITTEN_LOG_FORMAT": "json",
    }


class Device:
    """Calls at once."""

    async def call(self, call: Callable[[], object], _jobs: object) -> object:
        return call()


async def test_a_turn_that_took_long_is_told_to_operators_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_turns, "SLOW_S", -1.0)
    unused: Any = SimpleNamespace()
    device: Any = Device()
    turns = JobTurns(device, unused, unused, Tally())
    with capture_logs() as logs:
        assert await turns.batch([], lambda: 7) == 7
    [line] = logs
    assert (line["event"], line["log_level"]) == ("a turn took long", "info")
