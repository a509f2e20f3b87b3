"""`POST /jobs` and `PUT /jobs/{id}`, through the whole service."""

import json
from typing import Any

import httpx
import pytest
import trio

from tests.service.house import PATIENCE_S, House, assert_problem, house, png, unpacked
from tests.service.shade_worker import TILES
from tests.service.web.test_uploads import errors

ID = "a-name_of-mine-1"
FILES = {"target": ("photo.png", png())}
WAIT = {"Prefer": "wait=60"}


async def put(service: House, job: str = ID, **request: Any) -> httpx.Response:
    options = {"files": FILES, "data": {"kind": "shade", "passes": "2"}} | request
    return await service.client.put(f"/jobs/{job}", **options)


async def test_every_way_to_send_a_job_of_a_kind_is_understood(site: httpx.AsyncClient):
    spec = '{"kind": "shade", "passes": 2}'
    image = {"Content-Type": "image/png"} | WAIT
    for answer in (
        await site.post("/jobs", files=FILES, data={"kind": "shade", "passes": "2"}, headers=WAIT),
        await site.post("/jobs", files=FILES | {"spec": ("s.json", spec)}, headers=WAIT),
        await site.post("/jobs", files=FILES, data={"spec": spec}, headers=WAIT),
        await site.post("/jobs?kind=shade", files=FILES, data={"passes": "2"}, headers=WAIT),
        await site.post("/jobs?kind=shade&passes=2", content=png(), headers=image),
        await site.post("/jobs", params={"spec": spec}, content=png(), headers=image),
    ):
        assert answer.status_code == 200, answer.text
        job = answer.json()
        assert answer.headers["location"] == job["links"]["self"]
        assert answer.headers["itten-job"] == job["id"]
        assert answer.headers["preference-applied"] == WAIT["Prefer"]
        assert (job["kind"], job["state"]) == ("shade", "complete")
        assert job["progress"]["passes_total"] == 2


@pytest.mark.parametrize(
    ("query", "body", "wrong"),
    [
        ("kind=rankk&deadline_s=soon", {"x": [[1]]}, "deadline_s"),
        ("kind=rankk&deadline_s=2", {"x": [[1]], "deadline_s": 1}, "deadline_s"),
        ("kind=rankk&k=1", {"x": [[1]]}, "k"),
        ("kind=rankk&params=%7B%22k%22%3A2%7D", {"x": [[1]]}, "params.k"),
        (
            "",
            {"kind": "graph.expand", "graph": {}, "params": {"nodes": [2**70]}},
            "params.nodes[0]",
        ),
        ("", {"kind": "graph.expand", "graph": {}, "params": {"order": "any"}}, "params.order"),
        ("", {"kind": "lattice.egg", "texture": {"job": "somebody-s-1"}}, "texture"),
    ],
)
async def test_what_is_wrong_with_a_job_of_data_is_named(
    site: httpx.AsyncClient, query: str, body: dict[str, Any], wrong: str
):
    answer = await site.post(f"/jobs?{query}", json=body)
    assert list(errors(answer)) == [wrong]


async def test_a_field_and_a_source_are_taken_too(site: httpx.AsyncClient):
    files = FILES | {"spec": (None, '{"kind": "field", "render": "ranks"}', "application/json")}
    answer = await site.post("/jobs", files=files, headers=WAIT)
    assert answer.json()["kind"] == "field"
    files = FILES | {"source": ("s.png", png(5, 7, (9, 8, 7)))}
    answer = await site.post("/jobs", files=files, data={"kind": "shade"}, headers=WAIT)
    image = await site.get(f"{answer.headers['location']}/image")
    assert unpacked(image.content)[0, 0].tolist() == [9, 8, 7]
    answer = await site.post("/jobs", files=files, data={"kind": "field"})
    assert "source" in errors(answer)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "kind"),
        ({"kind": "cook"}, "kind"),
        ({"kind": "shade", "spec": '{"kind": "shade"}'}, "kind"),
        ({"spec": '{"kind": 7}'}, "kind"),
        ({"spec": '{"kind": ["shade"]}'}, "kind"),
        ({"kind": ["shade", "shade"]}, "kind"),
        ({"kind": "shade", "pases": "4"}, "pases"),
        ({"kind": "shade", "render": "ranks"}, "render"),
        ({"spec": '{"kind": "shade", "passes": 17}'}, "passes"),
    ],
)
async def test_a_bad_spec_is_refused_by_the_name_of_the_field(
    site: httpx.AsyncClient, data: Any, field: str
):
    for answer in (
        await site.post("/jobs", files=FILES, data=data),
        await site.put("/jobs/never-existed", files=FILES, data=data),
    ):
        assert field in errors(answer)
    assert (await site.get("/jobs/never-existed")).status_code == 404


async def test_other_calls_take_no_kind(site: httpx.AsyncClient):
    assert "kind" in errors(await site.post("/shade", files=FILES, data={"kind": "shade"}))


async def test_json_alone_is_told_what_is_missing(site: httpx.AsyncClient):
    answer = await site.post("/jobs", json={"kind": "shade", "passes": 2})
    assert "multipart/form-data" in errors(answer)["target"]
    assert "kind" in errors(await site.post("/jobs", json={}))
    json_type = {"Content-Type": "application/json"}
    answer = await site.post("/jobs", content=b"{", headers=json_type)
    assert_problem(answer, 400, "malformed-request")
    assert "target" in errors(await site.post("/jobs", files={"spec": (None, '{"kind": "shade"}')}))
    answer = await site.post("/jobs", content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert_problem(answer, 415, "unsupported-format")
    assert_problem(await site.post("/shade", json={"passes": 2}), 415, "unsupported-format")


async def test_a_job_is_answered_at_once_and_waited_for_as_long_as_was_asked():
    async with house("slow") as service:
        service.hold()
        data = {"kind": "shade", "passes": "16"}
        for headers in ({}, {"Prefer": "wait=0"}, {"Prefer": "respond-async"}):
            answer = await service.client.post("/jobs", files=FILES, data=data, headers=headers)
            assert answer.status_code == 202
            assert answer.json()["state"] in ("queued", "running")
            assert answer.headers.get("preference-applied") == headers.get("Prefer")
            await service.client.delete(answer.headers["location"])


async def test_put_makes_a_job_once_and_shows_it_ever_after():
    async with house("slow") as service:
        first = await put(service)
        assert first.status_code == 202
        assert first.headers["location"] == f"/jobs/{ID}"
        assert first.json()["id"] == ID
        again = await put(service, headers=WAIT)
        assert again.status_code == 200
        assert again.json()["state"] == "complete"
        await service.wait_idle()
        after = await put(service, data={"kind": "shade", "passes": "2", "deadline_s": "3"})
        assert after.status_code == 200
        assert after.json()["created"] == first.json()["created"]
        assert len((await service.client.get("/jobs")).json()["jobs"]) == 1
        new = await put(service, f"{ID}x", headers=WAIT)
        assert (new.status_code, new.json()["state"]) == (201, "complete")


async def test_the_same_content_said_otherwise_is_the_same():
    async with house() as service:
        await put(service, headers=WAIT)
        spec = {"kind": "shade", "passes": 2.0, "quality": "standard", "overlap": 16}
        files = {"target": ("other-name.png", png()), "spec": ("s", json.dumps(spec))}
        assert (await put(service, files=files, data={})).status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        {"data": {"kind": "shade", "passes": "3"}},
        {"data": {"kind": "field"}},
        {"data": {"kind": "shade", "passes": "2", "max_side": "64"}},
        {"files": {"target": ("photo.png", png(colour=(1, 2, 3)))}},
        {"files": FILES | {"source": ("photo.png", png())}},
    ],
)
async def test_put_of_other_content_is_a_conflict(request_: Any):
    async with house("slow") as service:
        service.hold()
        first = await put(service)
        assert_problem(await put(service, **request_), 409, "conflict")
        await service.client.delete(first.headers["location"])
        assert_problem(await put(service, **request_), 409, "conflict")
        assert len((await service.client.get("/jobs")).json()["jobs"]) == 1


async def test_put_of_an_id_at_once_from_many_sides_is_one_job():
    async with house("slow") as service:
        answers: list[httpx.Response] = []

        async def one(passes: int) -> None:
            data = {"kind": "shade", "passes": str(passes)}
            answers.append(await put(service, data=data, headers=WAIT))

        async with trio.open_nursery() as nursery:
            for number in range(12):
                nursery.start_soon(one, 2 + number % 2)
        codes = sorted(each.status_code for each in answers)
        assert codes == [200] * 5 + [201] + [409] * 6
        await service.wait_idle()
        assert len((await service.client.get("/jobs")).json()["jobs"]) == 1


async def test_a_put_that_was_refused_leaves_the_id_free():
    async with house("slow", max_queue=1) as service:
        service.hold()
        other = await service.start(png(9, 9), passes=16)
        assert_problem(await put(service), 503, "busy")
        assert_problem(await service.client.get(f"/jobs/{ID}"), 404, "unknown-job")
        await service.client.delete(other)
        service.let_go()
        broken = {"files": {"target": ("a.png", png()[:60])}}
        assert_problem(await put(service, **broken), 422, "broken-image")
        assert (await put(service, headers=WAIT)).status_code == 201


async def test_a_client_that_hangs_up_while_it_puts_holds_the_id_no_longer():
    async with house("slow") as service:
        with trio.move_on_after(0.02):
            await put(service)
        with trio.fail_after(PATIENCE_S):
            assert (await put(service, headers=WAIT)).status_code in (200, 201)


async def test_an_id_that_was_removed_is_free_again():
    async with house() as service:
        await put(service, headers=WAIT)
        assert (await service.client.delete(f"/jobs/{ID}")).status_code == 204
        assert_problem(await service.client.get(f"/jobs/{ID}"), 410, "no-longer-kept")
        answer = await put(service, data={"kind": "field"}, headers=WAIT)
        assert (answer.status_code, answer.json()["kind"]) == (201, "field")


async def test_a_cancelled_job_is_not_computed_again():
    async with house("slow") as service:
        service.hold()
        await put(service, data={"kind": "shade", "passes": "16"})
        assert (await service.client.delete(f"/jobs/{ID}")).status_code == 204
        answer = await put(service, data={"kind": "shade", "passes": "16"})
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


async def test_a_removed_job_may_be_put_while_others_compute_what_it_was():
    async with house("slow") as service:
        service.hold(TILES)  # a field has no more
        data = {"kind": "shade", "passes": "16"}
        await put(service, data=data)
        other = await service.start(png(), passes=16)
        for _ in range(2):
            assert (await service.client.delete(f"/jobs/{ID}")).status_code == 204
        assert (await put(service, data={"kind": "field"}, headers=WAIT)).status_code == 201
        await service.client.delete(other)


@pytest.mark.parametrize("job", ["short", "x" * 65, "with.a.dot", "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4"])
async def test_an_id_that_cannot_be_is_refused(site: httpx.AsyncClient, job: str):
    answer = await site.put(f"/jobs/{job}", files=FILES, data={"kind": "shade"})
    assert "8 to 64" in errors(answer)["id"]


async def test_an_allowed_origin_may_put(site: httpx.AsyncClient):
    headers = {"Origin": "https://friend.example", "Access-Control-Request-Method": "PUT"}
    answer = await site.options(f"/jobs/{ID}", headers=headers)
    assert "PUT" in answer.headers["access-control-allow-methods"]
    evil = {"Origin": "https://evil.example"}
    answer = await site.put(f"/jobs/{ID}", files=FILES, data={"kind": "shade"}, headers=evil)
    assert_problem(answer, 403, "forbidden")
