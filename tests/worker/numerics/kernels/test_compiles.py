import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")


def test_every_program_compiles_for_an_h200(tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.worker.numerics.kernels.compile_for_hopper"],
        env=environment | {"TRITON_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    edges = ["_edge_weights", "_apply", "_galerkin_sums"]  # in both precisions
    assert ran.stdout.split() == [*edges, *edges, "_jacobi"]
