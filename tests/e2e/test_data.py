"""Jobs whose answer is data, through the real service and worker."""

import io
import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from PIL import Image

from service.client import Itten, ServiceError
from tests.e2e.served import LONG_S, PATIENCE_S, Served

pytestmark = pytest.mark.long

TERRITORY = {"generator": "territory"}
HARD = {"generator": "square", "params": {"rows": 200, "cols": 200}}  # seconds, with radius 5


@pytest.fixture
def client(service: Served) -> Iterator[httpx.Client]:
    service.wait_ready()
    with httpx.Client(base_url=service.url, timeout=PATIENCE_S) as client:
        yield client


def ended(client: httpx.Client, body: dict[str, Any], path: str = "/jobs") -> dict[str, Any]:
    """The document of a job that has ended."""
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def arrays(client: httpx.Client, job: dict[str, Any]) -> dict[str, np.ndarray]:
    answer = client.get(job["links"]["result"], headers={"Accept": "application/x-npz"})
    assert answer.status_code == 200, answer.text
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as file:
        return dict(file)


def test_an_expansion_map_is_that_of_networkx(client: httpx.Client):
    graph = nx.gnp_random_graph(60, 0.08, seed=4)
    src, dst = (list(ends) for ends in zip(*graph.edges, strict=True))
    sent = {"n": 60, "edges": {"src": src, "dst": dst}}
    job = ended(client, {"kind": "graph.expand", "graph": sent, "params": {"radius": 2}})
    assert (job["state"], job["result"]["done"]) == ("complete", 60)
    for node in range(0, 60, 7):
        ball = nx.ego_graph(graph, node, radius=2)
        assert job["result"]["ball_size"][node] == len(ball)
        if len(ball) > 1:
            values = np.linalg.eigvalsh(nx.laplacian_matrix(ball).toarray().astype(float))
            assert job["result"]["lambda2"][node] == pytest.approx(values[1], abs=1e-5 * values[-1])
    assert arrays(client, job)["lambda2"].tolist() == job["result"]["lambda2"]
    assert client.get(job["links"]["result"]).json() == job["result"]
    asked = {"kind": "graph.expand", "graph": sent, "params": {"radius": 2}}
    answer = client.post("/jobs", json=asked, headers={"Accept": "application/x-npz"})
    assert answer.headers["itten-status"] == "complete"
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as file:
        assert file["lambda2"].tolist() == job["result"]["lambda2"]


def test_a_graph_may_be_an_npz_and_its_pairs_are_those_of_scipy(client: httpx.Client):
    matrix = scipy.sparse.csr_array(nx.to_scipy_sparse_array(nx.hexagonal_lattice_graph(7, 9)))
    file = io.BytesIO()
    np.savez(file, indptr=matrix.indptr, indices=matrix.indices)
    spec = {"kind": "graph.fiedler", "params": {"k": 3, "tolerance": 1e-6}}
    files = {"graph": ("hex.npz", file.getvalue()), "spec": (None, json.dumps(spec))}
    answer = client.post("/jobs", files=files)
    assert answer.status_code == 200, answer.text
    job = answer.json()
    laplacian = scipy.sparse.csgraph.laplacian(matrix).toarray()
    exact = np.linalg.eigvalsh(laplacian)[1:4]
    (solved,) = job["result"]["solved"]
    assert np.allclose(solved["values"], exact, rtol=1e-4)
    vectors = arrays(client, job)["vectors"]
    residual = np.linalg.norm(laplacian @ vectors[0] - exact[0] * vectors[0])
    assert residual <= 1e-5 * exact[0]
    assert (job["name"], job["input"]["nodes"]) == ("hex", matrix.shape[0])


def test_ways_lattices_and_ranks(client: httpx.Client):
    queries = [[0, 420], [7, 300]]
    for method in ("harmonic", "dijkstra", "local"):
        params = {"queries": queries, "method": method}
        job = ended(client, {"kind": "graph.path", "graph": TERRITORY, "params": params})
        assert job["result"]["reached"] == [True, True] or method == "local"
        assert min(ratio for ratio in job["result"]["cost_ratio"] if ratio) >= 1
    asked = {"kind": "lattice.extrude", "graph": TERRITORY, "params": {"theta": 0.5}}
    job = ended(client, asked)
    assert job["result"]["types"] == {"square": 48, "triangle": 14, "hex": 359}
    assert np.bincount(job["result"]["layer"]).tolist() == [8, 6, 12, 20, 148, 227]
    assert (len(job["result"]["base"]), len(job["result"]["src"])) == (2238, 4927)
    x = [[3, 1, None, 2], [0, 0, 5, -1]]
    job = ended(client, {"kind": "rankk", "x": x, "params": {"kind": "bottom", "k": 2}})
    assert job["result"]["values"] == [[1, 2], [-1, 0]]
    assert job["result"]["indices"] == [[1, 3], [3, 0]]


def test_pictures_of_eggs(client: httpx.Client):
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), (255, 0, 0)).save(picture, "PNG")
    spec = {"kind": "render.egg", "params": {"size": 64}}
    files = {"texture": ("red.png", picture.getvalue()), "spec": (None, json.dumps(spec))}
    job = client.post("/jobs", files=files).json()
    egg = np.array(Image.open(io.BytesIO(client.get(job["links"]["image"]).content)))
    assert egg.shape == (64, 64, 3)
    assert egg[32, 32, 0] > 2 * egg[32, 32, 1]
    texture = {"job": job["id"]}
    again = ended(client, {"kind": "render.egg", "texture": texture, "params": {"front": True}})
    assert again["state"] == "complete"
    asked = {"kind": "render.egg", "texture": {"job": job["id"], "channel": 5}}
    assert client.post("/jobs", json=asked).json()["errors"][0]["field"] == "texture"
    assert client.post("/jobs", json=asked | {"texture": {"job": "nobody-s"}}).status_code == 404
    job = ended(client, {"kind": "texture.synth", "params": {"size": 32, "egg_size": 64}})
    assert (job["state"], job["result"]["k_used"]) == ("complete", 8)
    made = arrays(client, job)
    assert made["height"].shape == (32, 32, 1)
    assert client.get(job["links"]["image"]).headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "graph.expnd"}, "kind"),
        ({"kind": "graph.expand"}, "graph"),
        ({"kind": "graph.expand", "graph": TERRITORY, "params": {"radius": 7}}, "params.radius"),
        ({"kind": "graph.expand", "graph": TERRITORY, "params": {"nodes": [421]}},
         "params.nodes[0]"),
        ({"kind": "graph.expand", "graph": TERRITORY, "params": []}, "params"),
        ({"kind": "graph.expand", "graph": TERRITORY, "deadline_s": 0}, "deadline_s"),
        ({"kind": "graph.expand", "graph": TERRITORY, "x": [[1]]}, "x"),
        ({"kind": "graph.expand", "graph": {"n": 2, "edges": {"src": [0, 2], "dst": [1, 1]}}},
         "graph.edges.src[1]"),
        ({"kind": "graph.expand", "graph": HARD | {"params": {"rows": 0, "cols": 1}}},
         "graph.params.rows"),
        ({"kind": "graph.path", "graph": TERRITORY}, "params.queries"),
        ({"kind": "graph.path", "graph": TERRITORY, "params": {"queries": [[0, 1], [0]]}},
         "params.queries[1]"),
        ({"kind": "graph.expand", "graph": TERRITORY, "params": {"nodes": [0, 2**70]}},
         "params.nodes[1]"),
        ({"kind": "rankk", "x": [[1, 2], [3]]}, "x[1]"),
        ({"kind": "rankk", "x": [[1, 2], [3, 1e39]]}, "x[1][1]"),
        ({"kind": "rankk", "x": [[1, 2]], "params": {"k": 3}}, "params.k"),
        ({"kind": "lattice.build", "graph": {"generator": "gnp", "params": {"n": 9, "p": 0.5}}},
         "graph.coords"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(client: httpx.Client, body: dict[str, Any], field: str):
    answer = client.post("/jobs", json=body)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_the_picture_that_is_none_is_named(client: httpx.Client):
    form = {"kind": "render.egg"}
    fine = io.BytesIO()
    Image.new("RGB", (4, 4)).save(fine, "PNG")
    for file, status in ((b"\x00no picture", 415), (fine.getvalue()[:40], 422)):
        files = {"texture": ("t.png", fine.getvalue()), "normals": ("n.png", file)}
        answer = client.post("/jobs", data=form, files=files)
        assert answer.status_code == status, answer.text
        assert answer.json()["detail"].startswith("normals: ")


def test_the_address_may_say_what_a_body_of_json_does_not(client: httpx.Client):
    body = {"x": [[1, 2]], "params": {"k": 1}}
    job = client.post("/jobs?kind=rankk&deadline_s=2", json=body).json()
    assert (job["kind"], job["deadline_s"], job["state"]) == ("rankk", 2, "complete")
    for wrong in ("kind=rankk&k=2", "kind=rankk&params=%7B%7D", "kind=rankk&deadline_s=soon"):
        answer = client.post(f"/jobs?{wrong}", json=body)
        assert answer.status_code == 422, answer.text
        name = wrong.split("&")[1].split("=")[0]
        assert [each["field"] for each in answer.json()["errors"]] == [name]


def completed(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """The last of the jobs that go on from this one."""
    for _ in range(20):
        if job["state"] == "complete":
            return job
        assert job["state"] == "partial", job
        job = ended(client, {"deadline_s": LONG_S}, job["links"]["resume"])
    raise AssertionError(job)


def cut(client: httpx.Client, asked: dict[str, Any], deadline_s: float) -> dict[str, Any]:
    """The document of a job that had little time; more where that is too little to read it."""
    while deadline_s < LONG_S:
        answer = client.post("/jobs", json=asked | {"deadline_s": deadline_s})
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            assert answer.status_code == httpx.codes.OK, answer.text
            document: dict[str, Any] = answer.json()
            return document
        deadline_s *= 2
    raise AssertionError(answer.text)


def begun(client: httpx.Client, asked: dict[str, Any], deadline_s: float) -> dict[str, Any]:
    """A partial job that has come to something, by a longer deadline on a slow machine."""
    while deadline_s < LONG_S:
        part = cut(client, asked, deadline_s)
        assert part["state"] == "partial"
        if part["progress"]["tiles_done"]:
            return part
        deadline_s *= 2
    raise AssertionError(part)


def test_parts_of_a_map_come_to_the_same_bytes_also_after_a_kill(
    client: httpx.Client, service: Served
):
    asked = {"kind": "graph.expand", "graph": HARD, "params": {"radius": 5}}
    part = begun(client, asked, 1)
    lambda2 = arrays(client, part)["lambda2"]
    assert 0 < np.isfinite(lambda2).sum() == part["result"]["done"] < 40_000
    asynchronous = {"Prefer": "respond-async"}
    answer = client.post(part["links"]["resume"], json={"deadline_s": LONG_S}, headers=asynchronous)
    running = answer.json()
    with client.stream(
        "GET", running["links"]["events"], headers={"Accept": "text/event-stream"}
    ) as events:
        lines = (line for line in events.iter_lines() if line.startswith("data: "))
        told = (json.loads(line[6:]) for line in lines)
        patch = next(
            each["data"] for each in told if each["type"] == "patch" and each["data"]["idx"]
        )
        assert patch["done"] >= part["result"]["done"]
        assert len(patch["idx"]) == len(patch["lambda2"])
        os.kill(service.worker_pid(), signal.SIGKILL)
        *_, last = told
    assert last["type"] in ("complete", "partial")
    assert last["data"]["progress"]["tiles_done"] >= part["result"]["done"]
    service.wait_ready()
    job = completed(client, client.get(running["links"]["self"]).json())
    once = completed(client, ended(client, asked | {"graph": HARD, "deadline_s": LONG_S}))
    for name, values in arrays(client, job).items():
        assert values.tobytes() == arrays(client, once)[name].tobytes(), name


def test_a_job_goes_on_as_it_began(client: httpx.Client):
    asked = {"kind": "graph.expand", "graph": HARD, "params": {"radius": 6}, "deadline_s": 2}
    part = cut(client, asked, 0.5)
    assert part["state"] == "partial"
    answer = client.post(part["links"]["resume"], json={"params": {"radius": 5}})
    assert answer.status_code == 409, answer.text
    for said in ({"kind": "graph.expand"}, {"deadline_s": "soon"}, {"graph": "{}"}):
        answer = client.post(part["links"]["resume"], data=said)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == list(said)
    answer = client.put("/jobs/my-own-map-1", json=asked)
    assert answer.status_code == 201, answer.text
    assert client.put("/jobs/my-own-map-1", json=asked | {"deadline_s": 3}).status_code in (
        200,
        202,
    )
    other = asked | {"params": {"radius": 4}}
    assert client.put("/jobs/my-own-map-1", json=other).status_code == 409
    assert client.delete("/jobs/my-own-map-1").status_code == 204


def test_a_client_computes_and_resumes(service: Served):
    with Itten(service.url) as itten:
        answer = itten.compute("graph.expand", {"radius": 1}, graph=TERRITORY)
        assert (answer.status, answer.done) == ("complete", (421, 421))
        assert answer.arrays()["lambda2"].tolist() == answer.result["lambda2"]
        part = None
        for deadline_s in (1, 3, 9, 27):  # the longer ones for a machine that is as much slower
            with itten.start(
                "graph.expand", {"radius": 6}, deadline_s=deadline_s, graph=HARD
            ) as job:
                assert job.wait().state == "partial"
            with suppress(ServiceError):  # its worker did not come to answer
                part = job.answer()
            if part is not None and part.done.done:
                break
        assert part is not None
        assert part.status == "partial"
        rest = part.job.resume(deadline_s=deadline_s).answer()
        assert rest.done.done >= part.done.done
        with pytest.raises(ServiceError) as caught:
            itten.compute("graph.expand", {"radius": 0}, graph=TERRITORY)
        assert caught.value.errors[0].field == "params.radius"


def test_a_large_graph_is_answered_by_the_deadline(client: httpx.Client):
    graph = {"generator": "square", "params": {"rows": 1200, "cols": 1200}}
    job = begun(client, {"kind": "graph.expand", "graph": graph}, 6)
    assert job["result"]["lambda2"] == {"npz": job["links"]["result"]}
