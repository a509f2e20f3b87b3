from service.access.keys import SCOPES, new_key
from service.access.tickets import LASTS_S, MOST, Tickets, reading

_, ALICE = new_key("alice", ("submit", "read"))
_, BOB = new_key("bob", ("read",))


def test_a_ticket_stands_for_its_key_once():
    tickets = Tickets()
    ticket = tickets.issue(ALICE, now=0.0)
    assert tickets.redeem(ticket, now=1.0) == ALICE
    assert tickets.redeem(ticket, now=1.0) is None


def test_and_for_a_minute():
    tickets = Tickets()
    first, second = tickets.issue(ALICE, now=0.0), tickets.issue(ALICE, now=0.0)
    assert tickets.redeem(first, now=LASTS_S - 0.1) == ALICE
    assert tickets.redeem(second, now=LASTS_S) is None


def test_what_is_no_ticket_is_none():
    tickets = Tickets()
    number = tickets.issue(ALICE, now=0.0).partition(".")[2]
    for wrong in ("", ".", number, f".{number}", f"bob.{number}", "alice.", f"alice.{number}x"):
        assert tickets.redeem(wrong, now=0.0) is None
    assert len(tickets) == 1


def test_an_owner_who_takes_many_loses_the_oldest_and_nobody_elses():
    tickets = Tickets()
    bobs = tickets.issue(BOB, now=0.0)
    mine = [tickets.issue(ALICE, now=0.0) for _ in range(MOST + 1)]
    assert len(tickets) == MOST + 1
    assert tickets.redeem(mine[0], now=0.0) is None
    assert tickets.redeem(mine[1], now=0.0) == ALICE
    assert tickets.redeem(bobs, now=0.0) == BOB


def test_a_ticket_only_reads_and_sees_what_its_key_sees():
    _, root = new_key("root", ("admin",))
    for key in (ALICE, root):
        ticket = reading(key)
        assert [ticket.allows(each) for each in SCOPES] == [False, True, False]
        assert (ticket.owner, ticket.is_admin) == (key.owner, key.is_admin)
