import pytest

from service.jobs.set_aside import _MOST, SECONDS, Aside
from service.problems import SetAside


def test_it_is_refused_for_a_while_and_says_how_long():
    aside = Aside()
    aside.check("one", 100.0)
    aside.add("one", 100.0)
    aside.check("other", 100.0)
    with pytest.raises(SetAside) as refused:
        aside.check("one", 130.0)
    assert refused.value.retry_after == SECONDS - 30
    aside.check("one", 100.0 + SECONDS)


def test_the_oldest_are_forgotten():
    aside = Aside()
    for number in range(_MOST + 1):
        aside.add(str(number), 0.0)
    aside.check("0", 1.0)
    for number in (1, _MOST):
        with pytest.raises(SetAside):
            aside.check(str(number), 1.0)
