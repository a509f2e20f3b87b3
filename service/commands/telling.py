"""What came of a job, in one line or in all detail."""

from typing import Any

import msgspec

from service.client.documents import JobDocument
from service.jobs.jobs import JobState


def summary(job: JobDocument) -> str:
    """What came out."""
    seconds = job.timings.queue_s + job.timings.field_s + job.timings.shade_s
    parts = [str(job.state), _passes(job), _tiles(job), _bound(job)]
    where = f"{seconds:.1f} s" + (f" on {job.device}" if job.device else "")
    return ", ".join(filter(None, [*parts, where]))


def missing(job: JobDocument, resume: str | None = None) -> str | None:
    """What a partial result lacks, and how to go on; None of a complete one.

    `resume` is what `--resume` takes to go on from here.
    """
    if job.state is not JobState.PARTIAL:
        return None
    reached = [_passes(job), _tiles(job) or _bound(job)]
    said = f"partial: {', '.join(filter(None, reached)) or 'no field'}"
    if job.status_reason:
        said += f" when {job.status_reason}"
    elif not job.skipped:
        said += f" when the {job.deadline_s:g} s were up"
    left_out = [f"{each.what}: {each.why}" for each in job.skipped]
    further = "a longer --deadline gets further"
    if resume is not None:
        further = f"--resume {resume} goes on from here"
    return "; ".join([said, *left_out, further])


def document_file(document: dict[str, Any]) -> bytes:
    """The job document as a JSON file; its links lead nowhere from there."""
    kept = {name: value for name, value in document.items() if name != "links"}
    return msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n"


def _passes(job: JobDocument) -> str:
    done, total = job.progress.passes_done, job.progress.passes_total
    if not total:
        return ""
    passes = "pass" if total == 1 else "passes"
    return f"{total} {passes}" if done == total else f"{done} of {total} {passes} done"


def _tiles(job: JobDocument) -> str:
    done, total = job.progress.tiles_done, job.progress.tiles_total
    if total <= job.progress.passes_total + 1:  # each is a whole image
        return ""
    return f"{done} of {total} tiles certified"


def _bound(job: JobDocument) -> str:
    bound = job.quality.angle_bound_max
    return "" if bound is None else f"bound at most {bound:.2g}"
