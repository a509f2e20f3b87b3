"""Fixtures for every test."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The whole system runs on trio, and so do its tests."""
    return "trio"
