"""Many requests at once, each answered for by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import httpx
import trio

from service.problems import MEDIA_TYPE
from tests.hostile.besieged import Besieged

AT_ONCE = 4
HANGS_S = 60.0  # for an answer; a decoder may take 10 s over a file, and others wait for it
BUSY = (503, 507)  # may be said to anybody


@dataclass(frozen=True)
class Upload:
    """A request; `name` says what is wrong with it."""

    name: str
    body: bytes
    path: str = "/shade?passes=1"
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


async def attack(fort: Besieged, uploads: Iterable[Upload]) -> dict[int, int]:
    """Send them all, some at a time; how often each status was answered."""
    seen: dict[int, int] = {}
    waiting = iter(uploads)

    async def client() -> None:
        async with httpx.AsyncClient(base_url=fort.url, timeout=HANGS_S) as http:
            for upload in waiting:
                answer = await http.request(
                    upload.method, upload.path, content=upload.body, headers=upload.headers
                )
                assert_answered(upload, answer)
                seen[answer.status_code] = seen.get(answer.status_code, 0) + 1

    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(client)
    return seen


def assert_answered(upload: Upload, answer: httpx.Response) -> None:
    """With a picture or a document, or with a problem that is not ours."""
    status, kind = answer.status_code, answer.headers.get("content-type")
    assert status < 500 or status in BUSY, (upload.name, answer.text)
    if status >= 400:
        assert kind == MEDIA_TYPE, (upload.name, status, kind)
        assert answer.json()["detail"], upload.name
