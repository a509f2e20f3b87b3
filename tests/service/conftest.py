"""One service for all tests that need nothing special of it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.service.house import PATIENCE_S


@pytest.fixture(scope="session")
def site_url() -> Iterator[str]:
    """Where the session's service is."""
    command = [sys.executable, "-m", "tests.service.house"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


@pytest.fixture
async def site(site_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the session's service."""
    async with httpx.AsyncClient(base_url=site_url, timeout=PATIENCE_S) as client:
        yield client
