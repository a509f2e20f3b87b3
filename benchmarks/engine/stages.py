"""All measurements in order, each kind in a process of its own."""

from benchmarks.engine import others, ours, scaling, whole
from benchmarks.engine.apart import apart
from benchmarks.engine.choice import Choice, facts_of
from benchmarks.engine.measurement import Measured
from benchmarks.engine.truth import truths


def measure_all(choice: Choice) -> Measured:
    """One run; nothing else should want the cores meanwhile."""
    exact = apart(truths, choice)
    rows, certificates = apart(ours.measure, choice, exact)
    rows += apart(others.measure, choice, exact)
    of_whole = apart(whole.by_peers, choice, apart(whole.by_engine, choice))
    scale = scaling.measure(choice)
    return Measured(
        facts_of(choice), tuple(rows), tuple(certificates), tuple(of_whole), tuple(scale)
    )
