"""A service that is ended and started again over the same directory, with a worker that stays."""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.load.served import launch, ready

MOST_S = 3.0  # of a deadline
SLACK_S = 60.0  # after it: guards against a hang and nothing else
END_S = 3.0  # to end in, besides


@dataclass
class Site:
    """A service over its restarts, with a worker that stays."""

    data: Path
    worker: str
    process: subprocess.Popen[str] = field(init=False)
    client: httpx.Client = field(init=False)

    def start(self) -> None:
        """Start it; returns when it takes work."""
        self.process = launch(
            ITTEN_DATA=str(self.data),
            ITTEN_PORT="0",
            ITTEN_WORKERS=self.worker,
            ITTEN_MAX_DEADLINE_S=str(MOST_S),
        )
        url = ready(self.process).url
        hooks = {"response": [expected]}
        self.client = httpx.Client(
            base_url=url, timeout=2 * SLACK_S, trust_env=False, event_hooks=hooks
        )

    def end(self, number: signal.Signals) -> None:
        """End it by a signal; it must end as that says."""
        self.client.close()
        with self.process as process:
            process.send_signal(number)
            assert process.wait(MOST_S + END_S + SLACK_S) == (
                0 if number == signal.SIGTERM else -number
            )


def expected(answer: httpx.Response) -> None:
    """No answer is a bug of the service."""
    answer.read()
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
