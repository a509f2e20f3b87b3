"""The line that changes, and the one at the end."""

import io

import pytest

from service.commands.progress import CLEAR, ProgressLine, missing, summary
from service.jobs.events import Tiles
from service.jobs.jobs import Job, JobState, Progress, Quality
from worker.wire.messages import Certificate


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def last(self) -> str:
        return self.getvalue().split(CLEAR)[-1]


def tiles(done: int, total: int, bounds: list[float | None], pass_index: int = 1) -> Tiles:
    certificates = [
        Certificate(0, 8 * i, 8, 8, "refining", b, 0.1, 1) for i, b in enumerate(bounds)
    ]
    return Tiles(pass_index, done, total, certificates)


def job(state: JobState, **values: object) -> Job:
    made = Job(id="job-12345678", kind="field", created=0.0, deadline_s=60.0, **values)  # type: ignore[arg-type]
    made.state = state
    return made


def test_tiles_and_their_bound_are_told() -> None:
    stream = Terminal()
    line = ProgressLine("a.png", quiet=False, stream=stream)
    line.hear(tiles(1, 3, [0.5, None, 0.25]), 0)
    assert stream.last == "a.png: 1/3 tiles, bound 0.375"
    line.hear(tiles(2, 3, [0.01]), 0)  # the other bounds stay
    assert stream.last == "a.png: 2/3 tiles, bound 0.130"
    line.hear(tiles(3, 6, [0.02], pass_index=2), 2)
    assert stream.last == "a.png: pass 2 of 2, 3/6 tiles, bound 0.020"
    line.clear()
    assert stream.last == ""


def test_of_a_whole_image_the_bound_is_what_falls() -> None:
    stream = Terminal()
    line = ProgressLine("a.png", quiet=False, stream=stream)
    for bound, told in ((None, "no bound yet"), (140.0, "no bound below 1 yet"), (0.31, "0.310")):
        line.hear(tiles(0, 1, [bound]), 0)
        assert stream.last.startswith("a.png: ")
        assert stream.last.endswith(told)
        assert "tiles" not in stream.last


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_nothing_is_told_when_quiet_or_not_to_a_terminal(stream: io.StringIO) -> None:
    line = ProgressLine("a.png", quiet=stream.isatty(), stream=stream)
    line.hear(tiles(1, 3, [0.5]), 0)
    line.clear()
    assert not line.shown
    assert stream.getvalue() == ""


def test_the_end_says_what_came_out_and_what_is_missing() -> None:
    whole = job(JobState.COMPLETE, quality=Quality(0.01, 0.03), device="cpu")
    whole.pass_tiles_converged = whole.pass_tiles_total = 121
    assert missing(whole) is None
    assert summary(whole) == (
        "complete, 121 of 121 tiles certified, bound at most 0.03, 0.0 s on cpu"
    )
    image = job(JobState.PARTIAL, quality=Quality(0.31, 0.31), progress=Progress())
    image.pass_tiles_total = 1
    assert "partial: bound at most 0.31 when" in (missing(image) or "")
    part = job(JobState.PARTIAL, progress=Progress(passes_done=1, passes_total=4))
    part.pass_tiles_converged, part.pass_tiles_total = 30, 121
    said = missing(part) or ""
    assert "1 of 4 passes" in said
    assert "30 of 121 tiles" in said
    assert "60 s were up" in said
    assert "--deadline-s" in said
