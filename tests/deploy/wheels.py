"""Wheels of these sources, and environments to put them into."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.deploy.dockerfile import ROOT

PATIENCE_S = 900  # for a build, or for what compiles its loops first
SOURCES = ("pyproject.toml", "README.md", "requirements", "service", "static", "worker")


def built(folder: Path, version: str | None = None) -> Path:
    """A wheel, of a version if one is given; made of a copy, as a build leaves files behind."""
    sources = folder / "sources"
    for name in SOURCES:
        if (ROOT / name).is_dir():
            leave_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, sources / name, ignore=leave_out)
        else:
            sources.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, sources)
    if version is not None:
        project = sources / "pyproject.toml"
        lines = project.read_text().splitlines(keepends=True)
        given = [i for i, line in enumerate(lines) if line.startswith("version = ")]
        lines[given[0]] = f'version = "{version}"\n'
        project.write_text("".join(lines))
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        sources,
    )
    [wheel] = folder.glob("itten-*.whl")
    return wheel


def environment(folder: Path) -> Path:
    """A new virtual environment that has the packages of this one, but not Itten; its Python."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    place = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # A path in a .pth is searched last, and the .pth files there are not read: Itten's is one.
    Path(place, "packages.pth").write_text(sysconfig.get_path("purelib"))
    return python


def install(python: Path, wheel: Path) -> None:
    """Install a wheel, instead of an earlier one; the packages are there already."""
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", "--upgrade", wheel)


def run(*command: str | Path) -> str:
    """Run it to its end, which must be a good one; returns what it printed."""
    made = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=PATIENCE_S)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return made.stdout
