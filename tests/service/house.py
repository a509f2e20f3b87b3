"""The whole service over a real socket, with a worker process that is cheap.

In this process where a test looks inside, or for all other tests together as a process of its own:
`python -m tests.service.house [MODE]` prints its URL, and ends with its stdin.
"""

import io
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import trio
from PIL import Image

from service.app import create_app
from service.http.serving import serve
from service.jobs.desk import Desk
from service.jobs.live_job import LiveJob
from service.logs import configure_logs
from service.parts import open_parts
from service.settings import Settings

FRIEND = "https://friend.example"  # its pages may call the session's house
PATIENCE_S = 60.0  # guards against a hang and nothing else
LONG = {"max_deadline_s": PATIENCE_S}  # for what must be complete, also on a busy machine


@dataclass
class House:
    """A service under test; `client` talks to it."""

    desk: Desk
    client: httpx.AsyncClient
    port: int
    held: Path

    def hold(self, tiles: int = 0) -> None:
        """Let jobs come to so many tiles and no further, until they are let go.

        So that what a test does while they run is done while they run, on any machine.
        """
        part = self.held.with_suffix(".part")
        part.write_text(str(tiles))
        part.replace(self.held)

    def let_go(self) -> None:
        """Let jobs come to their ends."""
        self.held.unlink()

    def live(self, path: str) -> LiveJob:
        """The job under way that has this path."""
        return self.desk.live[path.removeprefix("/jobs/")]

    async def shade(
        self, image: bytes, headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        return await shade(self.client, image, headers, **fields)

    async def start(self, image: bytes, **fields: Any) -> str:
        """The path of a job that was just accepted."""
        answer = await self.shade(image, {"Prefer": "respond-async"}, **fields)
        assert answer.status_code == 202, answer.text
        return answer.headers["location"]

    async def wait_live(self, count: int = 1) -> None:
        """Return once so many jobs are alive: accepted, on record, and not over."""
        with trio.fail_after(PATIENCE_S):
            while len(self.desk.live) < count:
                await trio.sleep(0.005)

    async def wait_idle(self) -> None:
        """Return once no job has a place, and none is alive."""
        with trio.fail_after(PATIENCE_S):  # a worker that does not obey is waited for
            while self.desk.live or self.desk.admission.places:
                await trio.sleep(0.005)


async def shade(
    client: httpx.AsyncClient, image: bytes, headers: dict[str, str] | None = None, **fields: Any
) -> httpx.Response:
    form = {name: str(value) for name, value in fields.items()}
    files = {"target": ("photo.png", image)}
    return await client.post("/shade", data=form, files=files, headers=headers)


@asynccontextmanager
async def house(mode: str = "quick", **settings: Any) -> AsyncIterator[House]:
    """A service in a temporary directory; it must end in good order."""
    with trio.fail_after(2 * PATIENCE_S):
        async with open_house(mode, **LONG | settings) as service:
            yield service


@asynccontextmanager
async def open_house(mode: str, **settings: Any) -> AsyncIterator[House]:
    with tempfile.TemporaryDirectory() as directory:
        held = Path(directory) / "held"
        command = [sys.executable, "-m", "tests.service.shade_worker", f"{mode}:{held}"]
        chosen = Settings(data=Path(directory), port=0, **settings)
        async with open_parts(chosen, command) as desk, _served(desk) as port:
            if mode != "unready":
                await desk.link.wait_ready()
            url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
                yield House(desk, client, port, held)


@asynccontextmanager
async def _served(desk: Desk) -> AsyncIterator[int]:
    shutdown = trio.Event()
    async with trio.open_nursery() as nursery:
        serving = partial(
            serve,
            create_app(desk),
            host="127.0.0.1",
            port=0,
            shutdown=shutdown,
            grace_s=0.2,
            max_body=desk.settings.max_body_bytes,
            trusted=desk.settings.trusted_proxies,
        )
        [url] = await nursery.start(serving)
        yield int(url.rsplit(":", 1)[1])
        shutdown.set()


def png(width: int = 32, height: int = 24, colour: tuple[int, ...] = (10, 20, 30)) -> bytes:
    mode = "RGBA" if len(colour) == 4 else "RGB"
    return packed(Image.new(mode, (width, height), colour))


def packed(image: Image.Image, as_format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, as_format, **options)
    return file.getvalue()


def unpacked(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def assert_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The answer is a whole problem+json of this kind; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"/problems/{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in answer.text
    return document


async def main() -> None:
    """Be the house of a test session, until the session is over."""
    asked = Settings.from_env()
    configure_logs(asked)
    async with open_house(
        sys.argv[1] if sys.argv[1:] else "quick",
        allowed_origins=(FRIEND,),
        log_format=asked.log_format,  # the worker's is that of these settings
        log_level=asked.log_level,
    ) as service:
        print(service.client.base_url, flush=True)
        await trio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    trio.run(main)
