"""A worker process with sample runs, without torch; `device_name` is its process id.

`python -m tests.worker.sample_worker MODE --fd N`
"""

import os
import sys
import time

import msgspec

from tests.worker.sample_runs import HELLO, SampleRuns
from worker.engine import Engine
from worker.program import prepare_process, run_child
from worker.runs import Poisoned


def main() -> int:
    mode, fd = sys.argv[1], int(sys.argv[3])
    prepare_process(is_child=True)
    if mode == "silent":
        time.sleep(1000)
    if mode == "unusable":
        return 78
    if mode == "garbage":
        os.write(fd, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        time.sleep(1000)
    hello = msgspec.structs.replace(
        HELLO, device_name=str(os.getpid()), protocol=99 if mode == "modern" else HELLO.protocol
    )
    engine = Engine(SampleRuns(), healthy=lambda error: not isinstance(error, Poisoned))
    return run_child(fd, engine, hello)


if __name__ == "__main__":
    sys.exit(main())
