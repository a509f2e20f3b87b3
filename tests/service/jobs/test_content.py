"""Files by their hash: once each, whole, and never shown when they are not what their name says."""

from pathlib import Path

import pytest

from service.jobs import content
from service.jobs.content import Content, digest_of
from service.problems import NoLongerKept
from tests.service.kept_files import damage


@pytest.fixture
def files(tmp_path: Path) -> Content:
    return Content(tmp_path)


def put(files: Content, data: bytes) -> str:
    with files.new() as part:
        part.write_bytes(data)
        digest = digest_of(part)
        files.put(part, digest)
    return digest


def test_the_same_bytes_are_kept_once(files: Content, tmp_path: Path) -> None:
    assert put(files, b"abc") == put(files, b"abc") != put(files, b"abd")
    assert len(list(tmp_path.iterdir())) == 2
    assert files.read(put(files, b"abc")) == b"abc"
    assert files.checked(put(files, b"abc")).read_bytes() == b"abc"


def test_what_is_not_put_is_gone(files: Content, tmp_path: Path) -> None:
    with files.new() as part:
        part.write_bytes(b"abc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "longer", "gone"])
def test_a_damaged_file_is_never_handed_out_and_heals(
    files: Content, tmp_path: Path, how: str
) -> None:
    digest = put(files, b"abcdef")
    path = tmp_path / digest
    if how == "flipped":
        damage(path)
    elif how == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": b"abc", "empty": b"", "longer": b"abcdefg"}[how])
    for get in (files.read, files.checked):
        with pytest.raises(NoLongerKept):
            get(digest)
    assert put(files, b"abcdef") == digest
    assert files.read(digest) == b"abcdef"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_taken_from_elsewhere_and_stays_there(
    files: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object) -> None:
        raise OSError("Operation not permitted")

    if not links:
        monkeypatch.setattr(content.os, "link", no_links)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"abc")
    for _ in range(2):
        files.link(elsewhere, digest_of(elsewhere))
        elsewhere.unlink()
        assert files.read(put(files, b"abc")) == b"abc"
        elsewhere.write_bytes(b"abc")


def test_what_nobody_has_is_cleaned(files: Content, tmp_path: Path) -> None:
    kept = put(files, b"abc")
    put(files, b"abd")
    (tmp_path / "0123.tmp").write_bytes(b"half")
    files.clean({kept})
    assert [each.name for each in tmp_path.iterdir()] == [kept]
