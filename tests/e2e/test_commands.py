"""`itten shade` and `itten field`: with the worker that they start themselves, and at a service."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.e2e.pictures import drawing, packed, photograph, unpacked
from tests.e2e.served import LONG_S, PATIENCE_S, READY_S, Served, descendants, until_gone
from tests.service.kept_files import somebody_has

pytestmark = pytest.mark.long

ITTEN = [sys.executable, "-m", "service"]
ON_CPU = ["--device", "cpu"]  # says nothing of a missing CUDA


def run(place: Path, *arguments: str) -> tuple[int, list[str]]:
    """Exit status, and the lines of standard error."""
    env = os.environ | {"PYTHONPATH": os.getcwd()}
    command = [*ITTEN, *arguments]
    ended = subprocess.run(command, cwd=place, env=env, capture_output=True, timeout=READY_S)
    assert ended.stdout == b""
    return ended.returncode, ended.stderr.decode().splitlines()


def pictures(place: Path) -> None:
    (place / "target.png").write_bytes(packed(drawing(160, 120)))
    (place / "source.jpg").write_bytes(packed(photograph(200, 90), "JPEG"))


def test_the_field_of_a_picture_through_pipes():
    ended = subprocess.run(
        [*ITTEN, "field", "-", "-o", "-", "--format", "npz", "--quiet", *ON_CPU],
        input=packed(photograph(130, 100)),
        capture_output=True,
        timeout=READY_S,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    arrays = np.load(io.BytesIO(ended.stdout))
    assert arrays["vectors"].shape == (100, 130, 4)
    assert (arrays["status"] == "converged").all()
    assert (arrays["angle_bound"] <= 0.03).all()


def test_a_drawing_with_the_strokes_of_a_photograph_here_and_there(tmp_path: Path, itten: Served):
    pictures(tmp_path)
    cross = ["shade", "target.png", "source.jpg", "-p", "2", "-q", "quality"]
    looks = ["--overlap-mode", "blend", "--low-gate", "shadow", "--deadline", f"{LONG_S:.0f}"]
    here = [*cross, *looks, "-o", "here.png", "--save-passes", "passes", *ON_CPU]
    status, [line] = run(tmp_path, *here)
    assert status == 0
    assert line.startswith("itten: here.png: complete, 2 passes")
    itten.wait_ready()
    status, [line] = run(tmp_path, *cross, *looks, "--url", itten.url)
    assert status == 0
    assert line.startswith("itten: target-shaded.png: complete, 2 passes")
    result = unpacked((tmp_path / "here.png").read_bytes())
    assert np.array_equal(result, unpacked((tmp_path / "target-shaded.png").read_bytes()))
    last = unpacked((tmp_path / "passes" / "target-pass-2.png").read_bytes())
    first = unpacked((tmp_path / "passes" / "target-pass-1.png").read_bytes())
    assert np.array_equal(last, result)
    assert not np.array_equal(first, result)
    grey = np.ptp(result.reshape(-1, 3), axis=1)
    assert grey.max() > 20  # black and white ink has got the photograph's colours


def test_at_the_deadline_there_is_a_picture_and_a_warning(tmp_path: Path, itten: Served):
    (tmp_path / "in.jpg").write_bytes(packed(photograph(1600, 1200), "JPEG"))
    itten.wait_ready()
    for place in (ON_CPU, ["--url", itten.url]):
        arguments = ["shade", "in.jpg", "--deadline", "1.5", "--quiet", "--overwrite", *place]
        status, [line] = run(tmp_path, *arguments)
        assert status == 0
        assert line.startswith("itten: in.jpg: partial: ")
        assert "of 4 passes done" in line
        assert unpacked((tmp_path / "in-shaded.png").read_bytes()).shape == (1200, 1600, 3)


def test_a_file_is_kept_and_what_a_service_refuses_is_said(tmp_path: Path, itten: Served):
    pictures(tmp_path)
    (tmp_path / "out.png").write_bytes(b"before")
    shade = ["shade", "target.png", "--url", itten.url]
    status, [line] = run(tmp_path, *shade, "-o", "out.png")
    assert status == 2
    assert "--overwrite" in line
    assert (tmp_path / "out.png").read_bytes() == b"before"
    status, [line] = run(tmp_path, *shade, "--deadline", f"{LONG_S + 1:.0f}")
    assert status == 2
    assert line.startswith(f"itten: target.png: deadline_s: must be at most {LONG_S:.0f}")


def test_a_signal_cancels_the_job_at_the_service(tmp_path: Path, itten: Served):
    (tmp_path / "in.jpg").write_bytes(packed(photograph(1500, 1500), "JPEG"))
    itten.wait_ready()
    with httpx.Client(base_url=itten.url, timeout=PATIENCE_S) as client:
        before = {job["id"] for job in client.get("/jobs").json()["jobs"]}
        command = [*ITTEN, "shade", str(tmp_path / "in.jpg"), "-o", str(tmp_path / "out.png")]
        process = subprocess.Popen([*command, "--url", itten.url], stderr=subprocess.PIPE)
        give_up = time.monotonic() + READY_S
        while not (
            jobs := [j for j in client.get("/jobs").json()["jobs"] if j["id"] not in before]
        ):
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, said) == (130, b"")
        assert client.get(f"/jobs/{jobs[0]['id']}").json()["state"] == "cancelled"
    assert [path.name for path in tmp_path.iterdir()] == ["in.jpg"]


def test_a_signal_leaves_no_process_and_no_file(tmp_path: Path):
    (tmp_path / "in.jpg").write_bytes(packed(photograph(1500, 1500), "JPEG"))
    command = [*ITTEN, "shade", str(tmp_path / "in.jpg"), "-o", str(tmp_path / "out.png"), *ON_CPU]
    env = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
    give_up = time.monotonic() + READY_S
    while not somebody_has("input.px", tmp_path, "itten-*"):
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.02)
    children = descendants(process.pid)
    assert len(children) >= 3  # the worker and two decoders
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) == (130, b"")
    until_gone(children)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jpg"]
