"""Who is let in, and how often; addresses that no test over loopback can have."""

from pathlib import Path

import pytest

from service.access.access import Access
from service.access.keys import EVERYBODY, Scope, new_key
from service.problems import Forbidden, TooFast, Unauthorized
from service.settings import Settings

FAR, NEAR = "203.0.113.7", "127.0.0.1"


def closed(
    place: Path, *scopes: Scope, names: tuple[str, ...] = ("alice",)
) -> tuple[Access, list[str]]:
    """A service with a key of each name, and the keys as headers say them."""
    made = [new_key(name, scopes or ("submit", "read")) for name in names]
    (place / "keys").write_text("".join(f"{key.line()}\n" for _, key in made))
    settings = Settings(api_keys_file=place / "keys", rate=0.01, rate_burst=2)
    return Access(settings), [f"Bearer {text}" for text, _ in made]


async def test_without_keys_other_machines_have_a_rate_each():
    access = Access(Settings(rate=0.01, rate_burst=2))
    for address in (FAR, "203.0.113.8"):
        for _ in range(2):
            assert await access.admit("submit", "", None, address) == EVERYBODY
        with pytest.raises(TooFast) as caught:
            await access.admit("submit", "", None, address)
        assert caught.value.retry_after == pytest.approx(100, abs=60)
    for _ in range(5):
        await access.admit("submit", "Bearer of anything", "no ticket", NEAR)


async def test_wrong_keys_cost_those_who_send_them_and_not_those_who_have_one(tmp_path: Path):
    access, [alice] = closed(tmp_path)
    for wrong in ("", "Bearer x"):
        with pytest.raises(Unauthorized):
            await access.admit("read", wrong, None, NEAR)
    with pytest.raises(TooFast):
        await access.admit("read", "", None, NEAR)
    assert (await access.admit("read", alice, None, NEAR)).owner == "alice"


async def test_a_name_has_one_rate_wherever_it_calls_from_and_with_whichever_key(tmp_path: Path):
    access, [first, second, other] = closed(tmp_path, names=("alice", "alice", "bob"))
    await access.admit("read", first, None, FAR)
    await access.admit("read", second, None, NEAR)
    for header in (first, second):
        with pytest.raises(TooFast):
            await access.admit("read", header, None, FAR)
    await access.admit("read", other, None, FAR)


async def test_asking_for_more_than_one_may_counts_too(tmp_path: Path):
    access, [alice] = closed(tmp_path, "read")
    for _ in range(2):
        with pytest.raises(Forbidden, match="lacks the scope submit"):
            await access.admit("submit", alice, None, FAR)
    with pytest.raises(TooFast):
        await access.admit("submit", alice, None, FAR)


async def test_the_header_may_be_written_in_any_case_and_is_preferred_to_a_ticket(tmp_path: Path):
    access, [root] = closed(tmp_path, "admin")
    key = await access.admit("admin", root.replace("Bearer ", "bearer  "), "no ticket", FAR)
    ticket = access.ticket(key)
    found = await access.admit("read", "", ticket, FAR)
    assert found.allows("read")
    assert not found.allows("admin")
