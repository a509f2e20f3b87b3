"""Measurements made up for the tests of the report."""

from benchmarks.engine.measurement import (
    Certificates,
    Measured,
    PictureFacts,
    Row,
    ScaleRow,
    WholeRow,
)
from benchmarks.engine.timing import Timed

ENGINE = "Itten, tolerance 0.03"
GOOD, BAD = (1e-4, 2e-4, 3e-4), (1e-4, 2e-4, 0.9)


def measured() -> Measured:
    """Two pictures, the engine, a peer with one setting too few and one enough, and a bad one."""
    pictures = (
        PictureFacts("cat", "photograph", 256, 256, 25, 0, 3, peers=True),
        PictureFacts("whale", "drawing", 512, 512, 121, 21, 3, peers=True),
    )
    rows = tuple(
        Row(p.name, method, Timed(wall, cpu), sines)
        for p in pictures
        for method, wall, cpu, sines in (
            (ENGINE, 0.5, 1.0, GOOD),
            ("peer, 10 steps", 2.0, 2.0, BAD),
            ("peer, 30 steps", 20.0, 20.0, GOOD),
            ("hopeless, 1 step", 0.1, 0.1, BAD),
        )
    )
    certificates = (Certificates("cat", 0.03, 3, 3), Certificates("whale", 0.03, 3, 2))
    whole = (
        WholeRow("cat", 256, "Itten, scope: image", Timed(1, 2), 1e-4, 1e-3, "5 steps"),
        WholeRow("cat", 512, "scipy", Timed(30, 30), 1e-4, None),
    )
    scale = tuple(
        ScaleRow(side, Timed(side**2 * 1e-6, side**2 * 2e-6), 500 << 20, 300 << 20, 2)
        for side in (256, 512)
    )
    return Measured(pictures, rows, certificates, whole, scale)
