"""A service with two real workers, of which one is killed again and again."""

import itertools
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.e2e.pictures import drawing, packed, photograph
from tests.e2e.served import (
    LONG_S,
    LONGEST,
    LONGEST_S,
    READY_S,
    Served,
    free_port,
    served,
    until,
)
from tests.e2e.test_data import HARD

pytestmark = pytest.mark.long

PHOTO, SOURCE, INK = (packed(each) for each in (photograph(300, 260), photograph(96, 96),
                                                drawing(160, 120)))  # fmt: skip
Body = dict[str, Any]  # what httpx is given of a request
WORK: dict[str, Body] = {
    "self": {"data": {"kind": "shade", "passes": 4}, "files": {"target": ("p.png", PHOTO)}},
    "cross": {
        "data": {"kind": "shade", "passes": 4},
        "files": {"target": ("p.png", PHOTO), "source": ("s.png", SOURCE)},
    },
    "field": {"data": {"kind": "field"}, "files": {"target": ("p.png", PHOTO)}},
    "graph.expand": {"json": {"kind": "graph.expand", "graph": HARD, "params": {"radius": 4}}},
}
KILLS, ENOUGH = 3, 10  # times that a worker is killed, and jobs that are accepted meanwhile
DEADLINES = (6, 8, 10, 12, LONG_S)  # seconds


@dataclass
class Worker:
    """`itten worker`, which is started again when it was killed."""

    address: str
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        options = ["--listen", self.address, "--device", "cpu", "--threads", "1"]
        self.process = subprocess.Popen([sys.executable, "-m", "service", "worker", *options])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Pair:
    """A service and its workers: one at a UNIX socket, one at a port."""

    service: Served
    client: httpx.Client
    workers: list[Worker]

    def states(self) -> list[str]:
        answer = self.client.get("/readyz")
        assert answer.status_code == 200, answer.text
        return [each["state"] for each in answer.json()["workers"]]

    def both(self) -> None:
        """Return when both are ready, and have nothing to do."""
        until(lambda: self.states() == ["ready", "ready"], READY_S)
        until(lambda: sum(self.loads()) == 0)

    def loads(self) -> list[int]:
        """How many jobs each has."""
        lines = self.client.get("/metrics").text.splitlines()
        return [int(float(e.split()[-1])) for e in lines if e.startswith("itten_worker_jobs{")]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    place = tmp_path_factory.mktemp("pair")
    addresses = f"unix:{place / 'worker.sock'}", f"tcp://127.0.0.1:{free_port()}"
    workers = [Worker(each) for each in addresses]
    settings = {
        "ITTEN_WORKERS": ",".join(each.address for each in workers),
        **LONGEST,
        "ITTEN_LOG_LEVEL": "warning",
    }
    for each in workers:
        each.start()
    try:
        with (
            served(place / "data", **settings) as service,
            httpx.Client(base_url=service.url, timeout=2 * LONGEST_S) as client,
        ):
            found = Pair(service, client, workers)
            found.both()
            yield found
    finally:
        for each in workers:
            each.kill()


def started(pair: Pair, body: Body, **more: Any) -> str:
    """The address of a job that was accepted."""
    answer = pair.client.post("/jobs", headers={"Prefer": "respond-async"}, **changed(body, more))
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


def changed(body: Body, more: Body) -> Body:
    name = "json" if "json" in body else "data"
    return body | {name: body[name] | more}


def ended(pair: Pair, job: str) -> Body:
    """The document of a job at its end."""
    documents: list[Body] = [{}]

    def over() -> bool:
        documents[0] = pair.client.get(job, headers={"Prefer": "wait=5"}).json()
        return documents[0]["state"] not in ("queued", "running")

    until(over, 2 * LONGEST_S)
    return documents[0]


def answer_of(pair: Pair, job: str) -> bytes:
    """The bytes that a complete job has come to."""
    document = ended(pair, job)
    assert document["state"] == "complete", document
    return answered(pair, document)


def answered(pair: Pair, document: Body) -> bytes:
    """The bytes that a job has come to."""
    data = document["kind"] == "graph.expand"
    path = document["links"]["result" if data else "image"]
    answer = pair.client.get(path, headers={"Accept": "application/x-npz" if data else "image/png"})
    assert answer.status_code == 200, answer.text
    return answer.content


def loaded(pair: Pair, jobs: int) -> list[int]:
    """How many jobs each has, once there are so many."""
    found: list[list[int]] = []

    def enough() -> bool:
        found.append(pair.loads())
        return sum(found[-1]) == jobs

    until(enough)
    return found[-1]


@pytest.mark.parametrize("name", WORK)
def test_each_worker_and_both_one_after_the_other_come_to_the_same_bytes(pair: Pair, name: str):
    """The first, the second, and one that went on with the other when its worker was killed."""
    pair.both()
    work, found = WORK[name], []
    for _ in range(3):
        kills = len(found) == 2
        fill = started(pair, WORK["self"], passes=16, percentile=30 + len(found))
        before = loaded(pair, 1)
        job = started(pair, work)
        held = before.index(0)  # who has less to do takes it
        if kills:
            until(lambda: pair.client.get(job).json()["state"] != "queued")  # noqa: B023
            time.sleep(0.3)
            pair.workers[held].kill()
            assert "ready" in pair.states()
            pair.workers[held].start()
        found.append(answer_of(pair, job))
        pair.client.delete(fill)
        pair.client.delete(job)  # ended: what is kept of it goes
    assert found[0] == found[1] == found[2]


def test_nothing_is_lost_while_one_is_killed_again_and_again(pair: Pair):
    pair.both()
    accepted, refused, enough = [], [], threading.Event()
    kinds = list(WORK.values())

    def ask(number: int) -> tuple[int, str]:
        body = changed(kinds[number % len(kinds)], {"deadline_s": DEADLINES[number % 5]})
        if "json" in body:
            own: Body = {"params": {"radius": 4, "nodes": list(range(number, 40_000, 5))}}
        else:  # no two are the same work
            own = {"edge_threshold": 0.05 + 0.001 * number}
        body = changed(body, own)
        answer = pair.client.post("/jobs", headers={"Prefer": "respond-async"}, **body)
        assert answer.status_code in (202, 503), answer.text
        return answer.status_code, answer.headers.get("location", "")

    def load() -> None:
        for number in itertools.count():
            if enough.wait(1.0):
                return
            status, job = ask(number)
            (accepted if status == 202 else refused).append(job)

    def busy() -> bool:
        return pair.loads()[0] > 0

    with ThreadPoolExecutor(1) as threads:
        loading = threads.submit(load)
        try:
            for kill in range(KILLS):
                until(
                    lambda: loading.done() or (pair.states().count("ready") == 2 and busy()),
                    READY_S,
                )
                if loading.done():
                    break
                time.sleep(0.1 + 0.2 * kill)
                pair.workers[0].kill()
                until(lambda: pair.states() == ["missing", "ready"])
                pair.workers[0].start()
            until(lambda: loading.done() or len(accepted) > ENOUGH)
        finally:
            enough.set()
        loading.result()
    assert len(accepted) > ENOUGH
    documents = [ended(pair, job) for job in accepted]
    assert {each["state"] for each in documents} <= {"complete", "partial"}, documents
    assert "complete" in {each["state"] for each in documents}
    for each in documents:  # a map that was cut off before its first checkpoint has no values
        if each["state"] == "complete" or each["kind"] != "graph.expand":
            assert answered(pair, each)
