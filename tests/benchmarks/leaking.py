"""A process that does jobs, one a line that it is sent, and may keep something of each.

`python -m tests.benchmarks.leaking WHAT`, where WHAT is `nothing`, `memory` (100 kB of each job),
`files` (one of every ten jobs stays open), or `sawtooth` (100 kB of each, let go of at every 60th).
"""

import os
import sys

KEPT = 100_000  # bytes
EVERY, PERIOD = 10, 60  # jobs


def main() -> None:
    what = sys.argv[1]
    memory: list[bytearray] = []
    for job, _ in enumerate(sys.stdin):
        if what in ("memory", "sawtooth"):
            memory.append(bytearray(b"x" * KEPT))
        if what == "sawtooth" and job % PERIOD == 0:
            memory.clear()
        if what == "files" and job % EVERY == 0:
            os.dup(0)
        print("done", flush=True)


if __name__ == "__main__":
    main()
