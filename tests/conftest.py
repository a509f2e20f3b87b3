"""Fixtures for every test."""

import os

import hypothesis
import pytest

from worker.runtime import prepare_libraries

prepare_libraries()  # tests share the cores with the processes they start
hypothesis.settings.register_profile(
    "itten",
    # How long an example takes, or the search for one, says nothing here.
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    # The same examples each time; `make hostile` looks for others.
    derandomize="ITTEN_HOSTILE" not in os.environ,
    database=None,
)
hypothesis.settings.load_profile("itten")


@pytest.fixture
def anyio_backend() -> str:
    """The whole system runs on trio, and so do its tests."""
    return "trio"
