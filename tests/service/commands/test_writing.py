"""Files that are whole, and that replace no other unasked."""

import os
import stat
import threading
from pathlib import Path

import pytest

from service.commands import writing
from service.commands.writing import CommandError, refuse_existing, write_file


def write(path: Path, data: bytes | Path, *, overwrite: bool = False) -> None:
    write_file(path, data, overwrite=overwrite, option="-o")


def test_a_file_that_exists_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"before")
    with pytest.raises(CommandError, match=r"out\.png: exists; say --overwrite, .* with -o"):
        write(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["out.png"]


def test_of_two_writers_at_once_one_is_refused(tmp_path: Path) -> None:
    path, start, refused = tmp_path / "out.png", threading.Barrier(8), []

    def run(number: int) -> None:
        start.wait()
        try:
            write(path, bytes([number]) * 100_000)
        except CommandError:
            refused.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = path.read_bytes()
    assert len(refused) == 7
    assert data == data[:1] * 100_000
    assert data[0] not in refused
    assert os.listdir(tmp_path) == ["out.png"]


def test_the_same_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*paths: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(writing.os, "link", no_links)
    path = tmp_path / "out.png"
    write(path, b"first")
    with pytest.raises(CommandError, match="exists"):
        write(path, b"second")
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["out.png"]


def test_told_to_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path, link = tmp_path / "out.png", tmp_path / "link.png"
    path.write_bytes(b"before")
    path.chmod(0o600)
    link.symlink_to(path)
    write(link, b"after", overwrite=True)
    assert link.is_symlink()
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.png", "out.png"]


def test_a_new_file_has_the_mode_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    write(tmp_path / "out.png", b"new")
    assert (tmp_path / "out.png").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert (tmp_path / "out.png").stat().st_nlink == 1


def test_a_file_is_copied_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "field.npz").write_bytes(b"arrays")
    write(tmp_path / "out.npz", tmp_path / "field.npz")
    assert (tmp_path / "out.npz").read_bytes() == b"arrays"


def test_a_device_is_written_to_and_stays_one() -> None:
    refuse_existing(Path("/dev/null"), "-o")
    write(Path("/dev/null"), b"away")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_link_to_nothing_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "out.png"
    link.symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(CommandError, match="exists"):
        refuse_existing(link, "-o")
    with pytest.raises(CommandError, match="exists"):
        write(link, b"data")
    assert os.listdir(tmp_path) == ["out.png"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    for overwrite in (False, True):
        with pytest.raises(OSError, match="field"):
            write(tmp_path / "out.npz", tmp_path / "no field", overwrite=overwrite)
    assert os.listdir(tmp_path) == []
