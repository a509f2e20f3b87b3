"""The wheel has what it needs and nothing else."""

import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.deploy.dockerfile import ROOT
from tests.deploy.wheels import built

pytestmark = pytest.mark.long

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(built(tmp_path_factory.mktemp("wheel")))


def files(folder: str) -> set[str]:
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in found if path.parent.name != "__pycache__"}


def test_it_carries_both_packages_and_the_page(wheel: zipfile.ZipFile):
    data = f"itten-{PROJECT['version']}.data/data/share/itten/"
    names = {name.removeprefix(data) for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == files("service") | files("worker") | files("static")


def test_it_asks_for_what_both_halves_need(wheel: zipfile.ZipFile):
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = message_from_bytes(wheel.read(name))
    asked = {each for each in metadata.get_all("Requires-Dist") or () if "extra ==" not in each}
    lines = [line for half in ("service", "worker") for line in required(half)]
    assert asked == set(lines)
    assert "torch" in asked
    assert metadata["Version"] == PROJECT["version"]


def test_every_version_that_is_needed_is_pinned():
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {name.lower() for name, equals, _ in (line.partition("==") for line in pins) if equals}
    assert {name for half in ("service", "worker") for name in required(half)} <= pinned


def test_the_newest_change_is_of_this_version():
    headings = [
        line.split()[1]
        for line in (ROOT / "CHANGELOG.md").read_text().splitlines()
        if line.startswith("## ")
    ]
    assert headings[0] == PROJECT["version"]
    assert headings == sorted(headings, key=lambda v: [int(n) for n in v.split(".")], reverse=True)


def required(half: str) -> list[str]:
    lines = (ROOT / Path("requirements") / f"{half}.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
