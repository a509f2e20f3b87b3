"""Somebody who does what a page says, command by command, beside two pictures."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from PIL import Image
from skimage import data

from benchmarks.drawings import DRAWINGS
from tests.docs.pages import ROOT, Block, commands, settings, words
from tests.e2e.served import served

SIDE = 320  # pixels, the longer side of the photograph
PATIENCE_S = 300.0  # for one block, on a busy machine
_CURL = "fail-with-body\nno-progress-meter\nmax-time = 120\n"
_STRICT = "set -euo pipefail\n"
_HOSTS = ("localhost:8000", "127.0.0.1:8000")


class Reader:
    """Follows blocks in a folder of its own, which must be the current one."""

    def __init__(self, folder: Path, url: str) -> None:
        """Lay out the pictures; `url` is that of a service that is ready."""
        self.folder, self._url = folder, url
        photograph = Image.fromarray(data.coffee())
        photograph.thumbnail((SIDE, SIDE))
        photograph.save(folder / "photo.png")
        DRAWINGS["potato"]().resize((SIDE, SIDE)).save(folder / "drawing.png")
        (folder / ".curlrc").write_text(_CURL)
        (folder / ".venv").symlink_to(sys.prefix)

    def follow(self, block: Block) -> None:
        """Do what a block says; whatever goes wrong is an AssertionError."""
        if block.language == "sh":
            with ExitStack() as until_the_end:
                self._shell(block.text, until_the_end)
        elif block.language == "python":
            self._run([sys.executable, "-c", self._here(block.text, self._url)])
        elif block.language == "ini":
            ConfigParser(strict=False).read_string(block.text)
        elif block.language != "text":
            raise AssertionError(f"nothing can try {block.language or 'a block of no language'}")

    def _shell(self, text: str, until_the_end: ExitStack) -> None:
        """`itten serve` serves until the block ends; `make` is asked what it would do."""
        script, url = "", self._url
        for command in commands(text):
            first, *more = [*words(command), ""]
            if first == "make":
                self._run([*shlex.split(command, comments=True), "-n"], cwd=ROOT)
            elif command.endswith("&"):
                self._bash(script, url)
                until_the_end.enter_context(self._beside(command.removesuffix("&")))
                script = ""
            elif first.endswith("/itten") and more == ["serve", ""]:
                self._bash(script, url)
                place = served(
                    self.folder / "data", "--device", "cpu", **settings(command, self.folder)
                )
                service = until_the_end.enter_context(place)
                service.wait_ready()
                script, url = "", service.url
            else:
                script += f"{command}\n"
        self._bash(script, url)

    def _bash(self, script: str, url: str) -> None:
        if script:
            self._run(["bash", "-c", _STRICT + self._here(script, url)])

    @contextmanager
    def _beside(self, command: str) -> Iterator[None]:
        """A command that goes on until the block ends."""
        with subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=self.folder) as process:
            yield
            process.terminate()

    def _here(self, text: str, url: str) -> str:
        """The same, about the service of the test, and as patient with it as its deadlines are."""
        for host in _HOSTS:
            text = text.replace(host, httpx.URL(url).netloc.decode())
        return text.replace("Prefer: wait=10", "Prefer: wait=60")

    def _run(self, command: list[str], cwd: Path | None = None) -> None:
        made = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=os.environ | {"CURL_HOME": str(self.folder), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert made.returncode == 0, f"{command[-1]}\n{made.stdout[-2000:]}\n{made.stderr[-2000:]}"
