"""Where a command reads and writes: names that say what, and files that are whole."""

import os
import stat
from pathlib import Path

import pytest

from service.commands.files import CommandError, output_format, read_input, write_output


@pytest.mark.parametrize(
    ("name", "chosen", "found"),
    [
        ("a.png", None, "png"),
        ("a.b.JPG", None, "jpg"),
        ("a.jpeg", None, "jpg"),
        ("a.webp", None, "webp"),
        ("a.svg", None, "svg"),
        ("a", None, "png"),
        ("a.png", "npz", "npz"),
        ("a.gif", "json", "json"),
        ("-", "json", "json"),
    ],
)
def test_the_ending_says_what_to_write(
    tmp_path: Path, name: str, chosen: str | None, found: str
) -> None:
    output = name if name == "-" else str(tmp_path / name)
    assert output_format("field", output, chosen) == found


@pytest.mark.parametrize("name", ["a.gif", "no/a.png", ".", "file/a.png"])
def test_a_place_that_cannot_be_written_is_named_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CommandError, match=str(tmp_path)):
        output_format("field", str(tmp_path / name), None)


def test_a_shading_has_no_arrays_and_no_lines(tmp_path: Path) -> None:
    for ending in ("npz", "svg"):
        with pytest.raises(CommandError):
            output_format("shade", str(tmp_path / f"a.{ending}"), None)


def test_input_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    path.write_bytes(b"12345")
    assert read_input(str(path), 5) == b"12345"
    with pytest.raises(CommandError, match="ITTEN_MAX_BODY_MB"):
        read_input(str(path), 4)


@pytest.mark.parametrize("name", ["missing.png", "."])
def test_input_that_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=str(tmp_path)):
        read_input(str(tmp_path / name), 10)


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path, link = tmp_path / "out.png", tmp_path / "link.png"
    path.write_bytes(b"before")
    path.chmod(0o600)
    link.symlink_to(path)
    write_output(str(link), b"after")
    assert link.is_symlink()
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.png", "out.png"]


def test_a_file_is_copied_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "field.npz").write_bytes(b"arrays")
    write_output(str(tmp_path / "out.npz"), tmp_path / "field.npz")
    assert (tmp_path / "out.npz").read_bytes() == b"arrays"


def test_a_device_is_written_to_and_stays_one() -> None:
    write_output("/dev/null", b"away")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="field"):
        write_output(str(tmp_path / "out.npz"), tmp_path / "no field")
    assert os.listdir(tmp_path) == []
