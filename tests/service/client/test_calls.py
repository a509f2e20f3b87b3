"""A service that is busy, away, somebody else, or nobody."""

import json

import httpx
import pytest

from service.client import ClientError, Itten, ServiceError, Unreachable
from service.client.calls import LOST_S, check_url
from service.jobs.jobs import JobState
from tests.service.client.stub import ClockWire, busy, document, stubbed
from tests.service.house import png


def test_nobody_there_is_said_at_once() -> None:
    said = r"http://127.0.0.1:1 does not answer"
    with (
        Itten("http://me:secret@127.0.0.1:1") as itten,
        pytest.raises(Unreachable, match=said) as e,
    ):
        itten.shade(png())
    assert "secret" not in str(e.value)
    assert not e.value.mendable


@pytest.mark.parametrize(
    "url",
    ["", "host", "ftp://host", "http://", "http://host:99999", "http://host:x", "http://h/?a"],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ClientError, match="not an address"):
        check_url(url)
    with pytest.raises(ClientError, match="not an address"):
        Itten(url)


@pytest.mark.parametrize(
    ("answer", "said", "mendable"),
    [
        (httpx.Response(404, text="<html>"), "404 Not Found", True),
        (httpx.Response(502, text="<html>"), "502 Bad Gateway", False),
        (
            httpx.Response(308, headers={"Location": "https://x.example/"}),
            "https://x.example/",
            True,
        ),
        (httpx.Response(202, json={"hello": "world"}), "somewhere.example", True),
        (httpx.Response(202, json=["a"]), "somewhere.example", True),
        (httpx.Response(503, json=[1], headers={"Retry-After": "soon"}), "503", False),
    ],
)
def test_somebody_else_there(answer: httpx.Response, said: str, mendable: bool) -> None:
    with pytest.raises(ServiceError, match="as Itten does") as error:
        stubbed(lambda _: answer).submit("shade", png())
    assert said in str(error.value)
    assert error.value.mendable == mendable


def test_a_problem_that_is_none() -> None:
    strange = {"detail": 7, "status": "x", "type": None, "errors": [1, {"field": "a"}]}
    answer = httpx.Response(422, json=strange)
    with pytest.raises(ServiceError) as error:
        stubbed(lambda _: answer).jobs()
    assert (error.value.detail, error.value.status) == ("7", 422)
    assert error.value.errors == (("a", "None"),)
    with pytest.raises(ServiceError, match="as Itten does"):
        stubbed(lambda _: httpx.Response(200, json={"jobs": [{}]})).jobs()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_as_it_says(status: int) -> None:
    told: list[float | None] = []
    answers = [busy(status), busy(status), httpx.Response(202, json=document())]
    itten = stubbed(lambda _: answers.pop(0), on_wait=lambda error: told.append(error.retry_after))
    wire = itten._itten._calls.wire
    assert itten.submit("shade", png()).document.state == "running"
    assert (wire.now(), told, answers) == (14, [7, 7], [])


@pytest.mark.parametrize(("patience_s", "asked"), [(0, 1), (6.9, 1), (7, 2), (60, 9)])
def test_but_not_for_longer_than_its_patience(patience_s: float, asked: int) -> None:
    seen: list[httpx.Request] = []

    def full(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return busy()

    with pytest.raises(ServiceError, match="All places are taken") as error:
        stubbed(full, patience_s=patience_s).submit("shade", png())
    assert (error.value.slug, error.value.retry_after, len(seen)) == ("busy", 7, asked)
    assert len({each.url for each in seen}) == 1  # it is one job
    assert len({each.headers["content-length"] for each in seen}) == 1


def test_a_refusal_that_names_no_time_is_final() -> None:
    answers = [busy(503, None)]
    with pytest.raises(ServiceError, match="All places"):
        stubbed(lambda _: answers.pop()).submit("shade", png())


def test_no_time_at_all_is_a_moment() -> None:
    wire = ClockWire(lambda _: busy(503, "0"))
    with pytest.raises(ServiceError):
        Itten.over(wire, patience_s=2).submit("shade", png())
    assert 1.8 < wire.time <= 2


def test_a_result_that_is_on_its_way_is_waited_for() -> None:
    not_yet = busy(409, "1")
    done = httpx.Response(200, json=document(JobState.COMPLETE))
    answers = [done, not_yet, not_yet, httpx.Response(200, content=b"picture")]
    assert stubbed(lambda _: answers.pop(0), patience_s=0).job("job-12345678").result().data == (
        b"picture"
    )


def away(seconds: float, *, after: int = 1) -> tuple[ClockWire, list[httpx.Request]]:
    """A service that answers so often, and then not for so long."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) > after and wire.time < seconds:
            raise httpx.ReadError("reset")
        return httpx.Response(200, json=document())

    wire = ClockWire(answer)
    return wire, seen


def test_a_service_that_has_answered_may_be_away_for_a_while() -> None:
    wire, _ = away(LOST_S - 1)
    job = Itten.over(wire).job("job-12345678")
    assert job.refresh().state == "running"
    assert LOST_S - 1 <= wire.time < LOST_S
    wire, _ = away(LOST_S - 1)
    itten = Itten.over(wire)
    itten.job("job-12345678")
    assert itten.submit("shade", png()).document.state == "running"  # sent again, by the same id


def test_but_not_for_good() -> None:
    wire, _ = away(1000)
    job = Itten.over(wire).job("job-12345678")
    with pytest.raises(Unreachable, match="reset"):
        job.refresh()
    assert LOST_S <= wire.time < LOST_S + 1


def test_what_would_begin_a_second_job_is_not_sent_again() -> None:
    wire, seen = away(3)
    job = Itten.over(wire).job("job-12345678")
    with pytest.raises(Unreachable):
        job.resume()
    assert [each.method for each in seen] == ["GET", "POST"]


def test_one_that_was_never_there_is_not_waited_for() -> None:
    wire, seen = away(3, after=0)
    with pytest.raises(Unreachable):
        Itten.over(wire).submit("shade", png())
    assert (wire.time, len(seen)) == (0, 1)


# --- who leaves takes the job along --------------------------------------------------------------


class _Interrupted:
    """Ctrl-C at one call; all others are answered."""

    def __init__(self, at: str, state: JobState = JobState.RUNNING) -> None:
        self.at, self.state = at, state
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self.calls.append(call[:10].strip())
        if call.startswith(self.at):
            raise KeyboardInterrupt
        return httpx.Response(200, json=document(self.state))


@pytest.mark.parametrize("at", ["PUT", "GET events"])
def test_ctrl_c_cancels_the_job(at: str) -> None:
    service = _Interrupted(at)
    with pytest.raises(KeyboardInterrupt):
        stubbed(service).shade(png())
    assert service.calls[-1].startswith("DELETE")


def test_but_not_one_that_has_ended() -> None:
    service = _Interrupted("GET image", JobState.COMPLETE)
    with pytest.raises(KeyboardInterrupt):
        stubbed(service).shade(png())
    assert not any(each.startswith("DELETE") for each in service.calls)


def test_a_block_that_fails_cancels_its_job() -> None:
    service = _Interrupted("never")
    with pytest.raises(ZeroDivisionError), stubbed(service).submit("shade", png()):
        raise ZeroDivisionError
    assert service.calls[-1].startswith("DELETE")


def test_a_job_that_failed_raises_what_the_service_said() -> None:
    problem = {"type": "/problems/internal-error", "status": 500, "detail": "It broke."}
    failed = document(JobState.FAILED) | {"problem": problem}
    with pytest.raises(ServiceError, match="It broke") as error:
        stubbed(lambda _: httpx.Response(200, json=failed)).job("job-12345678").result()
    assert (error.value.status, error.value.slug) == (500, "internal-error")
    cancelled = document(JobState.CANCELLED)
    with pytest.raises(ServiceError, match="has been cancelled"):
        stubbed(lambda _: httpx.Response(200, json=cancelled)).job("job-12345678").result()


def test_a_job_that_works_on_nothing_is_sent_as_json() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, json=document())

    stubbed(answer).start("texture.synth", {"size": 32}, deadline_s=2)
    stubbed(answer).start("graph.expand", graph={"generator": "territory"})
    assert [each.headers["Content-Type"].partition(";")[0] for each in sent] == [
        "application/json",
        "multipart/form-data",
    ]
    assert json.loads(sent[0].content) == {
        "kind": "texture.synth",
        "params": {"size": 32},
        "deadline_s": 2,
    }
