"""One service for all attacks: what the first has broken, the next ones find."""

from collections.abc import Iterator

import pytest

from tests.hostile.besieged import Besieged, besieged


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """The session's service."""
    with besieged(tmp_path_factory.mktemp("fort")) as service:
        yield service


@pytest.fixture
def fort(standing: Besieged) -> Iterator[Besieged]:
    """The same; it must be well after each test."""
    yield standing
    standing.assert_well()
