"""The command line, as processes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.access.keys import find, parse_keys
from service.cli import main


def itten(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={"PATH": "/usr/bin:/bin"} | env
    )


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["--port", "70000"], {}, "ITTEN_PORT"),
        ([], {"ITTEN_MAX_QUEUE": "none"}, "ITTEN_MAX_QUEUE"),
        (["--device", "gpu"], {}, "ITTEN_DEVICE"),
        ([], {"ITTEN_API_KEYS_FILE": "/nonexistent/keys"}, "ITTEN_API_KEYS_FILE"),
    ],
)
def test_a_wrong_setting_is_one_line_and_status_2(
    arguments: list[str], env: dict[str, str], said: str
):
    ended = itten("serve", *arguments, **env)
    assert ended.returncode == 2
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("itten: ")
    assert said in line


def test_a_data_directory_that_cannot_be_is_one_line_and_status_2(tmp_path: Path):
    (tmp_path / "file").write_text("")
    ended = itten("serve", "--port", "0", ITTEN_DATA=str(tmp_path / "file"))
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "ITTEN_DATA" in line


def test_settings_are_shown_and_can_be_read_again():
    shown = itten("serve", "--show-settings", "--port", "8123", ITTEN_KEEP_HOURS="2")
    assert shown.returncode == 0
    lines = [line for line in shown.stdout.splitlines() if not line.startswith("#")]
    assert "ITTEN_PORT=8123" in lines
    env = dict(line.split("=", 1) for line in lines)
    assert itten("serve", "--show-settings", **env).stdout == shown.stdout


def test_a_new_key_is_said_once_and_its_line_can_go_into_the_file(tmp_path: Path):
    ended = itten("key", "new", "alice", "--scopes", "read,admin")
    assert ended.returncode == 0
    assert re.fullmatch(r"alice read,admin sha256:[0-9a-f]{64}\n", ended.stdout)
    [key] = re.findall(r"itten_[A-Za-z0-9_-]{43}", ended.stderr)
    assert find(parse_keys(ended.stdout), key) is not None
    for wrong in (["key"], ["key", "new"], ["key", "new", "A b"]):
        ended = itten(*wrong)
        assert (ended.returncode, ended.stdout) == (2, "")
    assert "scopes are some of" in itten("key", "new", "a", "--scopes", "all").stderr


def test_health_of_nothing_is_status_1():
    ended = itten("health", "--url", "http://127.0.0.1:1")
    assert ended.returncode == 1
    assert "does not answer" in ended.stderr


def test_health_of_a_service_is_status_0(site_url: str, capsys: pytest.CaptureFixture[str]):
    assert main(["health", "--url", site_url]) == 0
    assert "ready" in capsys.readouterr().out


def test_the_worker_has_a_command_line_of_its_own():
    ended = itten("worker", "--help")
    assert ended.returncode == 0
    assert "--listen" in ended.stdout


def test_the_service_leaves_torch_and_the_worker_alone():
    code = (
        "import sys, service.cli, service.app, service.running;"
        "print([m for m in sys.modules if m == 'torch' or m.startswith('worker.')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    loaded = {name for name in eval(ended.stdout) if not name.startswith("worker.wire.jobs")}
    assert loaded <= {
        "worker.graphs",
        "worker.graphs.generator_params",  # their ranges are part of the API
        "worker.refusals",  # the words for a value that is none of its type
        "worker.wire",
        "worker.wire.address",
        "worker.wire.channel",
        "worker.wire.config",
        "worker.wire.explained",
        "worker.wire.framing",
        "worker.wire.logs",
        "worker.wire.messages",
        "worker.wire.params",
        "worker.wire.phases",
    }


@pytest.mark.parametrize("command", ["shade", "field"])
def test_ctrl_c_while_a_command_is_starting_is_no_traceback(
    command: str, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("service.commands.running.main", interrupted)
    assert main([command, "a.png"]) == 130
