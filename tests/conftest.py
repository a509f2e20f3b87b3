"""Fixtures for every test."""

import pytest

from worker.runtime import prepare_libraries

prepare_libraries()  # tests share the cores with the processes they start

LONG = (
    "tests/e2e/test_commands.py",
    "tests/e2e/test_disk.py",
    "tests/e2e/test_drawing.py",
    "tests/e2e/test_many.py",
    "tests/e2e/test_observed.py",
    "tests/e2e/test_recovery.py",
    "tests/e2e/test_resume.py",
    "tests/e2e/test_shutdown.py",
    "tests/e2e/test_two_services.py",
    "tests/service/commands/test_remote.py",
    "tests/service/commands/test_resume.py",
    "tests/service/commands/test_running.py",
)
"""What takes ten seconds and more, each starting many processes: `make test-all` has them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is left to `make test-all`."""
    for item in items:
        if item.nodeid.startswith(LONG):
            item.add_marker(pytest.mark.long)


@pytest.fixture
def anyio_backend() -> str:
    """The whole system runs on trio, and so do its tests."""
    return "trio"
