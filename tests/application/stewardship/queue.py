"""A queue of jobs that nobody does by themselves."""

from application.jobs import Job, JobStatus


class Queue:
    """A queue of jobs that keeps what is put into it."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def enqueue(self, job: Job) -> int | None:
        self.jobs.append(job)
        return len(self.jobs)

    async def cancel(self, job_id: int) -> bool:
        raise NotImplementedError

    async def has_workers(self) -> bool:
        raise NotImplementedError

    async def status(self, job_id: int) -> JobStatus:
        raise NotImplementedError
