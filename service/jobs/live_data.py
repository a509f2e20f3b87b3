"""A job under way whose answer is data."""

from dataclasses import dataclass

from service.jobs.jobs import JobState
from service.jobs.live_job import LiveJob
from service.problems import NotReady
from worker.wire.messages import Finished


@dataclass(eq=False)
class LiveData(LiveJob):
    """As `LiveJob`; it has no passes, and `answer` once it has ended."""

    def finish(self, message: Finished, payload: bytes) -> None:
        """Take the worker's answer."""
        if message.state == "failed":
            super().finish(message, payload)
            return
        self.record.finish(message)
        self.record.linked = list(message.linked)
        self.answer, self.expects_arrays = payload or None, message.arrays
        self._settle(None)

    def finish_without_worker(self, reason: str, *, late: bool = False) -> None:
        """End without an answer: partial where it was late, or can be gone on with.

        Who went on himself has what he began with.
        """
        if late or self.kept or self.record.resumed_from is not None:
            self.record.move(JobState.PARTIAL, reason)
            self._settle(None)
        else:
            problem = NotReady(f"There is no answer: {reason}; send the request again.")
            self.fail(problem, reason)
