"""Whatever clients do, in whatever order and over restarts: every job stays what it was told to be.

`ITTEN_EXAMPLES=200` makes it 200 runs of many steps; without it, it is over in seconds.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from benchmarks.load.metrics import parse
from tests.service.house import png, unpacked
from tests.service.restarted import MOST_S, SLACK_S, Site

EXAMPLES = int(os.environ.get("ITTEN_EXAMPLES", "3"))
STEPS, RESTARTS = 30, 3  # of a run, at most
RED = 10, 60, 200  # of the pictures; the worker inverts them pass by pass
ENDS = "complete", "partial", "failed", "cancelled"
ASYNC = {"Prefer": "respond-async"}
PICTURES = st.integers(0, len(RED) - 1)
PASSES = st.sampled_from([1, 2, 4, 16])  # of 80 ms each
DEADLINES = st.sampled_from([0.3, 1.0, 3.0])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place = tmp_path_factory.mktemp("machine")
    address = f"unix:{place / 'worker.sock'}"
    command = [sys.executable, "-m", "tests.service.shade_worker", "slow", "--listen", address]
    with subprocess.Popen(command) as worker:
        site = Site(place / "data", address)
        site.start()
        try:
            yield site
            site.end(signal.SIGTERM)
        finally:
            site.process.kill()
            worker.terminate()


def test_jobs_are_what_was_told_of_them_whatever_happens(site: Site):
    run_state_machine_as_test(
        lambda: Machine(site),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            derandomize=EXAMPLES < 10,
            phases=[Phase.generate],  # what happened once may not happen again
            suppress_health_check=list(HealthCheck),
        ),
    )


# --- the model -----------------------------------------------------------------------------------


@dataclass(eq=False)
class Known:
    """A job as its clients know it."""

    id: str
    picture: int
    passes: int
    deadline_s: float
    began: float
    earlier: "Known | None" = None
    ended: dict[str, Any] | None = None  # the document of its end, once it was seen
    removed: bool = False

    @property
    def path(self) -> str:
        return f"/jobs/{self.id}"


def late(answer: httpx.Response) -> bool:
    """Whether no job began: a machine that is busy may not even read the picture in time."""
    if answer.status_code == 503:
        assert "deadline came before" in answer.json()["detail"], answer.text
    return answer.status_code == 503


def accepted(answer: httpx.Response) -> bool:
    """Whether a job began; otherwise it was too late for it."""
    if late(answer):
        return False
    assert answer.status_code == 202, answer.text
    return True


class Machine(RuleBasedStateMachine):
    """Clients of one service."""

    jobs: Bundle[Known] = Bundle("jobs")
    runs = 0

    def __init__(self, site: Site) -> None:
        super().__init__()
        Machine.runs += 1
        self.site, self.known, self.restarts = site, list[Known](), 0

    # --- what clients do -----------------------------------------------------------------------

    @rule(target=jobs, picture=PICTURES, passes=PASSES, deadline_s=DEADLINES)
    def submit(self, picture: int, passes: int, deadline_s: float) -> Any:
        answer = self._send("POST", "/jobs", picture, passes, deadline_s, kind="shade")
        if not accepted(answer):
            return multiple()
        return self._new(answer.headers["itten-job"], picture, passes, deadline_s)

    @rule(picture=PICTURES, passes=st.sampled_from([1, 2]))
    def shade_and_wait(self, picture: int, passes: int) -> None:
        answer = self._send("POST", "/shade", picture, passes, 3.0)
        if late(answer):
            return
        assert answer.status_code == 200, answer.text
        done = int(answer.headers["itten-passes"].split("/")[0])
        assert red(answer) == shaded(RED[picture], done)

    @rule(
        target=jobs,
        slot=st.integers(0, 2),
        picture=PICTURES,
        passes=st.sampled_from([1, 4]),
        deadline_s=DEADLINES,
    )
    def put(self, slot: int, picture: int, passes: int, deadline_s: float) -> Any:
        job = f"machine-{Machine.runs}-{slot}"
        before = next((each for each in self.known if each.id == job and not each.removed), None)
        answer = self._send("PUT", f"/jobs/{job}", picture, passes, deadline_s, kind="shade")
        if before is None:
            if not accepted(answer):
                return multiple()
            return self._new(job, picture, passes, deadline_s)
        same = (before.picture, before.passes) == (picture, passes)
        assert answer.status_code in ((200, 202) if same else (409,)), answer.text
        if same:
            self._check(before, answer.json())
        return multiple()

    @rule(job=jobs)
    def look(self, job: Known) -> None:
        self._document(job)

    @rule(job=jobs)
    def wait(self, job: Known) -> None:
        self._wait(job)

    @rule(job=jobs)
    def cancel_or_remove(self, job: Known) -> None:
        if job.removed:  # its id may be another job's by now
            return
        before = self._document(job)
        assert self.site.client.delete(job.path).status_code == 204
        answer = self.site.client.get(job.path)
        if before and before["state"] in ENDS:
            assert answer.status_code == 410
        job.removed = answer.status_code == 410
        if not job.removed:
            assert answer.json()["state"] == "cancelled"
            self._check(job, answer.json())

    @rule(job=consumes(jobs))
    def remove_for_good(self, job: Known) -> None:
        if job.removed:
            return
        for _ in range(2):
            assert self.site.client.delete(job.path).status_code == 204
        assert self.site.client.get(job.path).status_code == 410
        job.removed = True

    @rule(picture=PICTURES, patience_s=st.sampled_from([0.0, 0.02, 0.1]))
    def hang_up(self, picture: int, patience_s: float) -> None:
        url, image = urlsplit(str(self.site.client.base_url)), png(colour=(RED[picture], 1, 2))
        head = f"POST /shade?passes=16 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(image)}\r\n"
        with socket.create_connection((url.hostname, url.port or 80)) as plain:
            plain.sendall(head.encode() + b"Content-Type: image/png\r\n\r\n" + image)
            time.sleep(patience_s)

    @rule(target=jobs, job=jobs, deadline_s=DEADLINES)
    def resume(self, job: Known, deadline_s: float) -> Any:
        before = self._document(job)
        if before is None:
            return multiple()
        answer = self.site.client.post(f"{job.path}/resume", params={"deadline_s": deadline_s})
        if late(answer):
            return multiple()
        if before["state"] in ENDS and before["state"] != "partial":
            assert answer.status_code == 409
        elif before["state"] == "partial" and "retry-after" not in answer.headers:
            assert answer.status_code == 202, answer.text
        if answer.status_code != 202:
            assert answer.status_code == 409, answer.text
            return multiple()
        later = self._new(answer.headers["itten-job"], job.picture, job.passes, deadline_s)
        later.earlier = job
        assert answer.json()["resumed_from"] == job.id
        return later

    # --- what operators do ---------------------------------------------------------------------

    @precondition(lambda self: self.restarts < RESTARTS)
    @rule(
        target=jobs,
        picture=PICTURES,
        number=st.sampled_from([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]),
        after_s=st.sampled_from([0.0, 0.15, 0.4]),
    )
    def restart(self, picture: int, number: signal.Signals, after_s: float) -> Any:
        """With a job under way that needs longer."""
        self.restarts += 1
        running = self.submit(picture, 16, 3.0)
        time.sleep(after_s)
        self.site.end(number)
        self.site.start()
        for job in self.known:
            document = self._document(job)
            assert document is None or document["state"] in ENDS, document
        return running

    def teardown(self) -> None:
        """All ends as it should, and nothing is left over."""
        for job in self.known:
            self._wait(job)
        give_up = time.monotonic() + MOST_S + SLACK_S
        names = ("itten_places_taken", "itten_jobs_kept_open", "itten_listeners")
        while any(left := [parse(self._get("/metrics").text).values[name] for name in names]):
            assert time.monotonic() < give_up, dict(zip(names, left, strict=True))
            time.sleep(0.02)

    # --- what must be so -----------------------------------------------------------------------

    def _wait(self, job: Known) -> None:
        while (document := self._document(job)) and document["state"] not in ENDS:
            assert time.monotonic() < job.began + job.deadline_s + SLACK_S, document
            time.sleep(0.02)

    def _document(self, job: Known) -> dict[str, Any] | None:
        """Its document; None where it was removed."""
        answer = self._get(job.path)
        if job.removed:
            assert answer.status_code in (200, 410)  # 200: its id was taken again
            return None
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        self._check(job, document)
        return document

    def _check(self, job: Known, document: dict[str, Any]) -> None:
        progress = document["progress"]
        assert (document["id"], document["kind"]) == (job.id, "shade")
        assert document.get("resumed_from") == (job.earlier.id if job.earlier else None)
        assert progress["tiles_done"] <= progress["tiles_total"] or not progress["tiles_total"]
        assert progress["passes_done"] <= job.passes
        if document["state"] not in ENDS:
            assert job.ended is None, "a job that had ended goes on"
            return
        if job.ended is None:
            job.ended = document
            self._check_end(job, document)
        for name in ("state", "status_reason", "progress", "problem"):
            assert document.get(name) == job.ended.get(name), name

    def _check_end(self, job: Known, document: dict[str, Any]) -> None:
        done, state = document["progress"]["passes_done"], document["state"]
        image = self._get(f"{job.path}/image")
        if state in ("failed", "cancelled"):
            assert document["status_reason"]
            assert image.status_code == 409
            return
        assert done == job.passes or state == "partial"
        assert image.status_code == 200, image.text
        assert red(image) == shaded(RED[job.picture], done)
        if job.earlier is not None and job.earlier.ended is not None:
            assert done >= job.earlier.ended["progress"]["passes_done"]

    # --- how it is asked -----------------------------------------------------------------------

    def _new(self, job: str, picture: int, passes: int, deadline_s: float) -> Known:
        known = Known(job, picture, passes, deadline_s, time.monotonic())
        self.known.append(known)
        return known

    def _get(self, path: str) -> httpx.Response:
        return self.site.client.get(path)

    def _send(
        self, method: str, path: str, picture: int, passes: int, deadline_s: float, **more: str
    ) -> httpx.Response:
        return self.site.client.request(
            method,
            path,
            params={"passes": passes, "deadline_s": deadline_s} | more,
            content=png(colour=(RED[picture], 1, 2)),
            headers={"Content-Type": "image/png"},
        )


def red(answer: httpx.Response) -> int:
    return int(unpacked(answer.content)[0, 0, 0])


def shaded(red: int, passes: int) -> int:
    """What the worker makes of a red."""
    return 255 - red if passes % 2 else red
