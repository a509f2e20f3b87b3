"""Fixtures of these tests."""

from collections.abc import Iterator

import pytest
import torch

from worker.kinds import solving
from worker.kinds.sources import SOURCES


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, which wait for each other where cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps as short as can be: how many there are must not depend on the machine."""
    monkeypatch.setattr(solving, "QUANTUM_S", 0.0)
    monkeypatch.setattr(solving, "MOST_LANES", 1)


@pytest.fixture(autouse=True)
def _no_known_sources() -> None:
    """Each test begins with a worker that has seen nothing."""
    SOURCES.clear()
