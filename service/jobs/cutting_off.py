"""What becomes of jobs that were under way when the service was killed."""

from service.jobs.job_files import JobFiles, passes_of
from service.jobs.jobs import Job, JobState

INTERRUPTED = "interrupted by a restart"


def cut_off(job: Job, files: JobFiles) -> None:
    """End a job as far as it was; an answer that is out without its arrays makes it partial."""
    if not job.state.ended:
        shown = files.latest_name(job.id)
        job.move(JobState.PARTIAL if shown else JobState.FAILED, INTERRUPTED)
        job.reached(passes_of(shown))
        job.shared_with = 0
    elif not files.has_arrays(job.id):
        job.lose_arrays(INTERRUPTED)
    job.arrays_due = False
