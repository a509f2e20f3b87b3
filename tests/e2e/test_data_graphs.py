"""The graph of a job, as the service gives it back."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.e2e.served import PATIENCE_S, PATIENT, served

pytestmark = pytest.mark.long

NPZ = {"Accept": "application/x-npz"}
WEIGHTED = {
    "n": 4,
    "edges": {"src": [0, 1, 2], "dst": [1, 2, 3], "w": [1.0, 0.5, 0.25]},
    "coords": [[0, 0], [1, 0], [2, 0.5], [3, 1]],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("data"), "--device", "cpu", **PATIENT) as service:
        service.wait_ready()
        with httpx.Client(base_url=service.url, timeout=PATIENCE_S) as client:
            yield client


def started(client: httpx.Client, **parts: Any) -> dict[str, Any]:
    answer = client.post("/jobs", json={"kind": "graph.expand"} | parts)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_it_has_edges_weights_and_coordinates_and_may_be_sent_again(client: httpx.Client) -> None:
    job = started(client, graph=WEIGHTED)
    file = client.get(job["links"]["graph"], headers=NPZ)
    assert file.status_code == 200
    assert "graph.npz" in file.headers["Content-Disposition"]
    with np.load(io.BytesIO(file.content)) as graph:
        assert graph["indptr"].tolist() == [0, 1, 3, 5, 6]
        assert graph["indices"].tolist() == [1, 0, 2, 1, 3, 2]
        assert graph["data"].tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25]
        assert graph["coords"].tolist() == WEIGHTED["coords"]
    form = {"spec": '{"kind": "graph.expand"}'}
    again = client.post("/jobs", data=form, files={"graph": ("graph.npz", file.content)})
    assert again.json()["result"] == job["result"]
    tag = {"If-None-Match": file.headers["ETag"]}
    assert client.get(job["links"]["graph"], headers=NPZ | tag).status_code == 304


def test_many_coordinates_are_not_kept(client: httpx.Client) -> None:
    graph = {"generator": "square", "params": {"rows": 800, "cols": 800}}
    job = started(client, graph=graph, deadline_s=1, params={"nodes": [0, 1]})
    with np.load(io.BytesIO(client.get(job["links"]["graph"]).content)) as file:
        assert sorted(file.files) == ["indices", "indptr"]


def test_where_there_is_none(client: httpx.Client) -> None:
    body = {"kind": "rankk", "x": [[1, 2], [3, 4]]}
    job = client.post("/jobs", json=body).json()
    assert "graph" not in job["links"]
    missing = client.get(f"{job['links']['self']}/graph", headers=NPZ)
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    assert client.get("/jobs/none-such-1/graph", headers=NPZ).status_code == 404
    assert client.get(f"{job['links']['self']}/graph?x=1", headers=NPZ).status_code == 404
