"""What holds for every test of the worker."""

from collections.abc import Iterator

import pytest
import structlog
import torch
from structlog.dev import ConsoleRenderer, plain_traceback


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Random numbers are the same, whichever tests came before."""
    torch.manual_seed(1)


@pytest.fixture(autouse=True)
def _plain_tracebacks() -> Iterator[None]:
    """The coloured ones with all variables take half a second each, in the engine's only loop."""
    before = structlog.get_config()
    renderer = ConsoleRenderer(exception_formatter=plain_traceback)
    structlog.configure(processors=[*before["processors"][:-1], renderer])
    yield
    structlog.configure(**before)
