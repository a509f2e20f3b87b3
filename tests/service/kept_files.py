"""The files of a service under test, as they lie on its disk."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path


def names_of(data: Path, job: str) -> set[str]:
    """The names of the files that a job has."""
    return {name for name, _ in _rows(data, job)}


def file_of(data: Path, job: str, name: str) -> Path:
    """Where a file of a job lies."""
    return data / "content" / dict(_rows(data, job))[name]


def forget(data: Path, job: str, name: str) -> None:
    """Take a file from a job, as if it had never been kept."""
    with closing(sqlite3.connect(data / "itten.sqlite3")) as db, db:
        db.execute("DELETE FROM files WHERE job = ? AND name = ?", (job, name))


def swap(data: Path, job: str, name: str, other: str) -> None:
    """Give a job another one's file of the same name."""
    query = "UPDATE files SET digest = ? WHERE job = ? AND name = ?"
    with closing(sqlite3.connect(data / "itten.sqlite3")) as db, db:
        db.execute(query, (file_of(data, other, name).name, job, name))


def somebody_has(name: str, below: Path, pattern: str) -> bool:
    """Whether a job has such a file, in any data directory that may be there by now."""
    for path in below.glob(f"{pattern}/itten.sqlite3"):
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as db:  # no tables
            if db.execute("SELECT 1 FROM files WHERE name = ?", (name,)).fetchone():
                return True
    return False


def on_disk(data: Path) -> set[Path]:
    """All files that are kept, and what is left of some that are not."""
    return {each for each in (*data.glob("content/*"), *data.glob("parts/**/*")) if each.is_file()}


def damage(path: Path) -> None:
    """Turn one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _rows(data: Path, job: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(data / "itten.sqlite3")) as db:
        return db.execute("SELECT name, digest FROM files WHERE job = ?", (job,)).fetchall()
