"""Nothing loops over nodes or pixels: read from the sources, and counted while it runs."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from worker.graphs.generator_params import Lattice
from worker.graphs.generators import triangle
from worker.lattices.extrude import extrude
from worker.lattices.layers import LayerSettings, grown_layers
from worker.lattices.relief import ReliefSettings, relief
from worker.lattices.selection import select
from worker.paths.walk import choices
from worker.render.scene import Coat, EggSettings, render_egg
from worker.shader.stages import result_of
from worker.textures.modes import Modes
from worker.textures.settings import BALANCED
from worker.textures.synthesis import height_map

ROOT = Path(__file__).parents[2] / "worker"
PACKAGES = ["lattices", "paths", "render", "textures"]
LOOPS = {"hops", "iterations", "chunks", "layers", "stages"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_loop_says_what_it_goes_over(package: str):
    untagged = []
    for path in sorted((ROOT / package).glob("*.py")):
        source = path.read_text()
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.For | ast.While):
                continue
            heading = " ".join(lines[node.lineno - 1 : node.body[0].lineno - 1])
            tag = heading.rpartition("# loop: ")[2]
            if tag.strip() not in LOOPS:
                untagged.append(f"{path.name}:{node.lineno}")
    assert untagged == []


class Counted(TorchDispatchMode):
    """Counts the operations of torch."""

    operations = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        self.operations += 1
        return func(*args, **(kwargs or {}))


def operations(call: Callable[[], object]) -> int:
    with Counted() as counted:
        call()
    return counted.operations


def lattice(side: int) -> None:
    drawn = triangle(Lattice(side, side))
    n = drawn.graph.n
    values = torch.linspace(1, 7, n).double()
    found = select(drawn.graph, torch.from_numpy(drawn.coords), values, values, 0.5)
    layer = grown_layers(drawn.graph, values, LayerSettings())
    made = extrude(drawn.graph, found.kind, layer, torch.arange(n) % 2)
    uv = torch.rand(n, 2)
    result_of(relief(uv[made.base], found.kind[made.base], made.src, made.dst, ReliefSettings(16)))


def neighbours(side: int) -> None:
    graph = triangle(Lattice(side, side)).graph
    walkers = torch.arange(graph.n)
    around = choices(graph, walkers)
    around.best(around.node.double(), around.node >= 0, graph.n)


def egg(side: int) -> None:
    result_of(render_egg(Coat(height=torch.rand(side, side)), EggSettings(size=side)))


def texture(side: int) -> None:
    vectors = torch.rand(8, side, side).double()
    modes = Modes(vectors, torch.ones(8), torch.zeros(8), 8)
    height_map(torch.rand(side, side), None, modes, BALANCED)


@pytest.mark.parametrize("work", [lattice, neighbours, egg, texture])
def test_eight_times_as_much_takes_as_many_operations(work: Callable[[int], None]):
    few, many = operations(lambda: work(12)), operations(lambda: work(34))
    assert many <= 1.05 * few
