"""`itten shade` and `itten field`, with the worker that they start themselves."""

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.e2e.pictures import packed, photograph
from tests.e2e.served import READY_S, descendants

ITTEN = [sys.executable, "-m", "service"]
ON_CPU = ["--device", "cpu"]  # says nothing of a missing CUDA


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


def test_a_signal_leaves_no_process_and_no_file(tmp_path: Path):
    (tmp_path / "in.jpg").write_bytes(packed(photograph(1500, 1500), "JPEG"))
    command = [*ITTEN, "shade", str(tmp_path / "in.jpg"), "-o", str(tmp_path / "out.png"), *ON_CPU]
    env = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
    give_up = time.monotonic() + READY_S
    while not list(tmp_path.glob("itten-*/jobs/*/input.px")):
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.02)
    children = descendants(process.pid)
    assert len(children) >= 3  # the worker and two decoders
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (130, b"")
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert [path.name for path in tmp_path.iterdir()] == ["in.jpg"]
