"""Where a command reads and writes: names that say what, and places that are looked at first."""

import os
from pathlib import Path

import pytest

from service.commands.files import Output, PassFiles, read_input, stem
from service.commands.writing import CommandError


def output(name: str | None, as_format: str | None = None, kind: str = "field") -> Output:
    return Output.chosen(kind, "pictures/photo.tar.png", name, as_format, overwrite=False)


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
        (None, None, "png"),
        (None, "webp", "webp"),
    ],
)
def test_the_ending_says_what_to_write(name: str | None, chosen: str | None, found: str) -> None:
    assert output(name, chosen).as_format == found


def test_without_a_name_it_is_that_of_the_target_here() -> None:
    assert output(None).name == "photo.tar-field.png"
    assert output(None, "npz").name == "photo.tar-field.npz"
    assert output(None, "jpg", kind="shade").name == "photo.tar-shaded.jpg"
    assert (stem("a/b.png"), stem("-"), stem(".png")) == ("b", "stdin", ".png")


def test_a_shading_has_no_arrays_and_no_lines() -> None:
    for ending in ("npz", "svg"):
        with pytest.raises(CommandError, match=rf"a\.{ending}: `itten shade` writes \.png"):
            output(f"a.{ending}", kind="shade")


@pytest.mark.parametrize("name", ["no/a.png", ".", "file/a.png", "here.png", "x" * 300])
def test_a_place_that_cannot_be_written_is_named_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "here.png").write_bytes(b"")
    with pytest.raises(CommandError, match=str(tmp_path)):
        Output(str(tmp_path / name), "png", overwrite=False).check()
    assert sorted(os.listdir(tmp_path)) == ["file", "here.png"]


def test_told_to_a_file_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "here.png").write_bytes(b"before")
    here = Output(str(tmp_path / "here.png"), "png", overwrite=True)
    here.check()
    here.write(b"after")
    assert (tmp_path / "here.png").read_bytes() == b"after"


def test_passes_go_to_a_directory_that_is_made(tmp_path: Path) -> None:
    files = PassFiles(tmp_path / "a" / "b", "photo", 2, overwrite=False)
    files.check()
    assert os.listdir(tmp_path) == []  # nothing before there is something
    files.write(1, b"one")
    files.write(2, b"two")
    assert sorted(os.listdir(tmp_path / "a" / "b")) == ["photo-pass-1.png", "photo-pass-2.png"]


def test_passes_replace_nothing_unasked(tmp_path: Path) -> None:
    (tmp_path / "photo-pass-2.png").write_bytes(b"before")
    PassFiles(tmp_path, "photo", 1, overwrite=False).check()
    with pytest.raises(CommandError, match=r"photo-pass-2\.png: exists.*--save-passes"):
        PassFiles(tmp_path, "photo", 2, overwrite=False).check()
    with pytest.raises(CommandError, match="exists"):
        PassFiles(tmp_path, "photo", 2, overwrite=False).write(2, b"after")
    PassFiles(tmp_path, "photo", 2, overwrite=True).check()


def test_a_pass_and_the_result_are_two_files(tmp_path: Path) -> None:
    files = PassFiles(tmp_path / "passes", "photo", 2, overwrite=True)
    with pytest.raises(CommandError, match=r"photo-pass-2\.png: is .*--save-passes.*-o"):
        files.check_apart(str(tmp_path / "x" / ".." / "passes" / "photo-pass-2.png"))
    files.check_apart(str(tmp_path / "passes" / "photo-pass-3.png"))
    files.check_apart("-")


def test_passes_cannot_go_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for directory in (tmp_path / "file", tmp_path / "file" / "passes"):
        with pytest.raises(CommandError, match="irectory"):
            PassFiles(directory, "photo", 2, overwrite=False).check()


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
