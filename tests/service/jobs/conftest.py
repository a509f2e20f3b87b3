"""A store for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.jobs.store import Store
from tests.service.jobs.stores import opened


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    it = opened(tmp_path)
    yield it
    it.close()
