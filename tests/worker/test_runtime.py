"""What the worker's process does with memory."""

import subprocess
import sys

PROGRAM = """
import os, sys
from worker.runtime import MOST_FREE, give_back_memory, keep_freed_memory
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")
keep_freed_memory()
blocks = [bytearray(1 << 20) for _ in range(MOST_FREE // (1 << 20) + 200)]
pin = bytearray(1 << 10)
full = resident()
del blocks
give_back_memory()
print(full, resident())
"""


def test_freed_memory_beyond_a_limit_goes_back():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    full, after = map(int, done.stdout.split())
    assert after < full / 4
