"""A service that asks for a key, and the commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from service.access.keys import new_key
from service.client import AsyncItten, ClientError, Itten
from tests.service.house import house, png


async def shade(place: Path, url: str, *arguments: str, key: str = "") -> tuple[int, str]:
    """Exit status and standard error."""
    command = [sys.executable, "-m", "service", "shade", "in.png", "--url", url, "--overwrite"]
    ended = await trio.run_process(
        [*command, *arguments],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        cwd=place,
        env=os.environ | {"PYTHONPATH": os.getcwd(), "ITTEN_KEY": key},
    )
    return ended.returncode, ended.stderr.decode()


async def test_the_key_comes_from_the_environment_or_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(png())
    text, key = new_key("alice", ("submit", "read"))
    (tmp_path / "keys").write_text(key.line())
    async with house(api_keys_file=tmp_path / "keys") as service:
        url = f"http://127.0.0.1:{service.port}"
        assert (await shade(tmp_path, url, "--key", text, key="other"))[0] == 0
        assert (await shade(tmp_path, url, key=f"{text}\n"))[0] == 0
        status, lines = await shade(tmp_path, url)
        assert status == 2
        assert "asks for a key" in lines
        assert len(lines.splitlines()) == 1


def test_a_key_without_a_service_is_one_line() -> None:
    command = [sys.executable, "-m", "service", "shade", "in.png", "--key", "x"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert "--url" in ended.stderr


@pytest.mark.parametrize("client", [Itten, AsyncItten])
def test_a_client_with_what_is_no_key_is_refused(client: type[Itten] | type[AsyncItten]) -> None:
    with pytest.raises(ClientError, match="does not look like one") as error:
        client("http://127.0.0.1:1", "a\nb")
    assert "a\nb" not in str(error.value)
