"""`itten shade` and `itten field` as processes, with a worker that is cheap."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.service.house import png, unpacked
from tests.service.kept_files import somebody_has
from tests.service.shade_worker import TILES

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings by the behaviour of the worker they lead to."""
    directory = tmp_path_factory.mktemp("workers")
    command = [sys.executable, "-m", "tests.service.shade_worker"]
    modes = ("quick", "slow", "failing")
    started = [
        subprocess.Popen(
            [*command, f"{mode}:{directory / 'held'}", "--listen", f"unix:{directory / mode}"]
        )
        for mode in modes
    ]
    while not all((directory / mode).exists() for mode in modes):
        time.sleep(0.01)
    yield {mode: f"unix:{directory / mode}" for mode in modes}
    for process in started:
        process.terminate()
        process.wait()


@pytest.fixture
def held(workers: dict[str, str]) -> Iterator[Path]:
    """As long as it is there, no job comes further than the middle of its second pass."""
    path = Path(workers["slow"].removeprefix("unix:")).with_name("held")
    path.write_text(str(TILES + 2))
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a picture."""
    (tmp_path / "in.png").write_bytes(png())
    return tmp_path


def start(place: Path, workers: str, *arguments: str) -> subprocess.Popen[bytes]:
    env = os.environ | {"ITTEN_WORKERS": workers, "ITTEN_DATA": "/proc/nowhere"}
    env["PYTHONPATH"] = os.getcwd()
    return subprocess.Popen(
        [sys.executable, "-m", "service", *arguments],
        cwd=place,
        env=env | {"TMPDIR": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def itten(
    place: Path, workers: str, *arguments: str, given: bytes = b""
) -> tuple[int, bytes, list[str]]:
    """Exit status, standard output, and the lines of standard error; nothing may be left over."""
    process = start(place, workers, *arguments)
    out, err = process.communicate(given, timeout=120)
    assert not [each for each in os.listdir(place) if each.startswith(("itten-", "."))]
    return process.returncode, out, err.decode().splitlines()


def test_a_picture_is_shaded_into_a_file(place: Path, workers: dict[str, str]) -> None:
    status, out, [line] = itten(
        place, workers["quick"], "shade", "in.png", "-o", "out.png", "--passes", "1"
    )
    assert (status, out) == (0, b"")
    assert line.startswith("itten: out.png: complete")
    assert unpacked((place / "out.png").read_bytes())[0, 0].tolist() == [245, 235, 225]


def test_streams_in_and_out_and_nothing_said(place: Path, workers: dict[str, str]) -> None:
    status, out, said = itten(
        place,
        workers["quick"],
        *("field", "-", "-o", "-", "--format", "webp", "--quiet"),
        given=png(40, 30),
    )
    assert (status, said) == (0, [])
    assert Image.open(io.BytesIO(out)).format == "WEBP"
    assert unpacked(out).shape == (30, 40, 3)


def test_arrays_lines_and_the_document(place: Path, workers: dict[str, str]) -> None:
    field = ("field", "in.png", "--quiet", "-o")
    assert itten(place, workers["quick"], *field, "out.npz") == (0, b"", [])
    assert np.load(place / "out.npz")["vectors"].shape == (24, 32, 4)
    assert itten(place, workers["quick"], *field, "out.svg") == (0, b"", [])
    assert (place / "out.svg").read_bytes().startswith(b"<svg")
    status, out, _ = itten(place, workers["quick"], *field, "-", "--format", "json")
    document = json.loads(out)
    assert (status, document["state"], document["kind"]) == (0, "complete", "field")


def test_a_partial_picture_is_one_and_says_what_is_missing(
    place: Path, workers: dict[str, str], held: Path
) -> None:
    status, _, [line] = itten(
        place,
        workers["slow"],
        *("shade", "in.png", "-o", "out.png", "-p", "16", "--deadline", "4", "--quiet"),
        *("--save-passes", "passes"),
    )
    assert status == 0
    assert line.startswith("itten: in.png: partial: ")
    assert unpacked((place / "out.png").read_bytes()).shape == (24, 32, 3)
    assert "1 of 16 passes" in line
    assert [path.name for path in (place / "passes").iterdir()] == ["in-pass-1.png"]


def test_passes_are_saved_as_they_are_done(
    place: Path, workers: dict[str, str], held: Path
) -> None:
    arguments = ("shade", "in.png", "-p", "16", "--save-passes", "a/b")
    process = start(place, workers["slow"], *arguments)
    while not (place / "a" / "b" / "in-pass-1.png").exists():
        assert process.poll() is None
        time.sleep(0.01)
    assert not (place / "in-shaded.png").exists()
    held.unlink()
    process.communicate(timeout=120)
    assert process.returncode == 0
    passes = [
        unpacked((place / "a" / "b" / f"in-pass-{n}.png").read_bytes())[0, 0] for n in range(1, 17)
    ]
    inverted, input_ = [245, 235, 225], [10, 20, 30]
    assert [each.tolist() for each in passes] == [inverted, input_] * 8
    assert unpacked((place / "in-shaded.png").read_bytes())[0, 0].tolist() == input_


def test_strokes_of_a_second_picture(place: Path, workers: dict[str, str]) -> None:
    (place / "other.png").write_bytes(png(8, 6, (1, 2, 3)))
    command = ("shade", "in.png", "other.png", "-p", "1")
    status, _, [line] = itten(place, workers["quick"], *command)
    assert status == 0
    assert line.startswith("itten: in-shaded.png: complete")
    assert unpacked((place / "in-shaded.png").read_bytes())[0, 0].tolist() == [1, 2, 3]
    (place / "other.png").write_text("no picture")
    status, _, [line] = itten(place, workers["quick"], *command, "-o", "2.png")
    assert status == 2
    assert line.startswith("itten: other.png: This is not an image")


def test_no_file_is_replaced_unless_told_to(place: Path, workers: dict[str, str]) -> None:
    (place / "in-shaded.png").write_bytes(b"before")
    status, _, [line] = itten(place, "unix:/nowhere", "shade", "in.png")  # before any work
    assert status == 2
    assert line.startswith("itten: in-shaded.png: exists; say --overwrite")
    assert (place / "in-shaded.png").read_bytes() == b"before"
    assert itten(place, workers["quick"], "shade", "in.png", "--overwrite", "--quiet")[0] == 0
    assert unpacked((place / "in-shaded.png").read_bytes()).shape == (24, 32, 3)


def test_a_file_that_appears_meanwhile_is_not_replaced(
    place: Path, workers: dict[str, str], held: Path
) -> None:
    process = start(place, workers["slow"], "shade", "in.png", "-p", "16")
    while not somebody_has("pass-1.px", place, "itten-*"):
        assert process.poll() is None
        time.sleep(0.01)
    (place / "in-shaded.png").write_bytes(b"another's")
    held.unlink()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert b"--overwrite" in err
    assert (place / "in-shaded.png").read_bytes() == b"another's"
    assert sorted(os.listdir(place)) == ["in-shaded.png", "in.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.png", "-o", "out.png"], "missing.png: No such file"),
        (["in.png", "-o", "no/out.png"], "no/out.png"),
        (["in.png", "-o", "out.png", "--tolerance", "7"], "tolerance: must be at most 1"),
        (["in.png", "-o", "out.png", "--deadline-s", "4000"], "deadline_s: must be at most 3600"),
        (["in.png", "-o", "out.svg", "--render", "ranks"], "--render contours"),
        (["text.png", "-o", "out.png"], "text.png: This is not an image"),
        (["in.png", "-o", "out.png", "--device", "gpu"], "ITTEN_DEVICE"),
        (["in.png", "-o", "in.png"], "--overwrite"),
        (["in.png", "--mode", "cross"], "mode"),
    ],
)
def test_what_the_caller_can_mend_is_one_line_and_status_2(
    place: Path, workers: dict[str, str], arguments: list[str], said: str
) -> None:
    (place / "text.png").write_text("no picture")
    status, out, [line] = itten(place, workers["quick"], "field", *arguments)
    assert (status, out) == (2, b"")
    assert line.startswith("itten: ")
    assert said in line
    assert not (place / "out.png").exists()


def test_our_own_failure_is_status_1(place: Path, workers: dict[str, str]) -> None:
    status, _, lines = itten(place, workers["failing"], "field", "in.png", "-o", "out.png")
    assert status == 1
    assert lines[-1].startswith("itten: in.png: The computation failed")
    assert "Traceback" not in "".join(lines)
    assert not (place / "out.png").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_nothing(
    place: Path, workers: dict[str, str], held: Path, number: signal.Signals
) -> None:
    arguments = ("shade", "in.png", "-o", "out.png", "--passes", "16")
    process = start(place, workers["slow"], *arguments)
    while not somebody_has("pass-1.px", place, "itten-*"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert (out, err) == (b"", b"")
    assert os.listdir(place) == ["in.png"]
