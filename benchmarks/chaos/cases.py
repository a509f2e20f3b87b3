"""What each client asked for and was told, and what is kept of it: held against each other."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from benchmarks.load.arrivals import Request

Way: TypeAlias = Literal[
    "waits", "asks later", "puts", "goes on", "cancels", "never reads", "hangs up"
]
WAYS: tuple[Way, ...] = (
    "waits", "asks later", "puts", "goes on", "cancels", "never reads", "hangs up",
)  # fmt: skip
State: TypeAlias = Literal["complete", "partial", "failed", "cancelled"]
STATES: tuple[State, ...] = ("complete", "partial", "failed", "cancelled")
Told: TypeAlias = Literal[State, "refused", "no room", "hung up", "cut off", "error", "silent"]
End: TypeAlias = Literal[Told, "lost", "changed"]
SOUND: tuple[End, ...] = (*STATES, "refused", "no room", "hung up", "cut off")
BROKEN: tuple[End, ...] = ("lost", "changed", "silent", "error")
"""Ends that no trouble excuses."""


@dataclass
class Case:
    """One request, as its client has seen it.

    Attributes:
        job: its id, once the client knows of one that was accepted.
        told: the last that the client heard; `cut off`: the service died before it said anything.
        picture: digest of the PNG that was answered or shown.
        full: the disk was full meanwhile.
        note: a reason, where there is one.
    """

    way: Way
    request: Request
    began: float  # by trio's clock
    job: str | None = None
    told: Told = "silent"
    picture: str | None = None
    full: bool = False
    note: str = ""


@dataclass(frozen=True)
class Kept:
    """What the service says of a job after its last restart.

    Attributes:
        status: of its document.
        state: of the job; empty where there is none.
        picture: digest of its PNG; None where there is none.
    """

    status: int
    state: str = ""
    picture: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Account:
    """What became of a case."""

    end: End
    note: str = ""

    @property
    def sound(self) -> bool:
        """Whether nobody can complain."""
        return self.end in SOUND


def account(case: Case, kept: Kept | None) -> Account:
    """The end of a case; `kept` is None where no job was accepted, as far as its client knows."""
    if case.told == "error" or kept is None:
        return Account(case.told, case.note)
    if kept.status in (404, 410):
        return _gone(case, kept)
    if kept.status != 200:
        return Account("error", f"its document is answered with {kept.status} {kept.note}")
    state = next((each for each in STATES if each == kept.state), None)
    if state is None:
        return Account("silent", f"it is {kept.state} after the last restart")
    if case.told not in STATES and not case.full:
        return Account(case.told, case.note)
    return _kept(case, kept, state)


def _gone(case: Case, kept: Kept) -> Account:
    """No record: the oldest leave when there are too many, and whoever cancels may remove."""
    if kept.status == 410 and case.told in STATES:
        return Account(case.told, case.note)
    return Account("lost", f"told {case.told}, then {kept.status}")


def _kept(case: Case, kept: Kept, state: State) -> Account:
    """A record with an end; what came while the disk was full may lack what was answered."""
    if case.full:
        return Account(state, kept.note)
    if state != case.told and not _cut_off(case, kept, state):
        return Account("changed", f"told {case.told}, then {state} ({kept.note})")
    if case.picture is not None and kept.picture != case.picture:
        what = "another picture" if kept.picture else f"no picture ({kept.note})"
        return Account("changed", f"told {state}, then {what}")
    if state == "complete" and kept.picture is None:
        return Account("lost", f"complete without a picture ({kept.note})")
    return Account(state, case.note)


def _cut_off(case: Case, kept: Kept, state: State) -> bool:
    """A kill came between the answer and the arrays of a field, which a resume brings."""
    ends, is_field = (case.told, state), case.request.kind == "field"
    return is_field and ends == ("complete", "partial") and "interrupted" in kept.note
