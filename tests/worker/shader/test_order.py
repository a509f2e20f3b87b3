from collections.abc import Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from worker.shader import order
from worker.shader.order import kth_value, median

SINGLE = st.floats(width=32, allow_nan=False)


@pytest.fixture(autouse=True, scope="module")
def _short_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "PIECE", 7)
        yield


@given(st.lists(SINGLE, min_size=1, max_size=60), st.data())
def test_it_is_what_sorting_finds(values: list[float], data: st.DataObject):
    rank = data.draw(st.integers(1, len(values)))
    there = torch.tensor(values)
    assert kth_value(there, rank) == there.sort().values[rank - 1]
    assert median(there) == there.median()


@given(st.lists(st.sampled_from([-2.0, -0.0, 0.0, 1.0, 1.0000001, 3e38]), min_size=20))
def test_values_that_share_their_bits(values: list[float]):
    there = torch.tensor(values)
    for rank in (1, len(values) // 2, len(values)):
        assert kth_value(there, rank) == there.sort().values[rank - 1]


def test_many_values():
    there = torch.randn(10_001, generator=torch.Generator().manual_seed(0))
    for rank in (1, 2, 5_000, 10_001):
        assert kth_value(there, rank) == there.kthvalue(rank).values


def test_all_the_same():
    assert kth_value(torch.full((50,), -3.5), 17) == -3.5
