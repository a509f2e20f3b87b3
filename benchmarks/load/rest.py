"""When a service has nothing left to do."""

import httpx
import trio

from benchmarks.load.metrics import parse

EMPTY = ("itten_places_taken", "itten_jobs_kept_open", "itten_listeners")  # when all is over
LOOK_S = 0.1


async def left(http: httpx.AsyncClient, within_s: float) -> dict[str, float]:
    """Wait until nothing is under way; the gauges that are not 0 after so many seconds."""
    found: dict[str, float] = {}
    with trio.move_on_after(within_s):
        while True:
            values = parse((await http.get("/metrics")).text).values
            found = {name: values[name] for name in EMPTY if values[name]}
            if not found:
                break
            await trio.sleep(LOOK_S)
    return found
