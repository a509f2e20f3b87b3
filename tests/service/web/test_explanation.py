"""`GET /jobs/{id}/explanation` and the channels of a field, through the whole service."""

from typing import Any

import httpx
import numpy as np
import pytest

from service.jobs.eigenvectors import read_channel
from service.jobs.events import Pass
from service.problems import NoRoom
from tests.service.house import House, assert_problem, house, png, shade, unpacked
from tests.service.kept_files import damage, file_of, names_of
from tests.service.shade_worker import TILES
from tests.service.web.test_resume import partial, resumed
from tests.service.web.test_uploads import errors

WIDTH, HEIGHT = 32, 24
FILES = {"explanation-1.json", "explanation-1.layers"}


@pytest.fixture
async def path(site: httpx.AsyncClient) -> str:
    """Of a job whose passes are explained."""
    answer = await shade(site, png(), passes=2, explain="true")
    assert answer.headers["itten-status"] == "complete"
    return f"/jobs/{answer.headers['itten-job']}"


async def test_the_document_says_how_a_pass_came_about(site: httpx.AsyncClient, path: str):
    answer = await site.get(f"{path}/explanation?pass=1")
    assert answer.headers["content-type"] == "application/json"
    place = {"x": 1.5, "y": 2.0}
    assert answer.json() == {
        "pass": 1,
        "width": WIDTH,
        "height": HEIGHT,
        "source": None,
        "layers": ["gate", "contours", "segments"],
        "segments": [{"x": 1, "y": 2, "width": 2, "height": 1, "pixels": 2}],
        "matches": [
            {
                "from": place,
                "to": {"x": 4.123, "y": 5.0},
                "beside": place,
                "turn": 90.0,
                "distance": 0.25,
            }
        ],
    }
    assert (await site.get(f"{path}/explanation")).json()["pass"] == 2
    assert (await site.get(path)).json()["links"]["explanation"] == f"{path}/explanation"


async def test_each_layer_is_a_picture(site: httpx.AsyncClient, path: str):
    layers = {}
    for name in ("gate", "contours", "segments"):
        answer = await site.get(f"{path}/explanation", params={"pass": 2, "layer": name})
        assert answer.headers["content-type"] == "image/png"
        assert f'-explanation-2-{name}.png"' in answer.headers["content-disposition"]
        layers[name] = unpacked(answer.content)
    assert layers["gate"].shape == (HEIGHT, WIDTH)
    assert (layers["gate"] == 102).all()
    drawn = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    drawn[:, 0, 3] = 255
    assert (layers["contours"] == drawn).all()
    stroke = layers["segments"][..., 3] == 255
    assert np.argwhere(stroke).tolist() == [[2, 1], [2, 2]]
    assert (layers["segments"][~stroke] == 0).all()


async def test_the_source_is_named_by_its_size(site: httpx.AsyncClient):
    files = {"target": ("a.png", png()), "source": ("b.png", png(7, 5))}
    answer = await site.post("/shade", files=files, data={"passes": "1", "explain": "true"})
    about = await site.get(f"/jobs/{answer.headers['itten-job']}/explanation")
    assert about.json()["source"] == {"width": 7, "height": 5}


async def test_an_explanation_is_a_file_like_others(site: httpx.AsyncClient, path: str):
    for what in ("/explanation?pass=1", "/explanation?pass=1&layer=gate"):
        got = await site.get(path + what)
        head = await site.head(path + what)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == got.headers["etag"]
        known = await site.get(path + what, headers={"If-None-Match": got.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("pass=0", "pass"),
        ("pass=17", "pass"),
        ("pass=x", "pass"),
        ("pass=1&pass=1", "pass"),
        ("pass=\u0661", "pass"),
        ("layer=field", "layer"),
        ("layer=", "layer"),
        ("layer=gate&layer=gate", "layer"),
    ],
)
async def test_a_wrong_question_says_what_would_be_right(
    site: httpx.AsyncClient, path: str, query: str, field: str
):
    answer = await site.get(f"{path}/explanation?{query}")
    assert_problem(answer, 422, "bad-spec")
    assert list(errors(answer)) == [field]


async def test_what_there_is_not_is_404(site: httpx.AsyncClient, path: str):
    answer = await site.get(f"{path}/explanation?pass=3")
    assert "There is no pass 3" in assert_problem(answer, 404, "not-found")["detail"]
    plain = await shade(site, png(), passes=2)
    path = f"/jobs/{plain.headers['itten-job']}"
    answer = await site.get(f"{path}/explanation?pass=1")
    assert "explain=true" in assert_problem(answer, 404, "not-found")["detail"]
    assert (await site.get(path)).json()["links"]["explanation"] is None


async def test_only_what_there_is_can_be_had(site: httpx.AsyncClient, path: str):
    for query, accept in (("", "image/png"), ("?layer=gate", "application/json")):
        answer = await site.get(f"{path}/explanation{query}", headers={"Accept": accept})
        assert_problem(answer, 406, "not-acceptable")


async def test_a_field_does_not_take_explain(site: httpx.AsyncClient):
    answer = await site.post("/field", files={"target": png()}, data={"explain": "true"})
    assert "explain" in errors(answer)


async def test_while_a_job_runs_its_events_say_what_there_is_for_all_who_wait_for_it():
    async with house("slow") as service:
        service.hold()
        first = await service.start(png(), passes=8, explain="true")
        for missing in ("explanation?pass=8", "field?channel=2"):
            answer = await service.client.get(f"{first}/{missing}")
            assert_problem(answer, 409, "no-result-yet")
            assert answer.headers["retry-after"]
        index = await next_pass(service, first)
        assert index == 1
        second = await service.start(png(), passes=8, explain="true")
        third = await service.start(png(), passes=8)  # not explained: another computation
        for path in (first, second):
            about = await document(service, path)
            assert about["shared_with"] == 1
            answer = await service.client.get(f"{path}/explanation?pass={index}")
            assert answer.json()["pass"] == index
        assert "shared_with" not in await document(service, third)
        for path in (first, second, third):
            await service.client.delete(path)


async def next_pass(service: House, path: str) -> int:
    """The pass that the next such event tells of."""
    job = await service.desk.find(path.removeprefix("/jobs/"))
    with service.desk.listen(job) as mailbox:
        service.hold(TILES)
        async for envelope in mailbox:
            if isinstance(envelope.event, Pass):
                return envelope.event.index
    raise AssertionError("no pass")


async def document(service: House, path: str) -> dict[str, Any]:
    found: dict[str, Any] = (await service.client.get(path)).json()
    return found


async def test_it_is_kept_and_removed_with_its_job_and_a_full_disk_costs_no_more(
    monkeypatch: pytest.MonkeyPatch,
):
    async with house() as service:
        data = service.desk.settings.data
        answer = await service.shade(png(), passes=1, explain="true")
        await service.wait_idle()
        job = answer.headers["itten-job"]
        assert names_of(data, job) >= FILES
        damage(file_of(data, job, "explanation-1.layers"))
        path = f"/jobs/{job}/explanation"
        assert (await service.client.get(path)).status_code == 200
        assert_problem(await service.client.get(f"{path}?layer=gate"), 410, "no-longer-kept")
        await service.client.delete(f"/jobs/{job}")
        assert_problem(await service.client.get(path), 410, "no-longer-kept")
        assert not any((data / "content").iterdir())

        monkeypatch.setattr(service.desk.store, "put_explanation_of", no_room)
        answer = await service.shade(png(), passes=1, explain="true")
        assert answer.headers["itten-status"] == "complete"
        answer = await service.client.get(f"/jobs/{answer.headers['itten-job']}/explanation")
        assert "not kept" in assert_problem(answer, 404, "not-found")["detail"]


def no_room(*_: object, **__: object) -> None:
    raise NoRoom("no room")


async def test_who_resumes_has_the_earlier_passes_too():
    async with house("brief") as service:
        first = await partial(service, explain="true")
        later = await resumed(service, first)
        done = later["progress"]["passes_done"]
        assert done > first["progress"]["passes_done"] > 0
        for index in range(1, done + 1):
            answer = await service.client.get(f"{later['links']['explanation']}?pass={index}")
            assert answer.json()["pass"] == index
        other = await service.client.post(first["links"]["resume"], json={"explain": False})
        assert_problem(other, 409, "conflict")


# --- channels ------------------------------------------------------------------------------------


async def test_each_channel_of_a_field_is_a_picture(site: httpx.AsyncClient):
    answer = await shade(site, png(), passes=1)
    path = f"/jobs/{answer.headers['itten-job']}/field"
    tags = set()
    for channel in range(1, 5):
        answer = await site.get(f"{path}?channel={channel}")
        assert unpacked(answer.content).shape == (HEIGHT, WIDTH, 3)
        assert f'-field-{channel}.png"' in answer.headers["content-disposition"]
        tags.add(answer.headers["etag"])
    assert len(tags) == 4
    answer = await site.get(f"{path}?channel=1", headers={"Accept": "image/webp"})
    assert answer.headers["content-type"] == "image/webp"


@pytest.mark.parametrize("channel", ["0", "5", "-1", "x", "1e0", "1&channel=2", ""])
async def test_a_channel_that_it_has_not_is_422(site: httpx.AsyncClient, channel: str):
    answer = await shade(site, png(), passes=1)
    answer = await site.get(f"/jobs/{answer.headers['itten-job']}/field?channel={channel}")
    assert_problem(answer, 422, "bad-spec")
    assert list(errors(answer)) == ["channel"]


async def test_a_channel_is_a_picture_only(site: httpx.AsyncClient):
    answer = await shade(site, png(), passes=1)
    path = f"/jobs/{answer.headers['itten-job']}/field?channel=1"
    answer = await site.get(path, headers={"Accept": "application/x-npz"})
    assert_problem(answer, 406, "not-acceptable")


def test_a_channel_is_read_from_among_the_others(tmp_path: Any):
    vectors = np.random.default_rng(1).standard_normal((900, 700, 4)).astype(np.float32)
    np.savez(tmp_path / "field.npz", vectors=vectors)
    for channel in (1, 4):
        assert (read_channel(tmp_path / "field.npz", channel) == vectors[..., channel - 1]).all()
