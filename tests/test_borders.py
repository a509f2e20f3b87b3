"""Who may import whom: read from the sources, not from what happens to be loaded."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


LIBRARY = "worker.kinds.module"  # `worker.shader` hands it out, once it is asked for


def imports(package: str) -> Iterator[tuple[Path, str]]:
    """Every module that a file of the package imports, by its full name."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield path, node.module or ""


def below(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("service", ["torch", "worker.numerics", "worker.shader", "worker.kinds", "worker.engine"]),
        ("worker", ["service", "quart", "hypercorn", "httpx"]),
        ("worker/wire", ["torch"]),
        ("worker/numerics", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
        ("worker/shader", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
        ("worker/graphs", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
        ("worker/drawing", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
        ("worker/textures", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
        ("worker/render", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
        ("worker/paths", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
        ("worker/lattices", ["worker.wire", "worker.kinds", "worker.engine", "trio"]),
    ],
)
def test_nobody_reaches_across_a_border(package: str, forbidden: list[str]):
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in imports(package)
        if any(below(name, each) for each in forbidden) and name != LIBRARY
    ]
    assert found == []


def test_the_service_takes_nothing_of_the_worker_but_the_wire():
    found = {name for _, name in imports("service") if below(name, "worker")}
    assert all(below(name, "worker.wire") for name in found), found


def test_of_the_wire_only_the_kinds_of_data_know_arrays():
    found = {path for path, name in imports("worker/wire") if below(name, "numpy")}
    assert all(path.parent.name == "jobs" for path in found), found


def test_reading_what_a_job_works_on_loads_neither_torch_nor_scipy():
    graph = '{"generator": "territory"}'
    program = f"import sys, worker.wire.jobs.parts as parts; parts.read_part('graph', b'{graph}')"
    program += "; sys.exit(not {'torch', 'scipy'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_the_scheduler_decides_without_torch():
    names = {n for path, n in imports("worker") if path.name == "scheduler.py"}
    assert not any(below(n, "torch") or below(n, "trio") for n in names)


def test_starting_the_service_does_not_load_torch():
    program = "import sys, service.app, service.running; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
