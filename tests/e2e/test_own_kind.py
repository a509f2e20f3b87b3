"""A kind that a test alone registers runs like any other."""

import sys
import tempfile
from pathlib import Path

import httpx
import trio

from service.parts import open_parts
from service.settings import Settings
from tests.e2e.own_kind import KIND
from tests.e2e.served import LONG_S, PATIENCE_S, READY_S
from tests.service import house
from worker.wire.jobs import KINDS, register


async def test_a_kind_is_one_module():
    register(KIND)  # for the service, which is this process
    command = [sys.executable, "-m", "tests.e2e.own_kind"]
    try:
        with trio.fail_after(READY_S + PATIENCE_S), tempfile.TemporaryDirectory() as directory:
            settings = Settings(data=Path(directory), port=0, max_deadline_s=LONG_S)
            async with open_parts(settings, command) as desk, house._served(desk) as port:
                await desk.link.wait_ready()
                url = f"http://127.0.0.1:{port}"
                async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
                    asked = {"kind": "test.sums", "x": [[1, 2], [3, 4]], "params": {"factor": 2}}
                    wait = {"Prefer": f"wait={LONG_S:.0f}"}
                    answer = await client.post("/jobs", json=asked, headers=wait)
                    assert answer.json()["result"]["sums"] == [6, 14], answer.text
                    described = (await client.get("/openapi.json")).text
                    assert "test.sums" in described
                    asked["params"] = {"factors": 2}
                    answer = await client.post("/jobs", json=asked)
                    assert [e["field"] for e in answer.json()["errors"]] == ["params.factors"]
    finally:
        del KINDS[KIND.name]
