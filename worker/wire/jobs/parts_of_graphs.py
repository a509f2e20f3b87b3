"""What kinds over graphs have in common."""

from typing import Any, Final

from worker.graphs.generator_params import GENERATOR_PARAMS as GENERATOR_PARAMS
from worker.graphs.generator_params import Node as Node
from worker.wire.jobs.kind import Arrays

GRAPH: Final = "A graph: a document itten.graph/1, an npz of src, dst, n or of CSR, or a generator."
EDGES: Final = (".crow", ".col", ".w")


def graph_on(arrays: Arrays, device: Any) -> Any:
    """The graph, to compute with."""
    from worker.graphs.packing import unpacked

    return unpacked(arrays).graph.to(device)
