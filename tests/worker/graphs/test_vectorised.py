"""Every loop says what it goes over, and launches do not grow with the graph."""

import ast
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import worker.graphs
from tests.worker.graphs.oracles import drawn
from worker.graphs.balls import balls
from worker.graphs.components import components
from worker.graphs.laplacian import sparse_laplacian
from worker.graphs.local import dense_spectra
from worker.graphs.multigrid import Multigrid
from worker.graphs.subgraphs import local_edges

TAGS = {f"# loop: {tag}" for tag in ("hops", "iterations", "chunks", "layers", "stages")}
FOLDER = Path(worker.graphs.__file__).parent
BORDER = {"archive.py", "reading.py", "generators.py", "grids.py"}
"""Files that loop over arrays and fields of a request, not over what is in them."""


def untagged(source: str) -> list[int]:
    """Lines of the loops without a tag, but for those over constants and in compiled functions."""
    lines, found = source.splitlines(), []

    def visit(node: ast.AST) -> None:
        decorators = getattr(node, "decorator_list", [])
        if any(isinstance(each, ast.Name) and each.id == "compiled" for each in decorators):
            return
        counted = isinstance(node, ast.For) and constant(node.iter)
        if isinstance(node, ast.For | ast.While) and not counted:
            tagged = any(lines[node.lineno - 1].endswith(tag) for tag in TAGS)
            found.extend([] if tagged else [node.lineno])
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(source))
    return found


def constant(iterable: ast.expr) -> bool:
    """A tuple written down, or a name in capitals, or its items."""
    root: ast.AST = iterable
    while isinstance(root, ast.Call | ast.Attribute):
        root = root.func if isinstance(root, ast.Call) else root.value
    return isinstance(root, ast.Tuple) or (isinstance(root, ast.Name) and root.id.isupper())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_every_loop_says_what_it_goes_over(path: Path):
    if path.name not in BORDER:
        assert untagged(path.read_text()) == []


def test_a_loop_over_nodes_would_be_found():
    assert untagged("i = 0\nwhile i < n:\n    i += 1") == [2]
    assert untagged("for v in nodes:  # loop: nodes\n    pass") == [1]
    assert untagged("for _ in range(9):  # loop: hops\n    pass") == []


class Counted(TorchDispatchMode):
    """Counts the operations of torch."""

    operations = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        self.operations += 1
        return func(*args, **(kwargs or {}))


def launches(nodes: int, work: str) -> int:
    graph = drawn("square", rows=nodes // 32, cols=32).graph
    with Counted() as counted:
        if work == "balls":
            found = balls(graph, torch.arange(0, graph.n, 4), 2)
            dense_spectra(local_edges(graph, found), found.sizes, torch.float32)
        elif work == "components":
            components(graph)
        else:
            Multigrid(sparse_laplacian(graph))
    return counted.operations


def test_launches_do_not_grow_with_the_graph():
    small, large = (launches(n, "balls") for n in (1024, 8192))
    assert abs(large - small) <= 0.05 * small


@pytest.mark.parametrize("work", ["components", "levels"])
def test_launches_grow_with_rounds_and_levels_alone(work: str):
    small, large = (launches(n, work) for n in (1024, 8192))
    assert large <= 3 * small  # eight times the nodes, two levels more
