"""Fixtures for every test."""

import pytest

from worker.runtime import prepare_libraries

prepare_libraries()  # tests share the cores with the processes they start


@pytest.fixture
def anyio_backend() -> str:
    """The whole system runs on trio, and so do its tests."""
    return "trio"
