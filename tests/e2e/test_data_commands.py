"""`itten job` and `itten texture`, as processes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.served import Served

pytestmark = pytest.mark.long


def itten(*arguments: str, directory: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, timeout=90)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return tmp_path


def test_a_service_computes_a_map_for_the_command_line(itten_url: str, here: Path):
    asked = ["job", "graph.expand", "--graph", "territory", "--url", itten_url]
    ended = itten(*asked, "--param", "radius=3", "-o", "map.npz", directory=here)
    assert (ended.returncode, ended.stderr) == (0, b"")
    with np.load(here / "map.npz") as made:
        assert made["lambda2"].shape == (421,)
    (here / "g.json").write_text('{"n": 3, "edges": {"src": [0, 1], "dst": [1, 2]}}')
    ended = itten("job", "graph.fiedler", "--graph", "g.json", "--url", itten_url, directory=here)
    assert json.loads(ended.stdout)["result"]["lambda2"] == pytest.approx(1)
    ended = itten(*asked, "--param", "radius=9", directory=here)
    assert ended.returncode == 2
    assert b"params.radius" in ended.stderr
    ended = itten(*asked, "-o", "map.npz", directory=here)
    assert (ended.returncode, ended.stderr.startswith(b"itten: map.npz: exists")) == (2, True)


@pytest.fixture
def itten_url(itten: Served) -> str:
    itten.wait_ready()
    return itten.url


@pytest.mark.long
def test_a_texture_and_a_map_in_two_goes_on_this_machine(here: Path):
    ended = itten("texture", "--demo-a", "--device", "cpu", directory=here)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["state"] == "complete"
    assert {each.name for each in here.iterdir()} == {
        "height.png", "height.npy", "normal.png", "egg.png"
    }  # fmt: skip
    with Image.open(here / "height.png") as height:
        assert height.mode == "I;16"
    graph = '{"generator": "square", "params": {"rows": 90, "cols": 90}}'
    asked = ["job", "graph.expand", "--graph", graph, "--param", "radius=5", "--device", "cpu"]
    once = itten(*asked, "-o", "once.npz", "--deadline", "60", directory=here)
    assert (once.returncode, once.stderr) == (0, b"")
    asked += ["-o", "map.npz", "--overwrite", "--resume", "map.work"]
    part = itten(*asked, "--deadline", "1", directory=here)
    assert part.returncode == 0
    assert b"partial" in part.stderr
    assert (here / "map.work").exists()
    whole = itten(*asked, "--deadline", "60", directory=here)
    assert (whole.returncode, whole.stderr) == (0, b"")
    assert not (here / "map.work").exists()
    with np.load(here / "map.npz") as made, np.load(here / "once.npz") as other:
        assert made["lambda2"].tobytes() == other["lambda2"].tobytes()
