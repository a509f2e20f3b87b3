import os
import sys
import threading

import pytest

from service.threads import NICE, step_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority")


def own() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_steps_back_once_and_no_other_does():
    before, seen = own(), []

    def work() -> None:
        step_back()
        step_back()
        seen.append(own())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    step_back()  # the main thread: the event loop may run in it
    assert seen == [min(19, before + NICE)]
    assert own() == before
