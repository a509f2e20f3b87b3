"""`itten job` and `itten texture`, as processes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.served import READY_S, Served

pytestmark = pytest.mark.long


LOCAL_S = 600  # for what must be complete without a service
DEADLINES = ("1", "3", "9")  # the longer ones for a machine that is as much slower


def known_in(map_file: Path) -> int:
    """How many values a map has, if there is one."""
    if not map_file.exists():
        return 0
    with np.load(map_file) as made:
        return int(np.isfinite(made["lambda2"]).sum())


def itten(*arguments: str, directory: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(
        command, cwd=directory, capture_output=True, timeout=READY_S + 2 * LOCAL_S
    )


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


def test_a_partial_job_of_a_service_is_gone_on_from(itten_url: str, here: Path):
    graph = '{"generator": "square", "params": {"rows": 150, "cols": 150}}'
    asked = ["job", "graph.expand", "--url", itten_url]
    how = ["--param", "radius=5"]
    written = ["-o", "1.npz", "--overwrite"]
    for deadline in DEADLINES:
        begin = [*asked, *how, "--graph", graph, "--deadline", deadline, *written]
        part = itten(*begin, directory=here)
        assert part.returncode == 0
        said = part.stderr.decode()
        assert "graph.expand: partial" in said
        job = said.rpartition("--resume ")[2].split()[0]
        if known_in(here / "1.npz"):
            break
    ended = itten(*asked, "--resume", job, "--graph", graph, directory=here)
    assert (ended.returncode, b"leave --graph out" in ended.stderr) == (2, True)
    ended = itten(*asked, "--resume", job, "--param", "radius=4", directory=here)
    assert (ended.returncode, b"not what the job began with" in ended.stderr) == (1, True)
    ended = itten("job", "rankk", "--url", itten_url, "--resume", job, directory=here)
    assert (ended.returncode, b"is a job of graph.expand" in ended.stderr) == (2, True)
    ended = itten(*asked, "--resume", "x", directory=here)
    assert (ended.returncode, b"takes the id of a job" in ended.stderr) == (2, True)
    while job:
        ended = itten(*asked, *how, "--resume", job, "-o", "2.npz", "--overwrite", directory=here)
        assert ended.returncode == 0, ended.stderr
        job = ended.stderr.decode().rpartition("--resume ")[2].split()[0] if ended.stderr else ""
    with np.load(here / "1.npz") as first, np.load(here / "2.npz") as last:
        known = ~np.isnan(first["lambda2"])
        assert 0 < known.sum() < known.size
        assert not np.isnan(last["lambda2"]).any()
        assert np.array_equal(first["lambda2"][known], last["lambda2"][known])


@pytest.fixture
def itten_url(itten: Served) -> str:
    itten.wait_ready()
    return itten.url


def test_a_texture_and_a_map_in_two_goes_on_this_machine(here: Path):
    ended = itten("texture", "--demo-a", "--device", "cpu", directory=here)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["state"], told["k_used"], len(told["residuals"])) == ("complete", 8, 8)
    assert max(told["residuals"]) <= 1e-3
    assert {each.name for each in here.iterdir()} == {
        "height.png", "height.npy", "normal.png", "egg.png"
    }  # fmt: skip
    with Image.open(here / "height.png") as height:
        assert height.mode == "I;16"
    graph = '{"generator": "square", "params": {"rows": 140, "cols": 140}}'
    asked = ["job", "graph.expand", "--graph", graph, "--param", "radius=6", "--device", "cpu"]
    long = ["--deadline", str(LOCAL_S)]
    once = itten(*asked, "-o", "once.npz", *long, directory=here)
    assert (once.returncode, once.stderr) == (0, b"")
    asked += ["-o", "map.npz", "--overwrite", "--resume", "map.work"]
    for deadline in DEADLINES:
        part = itten(*asked, "--deadline", deadline, directory=here)
        assert part.returncode == 0
        assert b"partial" in part.stderr
        if (here / "map.work").exists():
            break
    whole = itten(*asked, *long, directory=here)
    assert (whole.returncode, whole.stderr) == (0, b"")
    assert not (here / "map.work").exists()
    with np.load(here / "map.npz") as made, np.load(here / "once.npz") as other:
        assert made["lambda2"].tobytes() == other["lambda2"].tobytes()
