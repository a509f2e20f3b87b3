"""Whose request it is: forged, garbled and long headers, and those of honest proxies."""

import sys
from collections.abc import Sequence

import pytest
import structlog
import trio
from hypothesis import given
from hypothesis import strategies as st

from service.http.forwarded import MOST, caller
from service.settings_values import networks
from tests.service.house import house
from tests.service.live import SOON_S, get, live, read_answer, upgrade

PROXY, INNER, CLIENT, OTHER = "10.0.0.2", "10.0.0.3", "203.0.113.7", "198.51.100.1"
TRUSTED = networks("10.0.0.0/24, fd00::/8, 127.0.0.1")


def of(peer: str, *values: str | bytes) -> str:
    lines = [each if isinstance(each, bytes) else each.encode() for each in values]
    headers = [(b"host", b"x"), *((b"x-forwarded-for", line) for line in lines)]
    return caller(peer, headers, TRUSTED)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((CLIENT,), CLIENT),
        ((f"{OTHER}, {CLIENT}",), CLIENT),
        ((f"{OTHER},{CLIENT} ,\t{INNER}",), CLIENT),
        ((OTHER, CLIENT, INNER), CLIENT),
        ((f"{OTHER}, {CLIENT}", INNER), CLIENT),
        ((f"{CLIENT}:4711",), CLIENT),
        (("2001:DB8::0:1",), "2001:db8::1"),
        (("[2001:db8::1]:443",), "2001:db8::1"),
        (("[2001:db8::1]",), "2001:db8::1"),
        ((f"::ffff:{CLIENT}",), CLIENT),
        ((f"{CLIENT}, ::ffff:{INNER}, fd00::1",), CLIENT),
        ((INNER,), INNER),
        (("10.0.0.9, 10.0.0.8",), "10.0.0.9"),
    ],
)
def test_a_trusted_proxy_says_whom_a_request_is_from(values: tuple[str, ...], found: str):
    assert of(PROXY, *values) == found
    assert of(f"::ffff:{PROXY}", *values) == found


@pytest.mark.parametrize(
    "value",
    [
        "", ",", "unknown", "unix:", "_hidden", "-", '"1.2.3.4"', "1.2.3", "1.2.3.4.5", "256.1.1.1",
        "010.1.1.1", "1.2.3.4:", "1.2.3.4:123456", "[1.2.3.4]:80000000", "fe80::1%eth0", "::g",
        "[::1", "1.2.3.4\x00", "1.2.3.4/8", "for=1.2.3.4", "localhost", "1" * 8000, "é", "\x1b[2J",
        "1.2.3.4 5.6.7.8",
    ],
)  # fmt: skip
def test_what_is_no_address_is_not_believed_nor_what_is_before_it(value: str):
    assert of(PROXY, value) == PROXY
    assert of(PROXY, f"{CLIENT}, {value}") == PROXY
    assert of(PROXY, f"{CLIENT}, {value}, {INNER}") == INNER
    assert of(PROXY, f"{value}, {CLIENT}") == CLIENT


def test_another_s_header_is_not_read_nor_that_of_a_peer_that_is_gone():
    assert of(CLIENT, OTHER) == CLIENT
    assert of("2001:db8::7", f"{OTHER}, {INNER}") == "2001:db8::7"
    assert of("", OTHER) == ""
    assert caller(PROXY, [(b"x-forwarded-for", CLIENT.encode())], ()) == PROXY


def test_no_caller_elsewhere_passes_for_this_machine():
    assert of(PROXY, "127.0.0.1") == PROXY
    assert of(PROXY, "::1") == PROXY
    assert of(PROXY, f"{CLIENT}, 127.0.0.1") == CLIENT
    assert of("127.0.0.1", f"127.0.0.1, {CLIENT}") == CLIENT
    assert of("127.0.0.1", "127.0.0.1") == "127.0.0.1"


def test_a_long_list_is_read_from_its_end_only():
    assert of(PROXY, ", ".join([CLIENT] + [INNER] * MOST)) == CLIENT
    assert of(PROXY, ", ".join([CLIENT] + [INNER] * (MOST + 1))) == INNER


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_whatever_somebody_sends_the_address_that_a_proxy_adds_counts(values: list[bytes]):
    assert of(CLIENT, *values) == CLIENT
    assert of(PROXY, *values, CLIENT) == CLIENT
    assert of(PROXY, b",".join([*values, CLIENT.encode()])) == CLIENT


async def test_the_log_names_the_caller_and_repeats_nothing_that_is_none():
    headers = f"X-Forwarded-For: hunter2, {CLIENT}", "Forwarded: for=hunter3"
    async with live(trusted=networks("127.0.0.1")) as server:
        with structlog.testing.capture_logs() as lines:
            await server.ask(get("/hello", *headers))
            await server.ask(get("/hello", "X-Forwarded-For: hunter2"))
            await server.ask(get("*", *headers))
            await server.ask(b"nonsense\r\n\r\n")
            await server.ask(upgrade("/nowhere", *headers))
            await _wait_for(lines, 5)
    assert [line["client"] for line in lines] == [CLIENT, "127.0.0.1", CLIENT, "127.0.0.1", CLIENT]
    assert "hunter" not in repr(lines)


async def test_each_request_of_a_proxy_s_connection_is_its_own_caller_s():
    said = f"X-Forwarded-For: {CLIENT}", f"X-Forwarded-For: {OTHER}", "X-Other: 1"
    async with live(trusted=networks("127.0.0.1")) as server, await server.connect() as stream:
        with structlog.testing.capture_logs() as lines:
            for count, header in enumerate(said, 1):
                await stream.send_all(get("/hello", header))
                await read_answer(stream)
                await _wait_for(lines, count)
    assert [line["client"] for line in lines] == [CLIENT, OTHER, "127.0.0.1"]


async def test_without_the_setting_the_header_says_nothing_but_that_it_is_missing():
    async with live() as server:
        with structlog.testing.capture_logs() as lines:
            for _ in range(2):
                await server.ask(get("/hello", f"X-Forwarded-For: {CLIENT}"))
            await _wait_for(lines, 3)
    assert [line["client"] for line in lines] == ["127.0.0.1"] * 3
    assert [line["log_level"] for line in lines].count("warning") == 1
    assert "ITTEN_TRUSTED_PROXIES" in lines[0]["event"]


async def _wait_for(lines: Sequence[object], count: int) -> None:
    with trio.fail_after(SOON_S):
        while len(lines) < count:
            await trio.sleep(0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
async def test_two_callers_behind_a_proxy_have_a_rate_each():
    """And who calls past it has none for the asking, whatever it says of itself."""
    settings = {"rate": 0.01, "rate_burst": 2, "trusted_proxies": networks("127.0.0.1")}
    async with house("unready", **settings) as service:

        async def ask(said: str) -> int:
            headers = {"X-Forwarded-For": said}
            return (await service.client.get("/jobs", headers=headers)).status_code

        assert [await ask(CLIENT) for _ in range(3)] == [200, 200, 429]
        assert [await ask(f"{made_up}, {CLIENT}") for made_up in ("1.1.1.1", "::1")] == [429, 429]
        assert [await ask(OTHER) for _ in range(3)] == [200, 200, 429]
        assert [await ask(f"2001:db8::{number}") for number in range(3)] == [200, 200, 429]
