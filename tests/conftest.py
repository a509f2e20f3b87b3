"""Fixtures for every test."""

import hypothesis
import pytest

from worker.runtime import prepare_libraries

prepare_libraries()  # tests share the cores with the processes they start
hypothesis.settings.register_profile("itten", deadline=None)  # how long it takes says nothing here
hypothesis.settings.load_profile("itten")


@pytest.fixture
def anyio_backend() -> str:
    """The whole system runs on trio, and so do its tests."""
    return "trio"
