"""Which request something is done for."""

from contextvars import copy_context

import pytest
from structlog.contextvars import get_contextvars

from service.tracing import begin, current
from worker.wire.messages import Trace

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def begun(*headers: tuple[str, str]) -> Trace:
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    return copy_context().run(begin, encoded)


def test_a_request_without_either_gets_both():
    trace, other = begun(), begun()
    assert (len(trace.trace_id), len(trace.span_id), trace.parent_id) == (32, 16, None)
    assert trace.request_id
    mine = {trace.request_id, trace.trace_id, trace.span_id}
    assert mine.isdisjoint({other.request_id, other.trace_id, other.span_id})


def test_the_last_one_is_bound_and_nothing_of_the_one_before():
    def handled() -> None:
        begun_here = begin([(b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())])
        assert get_contextvars() == begun_here.log_fields
        begun_here = begin([])
        assert current() == begun_here
        assert get_contextvars() == begun_here.log_fields
        assert "parent_id" not in begun_here.log_fields

    copy_context().run(handled)


@pytest.mark.parametrize("sane", ["a", "my-request.1_B", "7" * 64])
def test_an_id_that_can_be_one_is_kept(sane: str):
    assert begun(("itten-request", sane)).request_id == sane


@pytest.mark.parametrize("odd", ["", "a b", "x" * 65, 'a"b', "a\tb", "é", "a;b"])
def test_another_is_replaced(odd: str):
    assert begun(("itten-request", odd)).request_id not in ("", odd)


def test_of_two_ids_none_is_believed():
    assert begun(("itten-request", "one"), ("itten-request", "two")).request_id not in (
        "one",
        "two",
    )


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f"cc-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-brings",
    ],
)
def test_the_trace_of_a_caller_goes_on(header: str):
    trace = begun(("traceparent", header))
    assert (trace.trace_id, trace.parent_id) == (TRACE, SPAN)
    assert trace.span_id != SPAN


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE[1:]}g-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f" 00-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_no_traceparent_begins_a_new_trace(header: str):
    trace = begun(("traceparent", header))
    assert trace.trace_id not in (TRACE, "0" * 32)
    assert trace.parent_id is None


def test_two_traceparents_begin_a_new_trace():
    header = ("traceparent", f"00-{TRACE}-{SPAN}-01")
    assert begun(header, header).parent_id is None
