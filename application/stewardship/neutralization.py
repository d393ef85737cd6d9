"""Erasing contact details of stewards and addresses among the options: in one, or wherever.

Contract section 7: Neutralization.
"""

from collections.abc import Sequence

import msgspec

from application.erasures.together import Erased, each
from application.ports import EventStore
from application.projections.ports import ParkedStreams
from application.retries import retrying
from application.stewardship.handlers import change_stewardship
from application.stewardship.ports import Clock, StewardDirectory
from domain.events import Metadata
from domain.stewardship.addresses import found_as
from domain.stewardship.job import StewardshipJob
from domain.stewardship.kinds import JobStatus
from domain.stewardship.stewardship import Stewardship

READ_MODEL = "stewardships"


class HeldContact(msgspec.Struct, frozen=True, kw_only=True):
    """Where there are contact details of somebody: in stewardships, and in jobs without one."""

    stewardship_ids: Sequence[int]
    job_ids: Sequence[int]


class NeutralizedContact(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the places where there were contact details of somebody."""

    stewardships: Erased[int]
    jobs: Erased[int]

    @property
    def is_any(self) -> bool:
        """Whether there were any."""
        return self.count + self.failed_count > 0

    @property
    def count(self) -> int:
        """How many of the places were neutralized."""
        return len(self.stewardships.done) + len(self.jobs.done)

    @property
    def failed_count(self) -> int:
        """How many of them failed."""
        return len(self.stewardships.failed) + len(self.jobs.failed)

    @property
    def position(self) -> int | None:
        """Where the log stands with it; None if nothing was recorded."""
        positions = (self.stewardships.position, self.jobs.position)
        return max((at for at in positions if at is not None), default=None)


async def neutralize_steward(
    store: EventStore,
    clock: Clock,
    stewardship_id: int,
    user_id: str,
    *,
    reason: str,
    policy: str,
    metadata: Metadata,
) -> tuple[Stewardship, int]:
    """Erase a steward's contact details; give the stewardship with the position of the event.

    Raises NotFoundError for an unknown stewardship, and for somebody who never was its steward.
    """

    def neutralize(stewardship: Stewardship) -> None:
        stewardship.neutralize_steward(user_id, reason=reason, policy=policy, now=clock())

    return await change_stewardship(store, stewardship_id, neutralize, metadata)


async def find_contact(
    store: EventStore, directory: StewardDirectory, parked: ParkedStreams, name: str
) -> HeldContact:
    """Find the contact details of somebody, by user id or e-mail address.

    Also in what the read model could not apply. What cannot be read at all is left out; it stays
    parked, and health tells of it.
    """
    stewardships = set(await directory.stewardships_of(name))
    jobs = set(await directory.jobs_of(name))
    for stream in await parked.of(READ_MODEL):
        category, _, key = stream.stream_id.partition("-")
        try:
            if category == Stewardship.CATEGORY:
                stewardship = await store.load(Stewardship, key)
                if found_as(name) in stewardship.state.reachable():
                    stewardships.add(int(key))
            elif category == StewardshipJob.CATEGORY:
                job = await store.load(StewardshipJob, key)
                if found_as(name) in job.state.reachable():
                    jobs.add(int(key))
        except Exception:  # noqa: BLE001, S112 - whatever keeps it from being read
            continue
    return HeldContact(stewardship_ids=sorted(stewardships), job_ids=sorted(jobs))


async def neutralize_everywhere(
    store: EventStore,
    clock: Clock,
    held: HeldContact,
    name: str,
    *,
    reason: str,
    policy: str,
    metadata: Metadata,
) -> NeutralizedContact:
    """Erase the contact details of somebody wherever they are; what fails keeps no other."""

    async def in_stewardship(stewardship_id: int) -> int:
        def neutralize(stewardship: Stewardship) -> None:
            stewardship.neutralize(name, reason=reason, policy=policy, now=clock())

        _, position = await change_stewardship(store, stewardship_id, neutralize, metadata)
        return position

    async def in_job(job_id: int) -> int:
        job, position = await _neutralize_job(
            store, clock, job_id, name, reason=reason, policy=policy, metadata=metadata
        )
        if job.state.status == JobStatus.COMPLETED:  # meanwhile: its stewardship has them now
            return await in_stewardship(job.state.stewardship_key)
        return position

    return NeutralizedContact(
        jobs=await each(held.job_ids, in_job),
        stewardships=await each(held.stewardship_ids, in_stewardship),
    )


async def _neutralize_job(
    store: EventStore,
    clock: Clock,
    job_id: int,
    name: str,
    *,
    reason: str,
    policy: str,
    metadata: Metadata,
) -> tuple[StewardshipJob, int]:
    async def attempt() -> tuple[StewardshipJob, int]:
        job = await store.load(StewardshipJob, job_id)
        job.neutralize(name, reason=reason, policy=policy, now=clock())
        return job, await store.save(job, metadata=metadata)

    return await retrying(attempt)
