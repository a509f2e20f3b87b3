"""The units, as systemd reads them."""

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from service.settings import Settings
from tests.deploy.dockerfile import ROOT
from worker.__main__ import EX_CONFIG

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
EXPOSED = 25  # of 100, by systemd's own account; a unit without any confinement has 96
analyze = shutil.which("systemd-analyze")


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser


@pytest.mark.skipif(analyze is None, reason="no systemd-analyze: apt-get install systemd")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_it_and_finds_it_confined(path: Path, tmp_path: Path):
    copy = tmp_path / path.name
    here = f"{sys.prefix}/bin/itten"
    copy.write_text(path.read_text().replace("/opt/itten/bin/itten", here))
    for question in (
        ["verify", "--recursive-errors=no"],
        ["security", "--offline=true", f"--threshold={EXPOSED}"],
    ):
        asked = [analyze or "", *question, str(copy)]
        answer = subprocess.run(asked, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout[-1000:] + answer.stderr
        assert path.name not in answer.stderr, answer.stderr


def test_it_is_given_the_time_that_it_needs_to_end():
    given = float(unit(ROOT / "deploy/systemd/itten.service")["Service"]["TimeoutStopSec"])
    assert given >= Settings.from_env({}).max_deadline_s + 3


def test_what_no_restart_mends_is_not_tried_again():
    prevent = unit(ROOT / "deploy/systemd/itten-worker.service")["Service"]
    assert str(EX_CONFIG) in prevent["RestartPreventExitStatus"].split()
