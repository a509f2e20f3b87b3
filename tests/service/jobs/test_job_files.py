"""Pictures and arrays on disk: whole or not at all, in any order, never outside the directory."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from service.jobs.database import Database
from service.jobs.job_files import JobFiles, pass_name
from service.pictures.picture import Picture
from service.problems import NoLongerKept
from tests.service.kept_files import damage, file_of, on_disk
from worker.wire.messages import ArrayChunk

JOB, OTHER = "job-12345678", "another-job"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[JobFiles]:
    with closing(Database(tmp_path, alone=True)) as database:
        with database.writing() as db:
            for job in (JOB, OTHER):
                db.execute("INSERT INTO jobs VALUES (?, '', 0.0, 1, '')", (job,))
        yield JobFiles(tmp_path, database)


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
    files.put_pixels([JOB], "input", picture)
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
        files.put_pixels([JOB], name, picture)
        expected = "pass-10" if name == "pass-9" else name
        assert files.latest_name(JOB) == expected


def test_how_a_pass_came_about_is_taken_over_and_goes_with_its_job(files: JobFiles) -> None:
    files.put_pixels([JOB], "input", Picture(1, 1, 3, b"abc"))
    for index in (1, 12):
        files.put_explanation([JOB], index, {"json": b"%d" % index, "layers": b"..."})
    files.put_explanation([JOB, OTHER], 1, {"json": b"again", "layers": b"..."})
    assert files.get_explanation(JOB, 1, "json") == b"again"
    assert files.get_explanation(JOB, 2, "json") is None
    assert files.latest_name(JOB) == "input"
    files.inherit(OTHER, JOB)
    files.remove(JOB)
    assert files.get_explanation(JOB, 12, "json") is None
    assert files.get_explanation(OTHER, 12, "json") == b"12"
    assert files.get_explanation(OTHER, 1, "layers") == b"..."


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


THETA = ArrayChunk(job=JOB, name="theta", dtype="<f4", shape=(1,), offset=0)


@pytest.mark.parametrize("job", ["", "..", "../../../etc", "a/b/c/d/e/f", "x" * 65, "aaaaaaa\0"])
def test_only_ids_of_jobs_become_paths(files: JobFiles, job: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        files.put_array_chunk(job, THETA, b"four")
    with pytest.raises(ValueError, match="not the id"):
        files.remove(job)


def test_what_a_crash_left_is_cleaned(files: JobFiles, tmp_path: Path) -> None:
    picture = Picture(1, 1, 3, b"abc")
    files.put_pixels([JOB], "input", picture)
    kept = on_disk(tmp_path)
    files.put_array_chunk(JOB, THETA, b"four")
    (tmp_path / "content" / "0123.tmp").write_bytes(b"half")
    (tmp_path / "content" / ("0" * 64)).write_bytes(b"nobody's")
    (tmp_path / "jobs" / JOB).mkdir(parents=True)  # of version 1
    assert len(on_disk(tmp_path)) == 4
    files.clean()
    assert on_disk(tmp_path) == kept
    assert not (tmp_path / "jobs").exists()
    assert files.get_pixels(JOB, "input") == picture
    files.remove(JOB)
    files.remove(JOB)
    assert on_disk(tmp_path) == set()


def test_pieces_of_arrays_that_were_given_up_are_dropped(files: JobFiles, tmp_path: Path) -> None:
    put(files, "theta", np.arange(8.0), piece=16)
    work(files)
    files.drop_pieces(JOB, "work")
    assert {each.name for each in on_disk(tmp_path)} == {"theta.npy"}
    files.drop_pieces(JOB)
    assert on_disk(tmp_path) == set()


def test_a_field_of_two_jobs_is_kept_once_also_as_npz(files: JobFiles, tmp_path: Path) -> None:
    put(files, "theta", np.arange(8.0), piece=16)
    put(files, "residual", np.arange(8.0), piece=16)  # the same bytes under two names
    files.arrays_done(JOB)
    files.share(JOB, [OTHER], "field/*")
    assert len(on_disk(tmp_path)) == 1
    paths = {files.field_npz(JOB), files.field_npz(OTHER)}
    assert len(paths) == 1
    assert on_disk(tmp_path) == paths
    files.remove(JOB)
    [path] = paths
    assert path is not None
    assert set(np.load(path).files) == {"theta", "residual"}
    files.remove(OTHER)
    assert on_disk(tmp_path) == set()


@pytest.mark.parametrize("name", ["input.px", "field/theta.npy", "field.npz"])
def test_a_damaged_file_is_not_shown(files: JobFiles, tmp_path: Path, name: str) -> None:
    files.put_pixels([JOB], "input", Picture(2, 2, 3, bytes(range(12))))
    put(files, "theta", np.arange(8.0), piece=16)
    files.arrays_done(JOB)
    if name == "field.npz":
        files.field_npz(JOB)
    damage(file_of(tmp_path, JOB, name))
    get: dict[str, Callable[[], object]] = {
        "input.px": lambda: files.get_pixels(JOB, "input"),
        "field/theta.npy": lambda: files.get_array(JOB, "theta"),
        "field.npz": lambda: files.field_npz(JOB),
    }
    with pytest.raises(NoLongerKept, match="damaged"):
        get[name]()


def test_damaged_work_is_none(files: JobFiles, tmp_path: Path) -> None:
    work(files)
    files.work_done(JOB, [JOB], KEY, whole=True)
    damage(file_of(tmp_path, JOB, "work.npz"))
    assert files.get_work(JOB, KEY) == b""


KEY = b"itten 1 abc"


def work(files: JobFiles) -> dict[str, np.ndarray]:
    arrays = {"vectors": np.arange(60, dtype="f4").reshape(3, 5, 4), "passes": np.array(2)}
    for name, array in arrays.items():
        put(files, f"work.{name}", array, piece=16)
    return arrays


def test_work_becomes_one_file_that_says_what_it_belongs_to(
    files: JobFiles, tmp_path: Path
) -> None:
    arrays = work(files)
    assert files.get_work(JOB, KEY) == b""
    files.work_done(JOB, [JOB], KEY, whole=True)
    with np.load(io.BytesIO(files.get_work(JOB, KEY)), allow_pickle=False) as npz:
        assert set(npz.files) == set(arrays)
        np.testing.assert_array_equal(npz["vectors"], arrays["vectors"])
    assert files.get_work(JOB, b"itten 2 abc") == b""
    work(files)
    files.drop_pieces(JOB, "work")
    files.drop_work(JOB)
    files.drop_work(JOB)
    assert on_disk(tmp_path) == set()


def test_work_is_added_to_until_all_of_it_is_replaced(files: JobFiles, tmp_path: Path) -> None:
    def done(step: int, *, whole: bool) -> None:
        put(files, "work.step", np.array(step), piece=16)
        files.work_done(JOB, [JOB, OTHER], KEY, whole=whole)

    def steps(job: str = JOB) -> list[int]:
        with np.load(io.BytesIO(files.get_work(job, KEY)), allow_pickle=False) as npz:
            return sorted(int(npz[name]) for name in npz.files)

    done(1, whole=True)
    done(2, whole=False)
    done(3, whole=False)
    assert steps() == steps(OTHER) == [1, 2, 3]
    damage(file_of(tmp_path, JOB, "work-1.npz"))
    assert steps() == steps(OTHER) == [1, 3]
    done(4, whole=True)
    done(5, whole=False)
    assert steps() == [4, 5]
    files.drop_work(JOB)
    assert files.get_work(JOB, KEY) == b""
    assert steps(OTHER) == [4, 5]
    files.drop_work(OTHER)
    assert on_disk(tmp_path) == set()


@pytest.mark.parametrize("name", ["work.", "work.../x", "work.a/b", "work.A", f"work.{'x' * 81}"])
def test_work_of_a_name_that_cannot_be_is_refused(files: JobFiles, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        put(files, name, np.zeros(2), piece=16)


def test_what_is_taken_over_is_neither_changed_nor_lost(files: JobFiles, tmp_path: Path) -> None:
    old, new = Picture(1, 1, 3, b"old"), Picture(1, 1, 3, b"new")
    for name in ("input", "source", "pass-1", "pass-2", "result"):
        files.put_pixels([JOB], name, old)
    work(files)
    files.work_done(JOB, [JOB], KEY, whole=True)
    assert len(on_disk(tmp_path)) == 2
    files.inherit(OTHER, JOB)
    files.put_pixels([OTHER], "pass-2", new)
    files.remove(JOB)
    pictures = {name: files.get_pixels(OTHER, name) for name in ("input", "source")}
    assert pictures == {"input": old, "source": old}
    assert files.get_pixels(OTHER, "pass-1") == old
    assert files.get_pixels(OTHER, "pass-2") == new
    assert files.get_pixels(OTHER, "result") is None
    assert files.get_work(OTHER, KEY)
    with pytest.raises(NoLongerKept):
        files.inherit(OTHER, JOB)
    files.remove(OTHER)
    assert on_disk(tmp_path) == set()
