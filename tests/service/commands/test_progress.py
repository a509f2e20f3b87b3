"""What the bar is told, and what it then says."""

import io
from dataclasses import dataclass
from typing import Any

import pytest
import trio
import trio.testing

from service.commands.progress import CLEAR, Bar
from service.jobs.admission import Quote
from service.jobs.events import Accepted, Event, Pass, Snapshot, Started, Tiles
from service.jobs.jobs import Job, JobState, Progress
from worker.wire.messages import Certificate


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def last(self) -> str:
        return self.getvalue().split(CLEAR)[-1]


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def told(bar: Bar, stream: Terminal, event: Event) -> str:
    bar.hear(event)
    bar.draw()
    return stream.last


def tiles(done: int, total: int, bounds: list[float | None], pass_index: int = 1) -> Tiles:
    certificates = [
        Certificate(0, 8 * i, 8, 8, "refining", b, 0.1, 1) for i, b in enumerate(bounds)
    ]
    return Tiles(pass_index, done, total, certificates)


def snapshot(**values: Any) -> Snapshot:
    job = Job(id="job-12345678", kind="shade", created=0.0, deadline_s=60.0, **values)
    return Snapshot(job.document())


def a_bar(passes: int, **options: Any) -> tuple[Bar, Terminal]:
    stream = Terminal()
    bar = Bar("a.png", quiet=False, stream=stream, clock=Clock(), **options)
    bar.begin(60.0, passes)
    return bar, stream


def test_tiles_passes_and_their_bound_are_told() -> None:
    bar, stream = a_bar(2)
    said = told(bar, stream, tiles(1, 8, [0.5, None, 0.25]))
    assert "pass 1 of 2" in said
    assert "1/8 tiles" in said
    assert "bound 0.375" in said
    assert "━" in said
    assert "bound 0.130" in told(bar, stream, tiles(2, 8, [0.01]))  # the other bounds stay
    said = told(bar, stream, tiles(5, 8, [0.02], pass_index=2))
    assert "pass 2 of 2" in said
    assert "bound 0.020" in said  # and go with their pass


def test_the_source_comes_before_the_passes() -> None:
    bar, stream = a_bar(2)
    assert "  source  " in told(bar, stream, tiles(1, 12, [0.5], pass_index=0))


def test_a_field_has_no_passes() -> None:
    bar, stream = a_bar(0)
    said = told(bar, stream, tiles(1, 8, [0.5]))
    assert "  field  " in said
    assert "pass" not in said


def test_of_a_whole_image_the_bound_is_what_falls() -> None:
    bar, stream = a_bar(0)
    for bound, said in ((None, "field"), (140.0, "no bound below 1 yet"), (0.31, "bound 0.310")):
        line = told(bar, stream, tiles(0, 1, [bound]))
        assert said in line
        assert "tiles" not in line
        assert "─" not in line


def test_a_pass_that_is_done_is_followed_by_the_next() -> None:
    bar, stream = a_bar(4)
    assert "pass 2 of 4" in told(bar, stream, Pass(1, 4))
    assert "pass 4 of 4" in told(bar, stream, Pass(4, 4))


def test_waiting_and_starting_are_told() -> None:
    bar, stream = a_bar(4)
    assert "waiting, 3 before it" in told(bar, stream, Accepted(Quote(3, 1.0, "complete", 4)))
    assert "starting" in told(bar, stream, Started())


def test_a_job_that_is_only_asked_about_has_a_bar_too() -> None:
    bar, stream = a_bar(4)
    assert "waiting" in told(bar, stream, snapshot())
    running = snapshot(state=JobState.RUNNING, progress=Progress(150, 484, 1, 4))
    said = told(bar, stream, running)
    assert "pass 2 of 4" in said
    assert "150/484 tiles" in said
    ended = snapshot(state=JobState.PARTIAL, progress=Progress(150, 484, 1, 4))
    assert "writing" in told(bar, stream, ended)


def test_seconds_count_from_the_beginning_of_the_job() -> None:
    stream, clock = Terminal(), Clock()
    bar = Bar("a.png", quiet=False, stream=stream, clock=clock)
    clock.now = 5.0
    bar.say("waiting for the worker")
    assert stream.last == "a.png  waiting for the worker  5.0 s"
    bar.begin(10.0, 4)
    clock.now = 7.25
    bar.draw()
    assert stream.last.endswith("2.2/10 s")


def test_seconds_count_while_nothing_is_heard() -> None:
    stream = Terminal()

    async def main() -> None:
        bar = Bar("a.png", quiet=False, stream=stream, clock=trio.current_time)
        with trio.move_on_after(1.05):
            await bar.keep_drawing()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert stream.last.endswith("1.0 s")


def test_a_note_stays_above_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    bar, stream = a_bar(4)
    bar.say("sending")
    bar.note("All places are taken.")
    assert capsys.readouterr().err == "itten: All places are taken.\n"
    assert "sending" in stream.last


def test_closed_it_is_gone_for_good() -> None:
    bar, stream = a_bar(4)
    bar.say("sending")
    bar.close()
    bar.draw()
    assert stream.last == ""


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_nothing_is_told_when_quiet_or_not_to_a_terminal(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = Bar("a.png", quiet=stream.isatty(), stream=stream)
    bar.say("sending")
    bar.hear(tiles(1, 3, [0.5]))
    bar.draw()
    bar.close()
    assert not bar.shown
    assert stream.getvalue() == ""
    Bar("a.png", quiet=True).note("busy")
    assert capsys.readouterr().err == ""


def test_a_terminal_that_cannot_move_its_cursor_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not Bar("a.png", quiet=False, stream=Terminal()).shown
