"""What became of a request, measured or simulated."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from benchmarks.load.arrivals import Request

GRACE_S = 0.3  # after the deadline the head of an answer still counts as in time
End: TypeAlias = Literal["complete", "partial", "refused", "hung up", "failed", "lost"]
ENDS: tuple[End, ...] = ("complete", "partial", "refused", "hung up", "failed", "lost")
ANSWERED: tuple[End, ...] = ("complete", "partial")


@dataclass(frozen=True)
class Outcome:
    """One request's end.

    Attributes:
        end: `failed` is an answer that is no picture and no refusal, `lost` no answer at all.
        status: of HTTP; 0 without an answer.
        answer_s: from the end of the upload to the head of the answer, or to the terminal event
            where the answer is asked for later.
        behind_s: how much later than planned the harness itself sent it.
        bound: median bound of the angles of the last field, a sine; None where there is none.
    """

    request: Request
    end: End
    status: int = 0
    answer_s: float | None = None
    behind_s: float = 0.0
    retry_after_s: float | None = None
    passes: int = 0
    tiles: int = 0
    bound: float | None = None
    queue_s: float = 0.0
    field_s: float = 0.0
    shade_s: float = 0.0
    encode_s: float = 0.0
    reason: str = ""

    @property
    def over_s(self) -> float | None:
        """How long after the deadline the answer came; negative before it."""
        return None if self.answer_s is None else self.answer_s - self.request.deadline_s

    @property
    def in_time(self) -> bool:
        """Whether a picture came by the deadline and its grace."""
        return self.end in ANSWERED and self.over_s is not None and self.over_s <= GRACE_S
