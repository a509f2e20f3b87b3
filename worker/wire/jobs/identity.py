"""Which graph a computation is of."""

from typing import Any, Final

import numpy as np

from worker.wire.jobs.kind import Array, Arrays

SIGNATURE: Final = "graph_sha256"


def signed_by(arrays: Arrays) -> str:
    """The hash of the graph that these were left of; empty where they do not say."""
    return arrays.get(SIGNATURE, np.zeros(0, np.uint8)).tobytes().hex()


class Identity:
    """Its hash: what is left of one computation is of no use to that of another graph."""

    def __init__(self, graph: Any) -> None:
        """Cheap."""
        self._graph, self._sha256 = graph, ""

    def known(self) -> str | None:
        """SHA-256 over n, crow, col and w, little-endian, in hex; None until it was asked for."""
        return self._sha256 or None

    def find(self) -> str:
        """The same; 0.1 s for two million nodes, once."""
        self._sha256 = self._sha256 or self._graph.sha256()
        return self._sha256

    def sign(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """What is left of a computation, and of which graph it is."""
        return arrays | {SIGNATURE: np.frombuffer(bytes.fromhex(self.find()), np.uint8)}

    def check(self, arrays: Arrays) -> Arrays:
        """What was left, if it is of this graph.

        Raises:
            ValueError: it is of another.
        """
        if signed_by(arrays) != self.find():
            raise ValueError(f"{SIGNATURE}: of another graph")
        return {name: each for name, each in arrays.items() if name != SIGNATURE}
