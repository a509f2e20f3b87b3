"""Pictures and arrays on disk: whole or not at all, in any order, never outside the directory."""

import io
from pathlib import Path

import numpy as np
import pytest

from service.jobs import array_files
from service.jobs.job_files import JobFiles, pass_name
from service.pictures.picture import Picture
from worker.wire.messages import ArrayChunk

JOB = "job-12345678"


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    return JobFiles(tmp_path)


def put(files: JobFiles, name: str, array: np.ndarray, piece: int) -> None:
    data = array.tobytes()
    for offset in reversed(range(0, max(1, len(data)), piece)):
        chunk = ArrayChunk(
            job=JOB, name=name, dtype=array.dtype.str, shape=array.shape, offset=offset
        )
        files.put_array_chunk(JOB, chunk, memoryview(data)[offset : offset + piece])


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_comes_back_as_it_went(files: JobFiles, channels: int) -> None:
    picture = Picture(5, 7, channels, bytes(range(35)) * channels)
    files.put_pixels(JOB, "input", picture)
    back = files.get_pixels(JOB, "input")
    assert back is not None
    assert (back.width, back.height, back.channels) == (5, 7, channels)
    assert bytes(back.pixels) == picture.pixels
    assert files.get_pixels(JOB, "pass-1") is None
    assert files.get_pixels("another-job", "input") is None


def test_the_latest_picture_is_the_one_furthest_along(files: JobFiles) -> None:
    picture = Picture(1, 1, 3, b"abc")
    assert files.latest_name(JOB) is None
    for name in (pass_name(0), pass_name(2), pass_name(10), pass_name(9), "result"):
        files.put_pixels(JOB, name, picture)
        expected = "pass-10" if name == "pass-9" else name
        assert files.latest_name(JOB) == expected


def test_arrays_arrive_in_pieces_of_any_order(files: JobFiles) -> None:
    arrays = {
        "vectors": np.arange(60, dtype="f4").reshape(3, 5, 4),
        "lambda2": np.full((3, 5), np.nan, "f4"),
        "tiles": np.zeros((0, 4), "i4"),
        "status": np.array(["converged", "coarse"]),
    }
    for name, array in arrays.items():
        put(files, name, array, piece=16)
    put(files, "picture", np.zeros((3, 5, 3), "u1"), piece=100)
    assert files.get_array(JOB, "vectors") is None
    assert files.field_npz(JOB) is None
    files.arrays_done(JOB)
    mapped = files.get_array(JOB, "vectors")
    assert mapped is not None
    np.testing.assert_array_equal(mapped, arrays["vectors"])
    path = files.field_npz(JOB)
    assert path is not None
    with np.load(path, allow_pickle=False) as npz:
        assert set(npz.files) == set(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(npz[name], array)
    assert files.field_npz(JOB) == path
    assert files.get_array(JOB, "picture") is not None
    np.load(io.BytesIO(path.read_bytes()))["vectors"]


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "offset"),
    [
        ("../../x", "<f4", (2,), 0),
        ("secrets", "<f4", (2,), 0),
        ("theta", "|O", (2,), 0),
        ("theta", "<f4", (2,), 1),
        ("theta", "<f4", (2,), -4),
        ("theta", "<f4", (1,), 0),
        ("theta", "<f4", (-1, -2), 0),
    ],
)
def test_a_piece_that_cannot_be_is_refused(
    files: JobFiles, name: str, dtype: str, shape: tuple[int, ...], offset: int
) -> None:
    chunk = ArrayChunk(job=JOB, name=name, dtype=dtype, shape=shape, offset=offset)
    with pytest.raises(ValueError, match="cannot be"):
        files.put_array_chunk(JOB, chunk, b"8 bytes.")


@pytest.mark.parametrize("job", ["", "..", "../../../etc", "a/b/c/d/e/f", "x" * 65, "aaaaaaa\0"])
def test_only_ids_of_jobs_become_paths(files: JobFiles, job: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        files.put_pixels(job, "input", Picture(1, 1, 3, b"abc"))
    with pytest.raises(ValueError, match="not the id"):
        files.remove(job)


def test_what_a_crash_left_is_cleaned(files: JobFiles, tmp_path: Path) -> None:
    picture = Picture(1, 1, 3, b"abc")
    files.put_pixels(JOB, "input", picture)
    files.put_pixels("orphaned-job", "input", picture)
    (tmp_path / JOB / "pass-1.px.0123.tmp").write_bytes(b"half")
    files.clean({JOB})
    assert [path.name for path in tmp_path.iterdir()] == [JOB]
    assert [path.name for path in (tmp_path / JOB).iterdir()] == ["input.px"]
    files.remove(JOB)
    files.remove(JOB)
    assert files.size(JOB) == 0


KEY = b"itten 1 abc"


def work(files: JobFiles) -> dict[str, np.ndarray]:
    arrays = {"vectors": np.arange(60, dtype="f4").reshape(3, 5, 4), "passes": np.array(2)}
    for name, array in arrays.items():
        put(files, f"work.{name}", array, piece=16)
    return arrays


def test_work_becomes_one_file_that_says_what_it_belongs_to(files: JobFiles) -> None:
    arrays = work(files)
    assert files.work_path(JOB, KEY) is None
    files.work_done(JOB, KEY)
    path = files.work_path(JOB, KEY)
    assert path is not None
    with np.load(path, allow_pickle=False) as npz:
        assert set(npz.files) == set(arrays)
        np.testing.assert_array_equal(npz["vectors"], arrays["vectors"])
    assert files.work_path(JOB, b"itten 2 abc") is None
    path.write_bytes(path.read_bytes()[:-20])
    assert files.work_path(JOB, KEY) is None
    work(files)
    files.drop_work_pieces(JOB)
    files.drop_work(JOB)
    files.drop_work(JOB)
    assert files.size(JOB) == 0


@pytest.mark.parametrize("name", ["work.", "work.../x", "work.a/b", "work.A", f"work.{'x' * 81}"])
def test_work_of_a_name_that_cannot_be_is_refused(files: JobFiles, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        put(files, name, np.zeros(2), piece=16)


@pytest.mark.parametrize("links", [True, False])
def test_what_is_taken_over_is_neither_changed_nor_lost(
    files: JobFiles, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object) -> None:
        raise OSError("Operation not permitted")

    if not links:
        monkeypatch.setattr(array_files.os, "link", no_links)
    old, new = Picture(1, 1, 3, b"old"), Picture(1, 1, 3, b"new")
    for name in ("input", "source", "pass-1", "pass-2", "result"):
        files.put_pixels(JOB, name, old)
    work(files)
    files.work_done(JOB, KEY)
    files.inherit("another-job", JOB)
    files.put_pixels("another-job", "pass-2", new)
    files.remove(JOB)
    pictures = {name: files.get_pixels("another-job", name) for name in ("input", "source")}
    assert pictures == {"input": old, "source": old}
    assert files.get_pixels("another-job", "pass-1") == old
    assert files.get_pixels("another-job", "pass-2") == new
    assert files.get_pixels("another-job", "result") is None
    assert files.work_path("another-job", KEY) is not None
    with pytest.raises(FileNotFoundError):
        files.inherit("a-third-job", JOB)
