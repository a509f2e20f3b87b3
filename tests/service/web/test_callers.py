"""Keys, tickets and rates, over a real socket."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import trio
from httpx_ws import WebSocketUpgradeError, aconnect_ws

from service.access.keys import Scope, new_key
from service.jobs.jobs import Job
from service.logs import configure_logs
from service.settings import Settings
from tests.service.house import PATIENCE_S, House, assert_problem, house, png, shade, unpacked

OPEN = ("/", "/static/main.js", "/healthz", "/readyz", "/openapi.json")
GUARDED = (
    ("POST", "/shade"),
    ("POST", "/field"),
    ("POST", "/jobs"),
    ("POST", "/tickets"),
    ("GET", "/jobs"),
    ("GET", "/metrics"),
    ("GET", "/jobs/neverexisted"),
    ("HEAD", "/jobs/neverexisted"),
    ("PUT", "/jobs/neverexisted"),
    ("DELETE", "/jobs/neverexisted"),
    ("GET", "/jobs/neverexisted/image"),
    ("GET", "/jobs/neverexisted/field"),
    ("GET", "/jobs/neverexisted/events"),
    ("POST", "/jobs/neverexisted/resume"),
)
SCOPES: dict[str, tuple[Scope, ...]] = {
    "alice": ("submit", "read"),
    "bob": ("submit", "read"),
    "sue": ("submit",),
    "rita": ("read",),
    "root": ("admin",),
}


@dataclass
class Guarded:
    """A service with keys; clients by the name that their key has."""

    house: House
    keys: dict[str, str]
    file: Path

    def headers(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[name]}"} if name else {}

    async def call(self, name: str, method: str, path: str, **request: Any) -> httpx.Response:
        headers = self.headers(name) | request.pop("headers", {})
        return await self.house.client.request(method, path, headers=headers, **request)

    async def start(self, name: str, image: bytes, **fields: Any) -> str:
        headers = {"Prefer": "respond-async"} | self.headers(name)
        answer = await self.house.shade(image, headers, **fields)
        assert answer.status_code == 202, answer.text
        return answer.headers["location"]

    async def ticket(self, name: str) -> str:
        answer = await self.call(name, "POST", "/tickets")
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()["ticket"]


@asynccontextmanager
async def guarded(place: Path, mode: str = "quick", **settings: Any) -> AsyncIterator[Guarded]:
    made = {name: new_key(name, scopes) for name, scopes in SCOPES.items()}
    file = place / "keys"
    file.write_text("".join(f"{key.line()}\n" for _, key in made.values()))
    async with house(mode, api_keys_file=file, **settings) as service:
        yield Guarded(service, {name: text for name, (text, _) in made.items()}, file)


async def put(service: Guarded, name: str, job: str, image: bytes) -> httpx.Response:
    files = {"target": ("a.png", image)}
    data = {"kind": "shade", "passes": "1"}
    return await service.call(
        name, "PUT", f"/jobs/{job}", files=files, data=data, headers={"Prefer": "wait=60"}
    )


async def test_without_a_key_there_is_the_page_and_nothing_else(tmp_path: Path):
    async with guarded(tmp_path) as service:
        for path in OPEN:
            assert (await service.call("", "GET", path)).status_code == 200, path
        other, _ = new_key("alice", ("admin",))
        wrong = ("", f"Bearer {other}", "Bearer", "Basic YTpi", f"Bearer {service.keys['root']}x")
        for method, path in GUARDED:
            for header in wrong:
                headers = {"Authorization": header} if header else {}
                answer = await service.house.client.request(method, path, headers=headers)
                assert answer.status_code == 401, (method, path, header)
                assert answer.headers["www-authenticate"] == "Bearer"
                if method != "HEAD":
                    assert "Bearer KEY" in assert_problem(answer, 401, "unauthorized")["detail"]
                    assert other not in answer.text
        with pytest.raises(WebSocketUpgradeError) as refused:
            async with aconnect_ws("/jobs/neverexisted/events", service.house.client):
                pass
        assert refused.value.response.status_code == 401
        image = {"Content-Type": "image/png"}
        large = await service.call("", "POST", "/shade", content=bytes(8 << 20), headers=image)
        assert large.status_code == 401  # before it has come, and not lost in a reset
        assert not service.house.desk.live


async def test_a_scope_that_is_missing_is_named(tmp_path: Path):
    async with guarded(tmp_path) as service:
        for method, path in GUARDED:
            lacking = {"GET": "sue", "HEAD": "sue"}.get(method, "rita")
            scope = "read" if lacking == "sue" else "submit"
            if path == "/tickets":
                lacking, scope = "sue", "read"
            if path == "/metrics":
                lacking, scope = "alice", "admin"
            answer = await service.call(lacking, method, path)
            assert answer.status_code == 403, (method, path)
            if method != "HEAD":
                assert f"the scope {scope}" in assert_problem(answer, 403, "forbidden")["detail"]
        assert (await service.call("root", "GET", "/metrics")).status_code == 200
        answer = await service.house.shade(png(), service.headers("sue"), passes=1)
        assert answer.headers["itten-status"] == "complete"


async def test_jobs_are_there_for_their_owner_and_for_admins_only(tmp_path: Path):
    async with guarded(tmp_path) as service:
        path = await service.start("alice", png(), passes=1)
        await service.house.wait_idle()
        assert "." not in path
        for what in ("", "/image", "/image?pass=1", "/field", "/events"):
            answer = await service.call("bob", "GET", path + what)
            assert_problem(answer, 404, "unknown-job")
            assert (await service.call("alice", "GET", path + what)).status_code == 200
            assert (await service.call("root", "GET", path + what)).status_code == 200
        for method, what in (("DELETE", ""), ("POST", "/resume")):
            assert_problem(await service.call("bob", method, path + what), 404, "unknown-job")
        assert (await service.call("bob", "GET", "/jobs")).json() == {"jobs": []}
        [mine] = (await service.call("alice", "GET", "/jobs")).json()["jobs"]
        [all_jobs] = (await service.call("root", "GET", "/jobs")).json()["jobs"]
        assert mine == all_jobs
        assert (mine["owner"], mine["links"]["self"]) == ("alice", path)
        full = f"/jobs/alice.{mine['id']}"
        assert (await service.call("root", "GET", full)).json() == mine
        for name in ("alice", "bob"):
            assert_problem(await service.call(name, "GET", full), 404, "unknown-job")
        assert (await service.call("root", "DELETE", path)).status_code == 204
        assert_problem(await service.call("alice", "GET", path), 410, "no-longer-kept")
        assert_problem(await service.call("bob", "GET", path), 404, "unknown-job")


async def test_each_owner_has_a_name_space_of_ids(tmp_path: Path):
    async with guarded(tmp_path) as service:
        for name, value in (("alice", 10), ("bob", 20), ("alice", 10)):
            answer = await put(service, name, "the-same-id", png(colour=(value, 0, 0)))
            assert answer.status_code in (200, 201), answer.text
            assert (answer.json()["id"], answer.json()["owner"]) == ("the-same-id", name)
        assert_problem(await put(service, "alice", "the-same-id", png(5, 5)), 409, "conflict")
        for name, value in (("alice", 10), ("bob", 20)):
            image = await service.call(name, "GET", "/jobs/the-same-id/image?pass=0")
            assert unpacked(image.content)[0, 0, 0] == value
            image = await service.call("root", "GET", f"/jobs/{name}.the-same-id/image?pass=0")
            assert unpacked(image.content)[0, 0, 0] == value
        assert (await service.call("alice", "DELETE", "/jobs/the-same-id")).status_code == 204
        assert (await service.call("bob", "GET", "/jobs/the-same-id")).status_code == 200


async def test_the_same_work_is_shared_with_oneself_only(tmp_path: Path):
    async with guarded(tmp_path, "slow") as service:
        service.house.hold()
        names = ("alice", "bob", "alice")
        paths = [await service.start(name, png(), passes=16) for name in names]
        assert len(service.house.desk.computing) == 2
        documents = [
            (await service.call(name, "GET", path)).json()
            for name, path in zip(names, paths, strict=True)
        ]
        assert [each.get("shared_with") for each in documents] == [1, None, 1]
        for name, path in zip(names, paths, strict=True):
            assert (await service.call(name, "DELETE", path)).status_code == 204


async def test_a_ticket_opens_one_socket_stream_or_picture_and_starts_nothing(tmp_path: Path):
    async with guarded(tmp_path, "slow") as service:
        client = service.house.client
        path = await service.start("alice", png(), passes=2)
        ticket = await service.ticket("alice")
        async with aconnect_ws(f"{path}/events?ticket={ticket}", client) as socket:
            assert "snapshot" in await socket.receive_text()
        with pytest.raises(WebSocketUpgradeError):
            async with aconnect_ws(f"{path}/events?ticket={ticket}", client):
                pass
        await service.house.wait_idle()
        for what in ("/events", "/image", "/field"):
            ticket = await service.ticket("alice")
            assert (await client.get(f"{path}{what}?ticket={ticket}")).status_code == 200
            again = await client.get(f"{path}{what}?ticket={ticket}")
            assert "POST /tickets" in assert_problem(again, 401, "unauthorized")["detail"]
        bobs = await service.ticket("bob")
        assert_problem(await client.get(f"{path}?ticket={bobs}"), 404, "unknown-job")
        ticket = await service.ticket("alice")
        assert (await client.delete(f"{path}?ticket={ticket}")).status_code == 401
        for what in ("", "/image", "/events"):
            roots = await service.ticket("root")  # who sees the jobs of all
            assert (await client.get(f"{path}{what}?ticket={roots}")).status_code == 200
        roots = await service.ticket("root")
        assert_problem(await client.get(f"/metrics?ticket={roots}"), 403, "forbidden")


async def test_a_key_is_rotated_without_a_restart(tmp_path: Path):
    async with guarded(tmp_path) as service:
        path = await service.start("alice", png(), passes=1)
        ticket = await service.ticket("alice")
        text, key = new_key("alice", ("read",))
        service.file.write_text(key.line())
        with trio.fail_after(PATIENCE_S):
            while (await service.call("alice", "GET", path)).status_code == 200:
                await trio.sleep(0.05)
        service.keys["alice"] = text
        assert (await service.call("alice", "GET", path)).status_code == 200
        assert (await service.house.client.get(f"{path}?ticket={ticket}")).status_code == 401


async def test_who_asks_too_often_is_told_when_to_come_back_and_nobody_else_is(tmp_path: Path):
    async with guarded(tmp_path, rate=0.01, rate_burst=3) as service:
        for name in ("alice", ""):
            answers = [
                await service.call(name, "GET", "/jobs", headers={"Remote-Addr": f"10.0.0.{n}"})
                for n in range(4)
            ]
            assert [each.status_code for each in answers[:3]] == [200 if name else 401] * 3
            assert_problem(answers[3], 429, "too-fast")
            assert 100 - PATIENCE_S <= int(answers[3].headers["retry-after"]) <= 100
        assert (await service.call("bob", "GET", "/jobs")).status_code == 200
        for path in OPEN:
            assert (await service.call("", "GET", path)).status_code == 200


async def test_no_key_and_no_ticket_is_logged(
    tmp_path: Path, fresh_logs: None, capsys: pytest.CaptureFixture[str]
):
    configure_logs(Settings(log_level="debug", log_format="json"))
    async with guarded(tmp_path) as service:
        path = await service.start("alice", png(), passes=1)
        ticket = await service.ticket("alice")
        assert (await service.house.client.get(f"{path}?ticket={ticket}")).status_code == 200
        wrong, _ = new_key("alice", ("read",))
        service.keys["alice"] = wrong
        assert (await service.call("alice", "GET", path)).status_code == 401
        await service.house.wait_idle()
    said = capsys.readouterr()
    assert path in said.err
    for secret in ("itten_", ticket, "ticket=", "Bearer"):
        assert secret not in said.err + said.out


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


# --- without keys ------------------------------------------------------------------------------


async def test_this_machine_is_not_counted_while_there_are_no_keys():
    async with house(rate=0.001, rate_burst=1) as service:
        assert {(await service.client.get("/jobs")).status_code for _ in range(5)} == {200}
        answer = await service.client.post("/tickets")
        assert answer.status_code == 201
        asked = await service.client.get("/jobs", params={"ticket": answer.json()["ticket"]})
        assert asked.status_code == 200


async def test_a_name_that_another_site_could_have_is_not_ours(site: httpx.AsyncClient):
    for host, status in (
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("itten:8000", 200),
        ("[::1]:8000", 200),
        ("friend.example", 200),  # as listed
        ("a.localhost", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:8000", 403),
    ):
        for path in ("/jobs", "/metrics"):
            answer = await site.get(path, headers={"Host": host})
            assert answer.status_code == status, (host, path)
        assert (await site.get("/healthz", headers={"Host": host})).status_code == 200


async def test_no_answer_sends_to_where_the_host_says(site: httpx.AsyncClient):
    for path in ("/static//main.js", "/jobs/", "/jobs//neverexisted", "/static/"):
        answer = await site.get(path, headers={"Host": "evil.example"})
        assert_problem(answer, 404, "not-found")


async def test_no_answer_can_be_framed_guessed_at_or_told_on(site: httpx.AsyncClient):
    path = (await shade(site, png(), {"Prefer": "respond-async"}, passes=1)).headers["location"]
    for each in (
        "/jobs",
        path,
        f"{path}/image?pass=0",
        "/healthz",
        "/metrics",
        "/nothing",
        "/shade",
    ):
        answer = await site.get(each)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in ("no-store", "private, no-cache")
        assert "access-control-allow-origin" not in answer.headers


async def test_jobs_of_owners_are_not_there_for_everybody_once_the_keys_are_gone():
    async with house() as service:
        theirs = Job(
            id="alice.some-job-1", owner="alice", kind="shade", created=1.0, deadline_s=1.0
        )
        service.desk.store.add(theirs)
        for job in ("alice.some-job-1", "some-job-1"):
            assert_problem(await service.client.get(f"/jobs/{job}"), 404, "unknown-job")
        assert (await service.client.get("/jobs")).json() == {"jobs": []}
