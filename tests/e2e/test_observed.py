"""What the real worker says of itself."""

import re

import httpx
import pytest
import trio

from tests.e2e.pictures import packed, photograph
from tests.e2e.served import PATIENCE_S, Served

pytestmark = pytest.mark.long


async def worker_counts(client: httpx.AsyncClient) -> dict[str, float]:
    """The worker's metrics by the rest of their name."""
    text = (await client.get("/metrics")).text
    found = re.findall(r'\nitten_worker_(\w+)\{(?:of="process",)?worker="child"\} (\S+)', text)
    return {name: float(value) for name, value in found}


async def test_tiles_batches_and_memory(client: httpx.AsyncClient, itten: Served):
    before = await worker_counts(client)
    answer = await client.post("/field", files={"target": packed(photograph(200, 160))})
    done, total = map(int, answer.headers["itten-tiles"].split("/"))
    assert done == total
    with trio.fail_after(PATIENCE_S):
        while True:
            after = await worker_counts(client)
            if after["tiles_total"] >= before.get("tiles_total", 0.0) + total:
                break
            await trio.sleep(0.1)
    assert after["iterations_total"] > before.get("iterations_total", 0.0)
    assert after["batch_room_total"] >= after["batch_tiles_total"] >= after["batch_jobs_total"] > 0
    assert after["batch_jobs_total"] >= after["batches_total"] > 0
    assert after["turns_total"] > after["batches_total"]
    assert after["memory_bytes"] > 1e8
