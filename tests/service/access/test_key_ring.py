import os
from pathlib import Path

import pytest
import structlog

from service.access import key_ring
from service.access.key_ring import KeyRing
from service.access.keys import new_key


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "LOOK_S", 0.0)


async def test_a_key_is_added_and_another_taken_away_without_a_restart(tmp_path: Path):
    path = tmp_path / "keys"
    old, old_key = new_key("alice", ("read",))
    new, key = new_key("alice", ("read", "submit"))
    path.write_text(f"{old_key.line()}\n")
    ring = KeyRing(path)
    assert await ring.find(old) == old_key
    assert await ring.find(new) is None
    path.write_text(f"{old_key.line()}\n{key.line()}\n")
    assert await ring.find(new) == key
    assert await ring.has(old_key)
    other = tmp_path / "other"
    other.write_text(f"{key.line()}\n")
    other.replace(path)
    assert await ring.find(old) is None
    assert not await ring.has(old_key)
    assert await ring.find(new) == key


@pytest.mark.parametrize("change", ["break", "empty", "remove", "hide"])
async def test_a_file_that_cannot_be_used_leaves_the_keys_and_is_told_once(
    tmp_path: Path, change: str
):
    path = tmp_path / "keys"
    text, key = new_key("alice", ("read",))
    path.write_text(key.line())
    ring = KeyRing(path)
    if change in ("remove", "hide"):
        path.unlink()
    if change == "hide":
        path.mkdir()
    if change in ("break", "empty"):
        path.write_text("alice read" if change == "break" else "")
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert await ring.find(text) == key
    [line] = logs
    assert line["log_level"] == "error"
    assert "cannot be used" in line["event"]


async def test_the_file_is_looked_at_once_a_second_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(key_ring, "LOOK_S", 60.0)
    path = tmp_path / "keys"
    text, key = new_key("alice", ("read",))
    path.write_text(key.line())
    ring = KeyRing(path)
    assert await ring.find(text) == key
    os.truncate(path, 0)
    with structlog.testing.capture_logs() as logs:
        assert await ring.find(text) == key
    assert logs == []
