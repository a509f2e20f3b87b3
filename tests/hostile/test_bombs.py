"""Bombs cost one request a refusal, and nobody anything else."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import httpx
import pytest

from service.problems import MEDIA_TYPE
from tests.hostile.besieged import Besieged
from tests.hostile.bombs import ODD, REFUSED, bomb

RAW = {"Content-Type": "application/octet-stream", "Accept": "application/json"}
CPU_S = 8.0  # of service and decoders, for any file
GROWTH = 1 << 19  # bytes of memory, over
REFUSALS = 50


@contextmanager
def cheaply(fort: Besieged) -> Iterator[None]:
    before = fort.cpu_of_all_s()
    yield
    assert fort.cpu_of_all_s() - before < CPU_S


def sent(fort: Besieged, data: bytes) -> httpx.Response:
    return fort.client.post("/shade?passes=1", content=data, headers=RAW)


def assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code in (400, 413, 415, 422), answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["detail"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused(fort: Besieged, name: str):
    with cheaply(fort):
        assert_refused(sent(fort, bomb(name)))


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_refused_or_shaded(fort: Besieged, name: str):
    with cheaply(fort):
        answer = sent(fort, bomb(name))
    if answer.status_code != 200:
        assert_refused(answer)


def test_a_hundred_refusals_leave_no_memory_behind(fort: Besieged):
    names = list(REFUSED)
    for name in names * 2:
        assert_refused(sent(fort, bomb(name)))
    held = [fort.rss()]
    while len(held) < 3:  # a leak shows each time
        for index in range(REFUSALS):
            assert_refused(sent(fort, bomb(names[index % len(names)])))
        held.append(fort.rss())
    assert min(later - earlier for earlier, later in pairwise(held)) < GROWTH
