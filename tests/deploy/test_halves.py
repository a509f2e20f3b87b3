"""The service runs without what only the worker needs, and the other way around."""

import subprocess
import sys

import pytest

from tests.deploy.dockerfile import ROOT

pytestmark = pytest.mark.long

ON_CUDA = ["worker.numerics.kernels.cuda", "worker.numerics.kernels.jacobi"]  # torch brings triton


@pytest.mark.parametrize(
    ("package", "half", "leave_out", "missing"),
    [
        ("service", "service", [], None),
        ("worker", "worker", ON_CUDA, None),
        ("worker", "service", ON_CUDA, "torch"),
        ("service", "worker", [], "httpx|quart|anyio|PIL"),
    ],
)
def test_a_half_brings_what_its_package_imports(
    package: str, half: str, leave_out: list[str], missing: str | None
):
    command = [sys.executable, "-m", "tests.deploy.half", package]
    ended = subprocess.run(
        [*command, f"requirements/{half}.txt", *leave_out],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if missing is None:
        assert ended.returncode == 0, ended.stderr[-2000:]
    else:
        last = ended.stderr.splitlines()[-1]
        assert last.startswith("ModuleNotFoundError"), ended.stderr
        assert any(f"no {name}" in last for name in missing.split("|"))
