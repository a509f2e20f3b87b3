"""Bombs cost one request a refusal, and nobody anything else."""

import time

import httpx
import pytest

from service.problems import MEDIA_TYPE
from tests.hostile.besieged import Besieged
from tests.hostile.bombs import ODD, REFUSED, bomb

RAW = {"Content-Type": "application/octet-stream", "Accept": "application/json"}
SOON_S = 8.0  # for any answer, on a machine that is busy with other tests
GROWTH = 1 << 20  # bytes of memory, over
REFUSALS = 100


def sent(fort: Besieged, data: bytes) -> httpx.Response:
    return fort.client.post("/shade?passes=1", content=data, headers=RAW)


def assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code in (400, 413, 415, 422), answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["detail"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused(fort: Besieged, name: str):
    began = time.monotonic()
    assert_refused(sent(fort, bomb(name)))
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_refused_or_shaded(fort: Besieged, name: str):
    began = time.monotonic()
    answer = sent(fort, bomb(name))
    if answer.status_code != 200:
        assert_refused(answer)
    assert time.monotonic() - began < SOON_S


def test_a_hundred_refusals_leave_no_memory_behind(fort: Besieged):
    names = list(REFUSED)
    for name in names * 2:
        assert_refused(sent(fort, bomb(name)))
    before = fort.rss()
    for index in range(REFUSALS):
        assert_refused(sent(fort, bomb(names[index % len(names)])))
    assert fort.rss() - before < GROWTH
