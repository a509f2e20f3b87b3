"""One service for all pages, and a folder of its own for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.reader import Reader
from tests.e2e.served import Served, served


@pytest.fixture(scope="package")
def itten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service whose worker is warm; who asks for no deadline gets what a busy machine takes."""
    data = tmp_path_factory.mktemp("data")
    with served(data, "--device", "cpu", ITTEN_MAX_DEADLINE_S="60") as service:
        service.wait_ready()
        yield service


@pytest.fixture
def reader(itten: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Somebody with two pictures."""
    if shutil.which("curl") is None:
        pytest.skip("no curl")
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path, itten.url)
