"""The database of the store: from version to version, damaged, and used by two processes."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from service.jobs import database
from service.jobs.array_files import pack
from service.jobs.content import Content
from service.jobs.job_files import ARRAYS
from service.jobs.jobs import Job, JobState
from service.jobs.store import Store, StoreError
from tests.service.kept_files import names_of, on_disk

KEY = b"itten 0.1.0 " + 64 * b"0"
INPUT = b"ITPX" + b"\2\0\0\0\1\0\0\0\3\0\0\0" + b"abcdef"
VERSION_1 = """
CREATE TABLE jobs (id TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL,
    ended INTEGER NOT NULL, bytes INTEGER NOT NULL DEFAULT 0, record BLOB NOT NULL);
CREATE INDEX jobs_by_age ON jobs (created);
CREATE TABLE gone (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
INSERT INTO gone (id) VALUES ('long-gone');
PRAGMA user_version = 1;
"""


def opened(directory: Path) -> Store:
    return Store(directory, keep_s=1e9, keep_bytes=1e9)


def of_version_1(directory: Path) -> None:
    """What a service of that version left: two jobs of one input, one of them cut off."""
    with closing(sqlite3.connect(directory / "itten.sqlite3")) as db:
        db.executescript(VERSION_1)
        for name, state in (("whole-job", JobState.COMPLETE), ("cut-off-job", JobState.RUNNING)):
            job = Job(id=name, kind="shade", created=1.0, deadline_s=10, state=state)
            row = (job.id, "", 1.0, state.ended, 22, msgspec.json.encode(job))
            db.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?)", row)
        db.commit()
    for job_id in ("whole-job", "cut-off-job"):
        root = directory / "jobs" / job_id
        (root / "field").mkdir(parents=True)
        (root / "work.part").mkdir()
        (root / "work.part" / "half.npy").write_bytes(b"half")
        (root / "pass-1.px.0123.tmp").write_bytes(b"half")
        (root / "input.px").write_bytes(INPUT)
        for name in ARRAYS:
            np.save(root / "field" / f"{name}.npy", np.arange(3.0))
        pack({"theta.npy": root / "field" / "theta.npy"}, root / "work.npz", KEY)


def assert_all_there(store: Store, directory: Path) -> None:
    assert store.find("whole-job").state is JobState.COMPLETE
    assert store.find("cut-off-job").state is JobState.PARTIAL
    for job in ("whole-job", "cut-off-job"):
        picture = store.get_pixels(job, "input")
        assert picture is not None
        assert bytes(picture.pixels) == b"abcdef"
        path = store.field_npz(job)
        assert path is not None
        with np.load(path) as npz:
            assert set(npz.files) == set(ARRAYS)
        assert store.get_work(job, KEY)
    assert not (directory / "jobs").exists()
    assert len(on_disk(directory)) == 3  # an input, a field, what was left to go on from


def test_a_store_of_version_1_is_brought_along(tmp_path: Path) -> None:
    of_version_1(tmp_path)
    with closing(opened(tmp_path)) as store:
        assert names_of(tmp_path, "whole-job") == {
            *(f"field/{name}.npy" for name in ARRAYS),
            "input.px",
            "work.npz",
        }
        assert_all_there(store, tmp_path)
    with closing(opened(tmp_path)) as store:
        assert_all_there(store, tmp_path)


def test_what_a_migration_was_cut_off_in_it_finds_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_version_1(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Content, "link", fails_after(5, Content.link))
        with pytest.raises(StoreError, match=r"No space left on device.*set ITTEN_DATA"):
            opened(tmp_path)
    with closing(opened(tmp_path)) as store:
        assert_all_there(store, tmp_path)


def fails_after(calls: int, link: object) -> object:
    left = iter(range(calls))

    def full(*arguments: object) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        link(*arguments)  # type: ignore[operator]

    return full


def test_a_version_that_others_still_use_is_left_alone(tmp_path: Path) -> None:
    of_version_1(tmp_path)
    with pytest.raises(sqlite3.DatabaseError, match="stop it first"):
        database.Database(tmp_path, alone=False)
    with closing(opened(tmp_path)) as store:
        assert_all_there(store, tmp_path)


def test_newer_records_are_told(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "itten.sqlite3")) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"newer version.*move it away or set ITTEN_DATA"):
        opened(tmp_path)


@pytest.mark.parametrize("where", ["first page", "later page", "cut", "no database"])
def test_damaged_records_are_told(tmp_path: Path, where: str) -> None:
    with closing(opened(tmp_path)) as store:
        for number in range(100):
            store.add(Job(id=f"a-job-{number:04}", kind="shade", created=1.0, deadline_s=10))
    path = tmp_path / "itten.sqlite3"
    data = bytearray(path.read_bytes())
    if where == "no database":
        data = bytearray(b"no database" * 1000)
    elif where == "cut":
        data = data[: len(data) // 2]
    else:
        page = 0 if where == "first page" else 4096
        data[page + 100 : page + 120] = bytes(range(100, 120))
        data[page : page + 8] = b"damaged!"
    path.write_bytes(data)
    with pytest.raises(StoreError, match="move it away or set ITTEN_DATA"):
        opened(tmp_path)
