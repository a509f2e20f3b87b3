"""One `itten serve` for all end-to-end tests, with the real worker."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.e2e.served import PATIENCE_S, PATIENT, Served, served, standing_worker


@pytest.fixture(scope="session")
def itten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The session's service, patient: what has no deadline of its own ends as complete."""
    with served(tmp_path_factory.mktemp("data"), "--device", "cpu", **PATIENT) as service:
        yield service


@pytest.fixture
async def client(itten: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the session's service, whose worker is warm."""
    itten.wait_ready()
    async with httpx.AsyncClient(base_url=itten.url, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service whose worker may be killed: for one module, and as patient."""
    with served(tmp_path_factory.mktemp("data"), "--device", "cpu", **PATIENT) as service:
        service.wait_ready()
        yield service


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a slow, cheap worker."""
    with standing_worker("slow", tmp_path_factory.mktemp("worker")) as address:
        yield address
