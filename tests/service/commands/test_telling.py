"""The line at the end."""

from typing import Any

from service.client.documents import JobDocument
from service.commands.telling import document_file, missing, summary
from service.jobs.jobs import JobState, Progress, Quality, Timings
from worker.wire.messages import Skipped


def job(state: JobState, **values: Any) -> JobDocument:
    return JobDocument(id="job-12345678", kind="shade", state=state, deadline_s=60.0, **values)


def test_what_came_out() -> None:
    whole = job(
        JobState.COMPLETE,
        progress=Progress(484, 484, 4, 4),
        quality=Quality(0.01, 0.03),
        timings=Timings(queue_s=0.5, field_s=1.0, shade_s=0.25, encode_s=9.0),
        device="cpu",
    )
    assert missing(whole) is None
    assert summary(whole) == (
        "complete, 4 passes, 484 of 484 tiles certified, bound at most 0.03, 1.8 s on cpu"
    )
    field = job(JobState.COMPLETE, progress=Progress(121, 121))
    assert summary(field) == "complete, 121 of 121 tiles certified, 0.0 s"


def test_of_a_whole_image_the_bound_says_it() -> None:
    field = job(JobState.COMPLETE, progress=Progress(1, 1), quality=Quality(0.05, 0.05))
    assert summary(field) == "complete, bound at most 0.05, 0.0 s"
    cross = job(JobState.COMPLETE, progress=Progress(3, 3, 2, 2), quality=Quality(0.05, 0.05))
    assert "tiles" not in summary(cross)


def test_what_is_missing() -> None:
    part = job(JobState.PARTIAL, progress=Progress(151, 484, 1, 4))
    assert missing(part) == (
        "partial: 1 of 4 passes done, 151 of 484 tiles certified when the 60 s were up;"
        " a longer --deadline gets further"
    )
    assert missing(job(JobState.PARTIAL)) == (
        "partial: no field when the 60 s were up; a longer --deadline gets further"
    )
    lost = job(JobState.PARTIAL, status_reason="the worker died", progress=Progress(0, 0, 0, 4))
    assert missing(lost) == (
        "partial: 0 of 4 passes done when the worker died; a longer --deadline gets further"
    )
    source = job(
        JobState.PARTIAL,
        progress=Progress(11, 246, 2, 2),
        skipped=[Skipped("source", "half of the time was over")],
    )
    assert missing(source) == (
        "partial: 2 passes, 11 of 246 tiles certified; source: half of the time was over;"
        " a longer --deadline gets further"
    )


def test_the_document_has_no_links() -> None:
    file = document_file({"id": "job-12345678", "links": {"self": "/jobs/job-12345678"}})
    assert file == b'{\n  "id": "job-12345678"\n}\n'
