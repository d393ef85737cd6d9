"""The job that sets up a stewardship in the background."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from domain.aggregate import Aggregate
from domain.errors import RuleViolatedError
from domain.stewardship.addresses import found_as, named_addresses, without_addresses
from domain.stewardship.definition import StewardshipDefinition
from domain.stewardship.fields import check_definition
from domain.stewardship.job_events import (
    StewardshipJobAddressGiven,
    StewardshipJobAddressNeutralized,
    StewardshipJobCancelled,
    StewardshipJobCompleted,
    StewardshipJobContactGiven,
    StewardshipJobContactNeutralized,
    StewardshipJobFailed,
    StewardshipJobProgressed,
    StewardshipJobRequested,
    StewardshipJobStarted,
    StewardshipJobState,
)
from domain.stewardship.kinds import JobStatus

OPEN = (JobStatus.PENDING, JobStatus.RUNNING)

# What a job shows as soon as it runs: its progress is never 0 then.
BEGUN = 0.05

# One that so many workers began and none finished may be what kills them.
MOST_ATTEMPTS = 5
WORN_OUT = f"The job was begun {MOST_ATTEMPTS} times and failed each time; the log says why"


class StewardshipJob(Aggregate):
    """A request for a stewardship, and how far a worker has come with it."""

    TOPIC = "StewardshipJob"
    CATEGORY = "stewardship_job"
    STATE = StewardshipJobState

    if TYPE_CHECKING:
        state: StewardshipJobState

    @classmethod
    def request(
        cls,
        job_id: int,
        *,
        stewardship_id: int,
        definition: StewardshipDefinition,
        now: datetime,
    ) -> "StewardshipJob":
        """Ask for a stewardship under an id that nobody else has.

        Raises InvalidFieldError for a definition that cannot be.
        """
        check_definition(definition)
        without_contact = [
            msgspec.structs.replace(each, contact_info={}) for each in definition.stewards
        ]
        job = cls._create(
            StewardshipJobRequested,
            id=cls.stream_id(job_id),
            timestamp=now,
            stewardship_key=stewardship_id,
            definition=msgspec.structs.replace(
                definition,
                stewards=without_contact,
                options=without_addresses(definition.options),
            ),
        )
        for number, steward in enumerate(definition.stewards, start=1):
            if steward.contact_info:
                job.trigger_event(
                    StewardshipJobContactGiven,
                    timestamp=now,
                    stewardship_key=stewardship_id,
                    user_id=steward.user_id,
                    number=number,
                    contact_info=steward.contact_info,
                )
        for named in named_addresses(definition.options):
            job.trigger_event(
                StewardshipJobAddressGiven,
                timestamp=now,
                stewardship_key=stewardship_id,
                **msgspec.structs.asdict(named),
            )
        return job

    def start(self, *, now: datetime) -> bool:
        """Take the job up; False if it has come to its end and there is nothing to do.

        One that was taken up too often fails.
        """
        if not self.is_open:
            return False
        if self.state.attempts >= MOST_ATTEMPTS:
            self.fail(WORN_OUT, now=now)
            return False
        self.trigger_event(StewardshipJobStarted, timestamp=now)
        self.advance("started", BEGUN, now=now)
        return True

    def advance(self, step: str, progress: float, *, now: datetime) -> None:
        """Tell that a step is done; progress never falls, and what was told before is not again."""
        if self.is_open and progress > self.state.progress:
            self.trigger_event(
                StewardshipJobProgressed, timestamp=now, step=step, progress=progress
            )

    def complete(self, *, now: datetime) -> None:
        """Tell that the stewardship is there, which is to be recorded together with the job."""
        if self.is_open:
            self.trigger_event(
                StewardshipJobCompleted,
                timestamp=now,
                stewardship_key=self.state.stewardship_key,
            )

    def fail(self, error: str, *, now: datetime) -> None:
        """Give up; of no effect on a job that has ended."""
        if self.is_open:
            self.trigger_event(StewardshipJobFailed, timestamp=now, error=error)
            self._forget_contacts(now)

    def cancel(self, *, now: datetime) -> None:
        """Call the job off. Raises RuleViolatedError for one that is completed or failed."""
        if self.state.status == JobStatus.CANCELLED:
            return
        if not self.is_open:
            raise RuleViolatedError(f"The job is {self.state.status} and cannot be cancelled")
        self.trigger_event(StewardshipJobCancelled, timestamp=now)
        self._forget_contacts(now)

    def neutralize(self, name: str, *, reason: str, policy: str, now: datetime) -> None:
        """Erase what there is of somebody who is called so, or has this e-mail address.

        Of no effect where there is nothing.
        """
        found = [each for each in self.state.addresses if found_as(each.address) == found_as(name)]
        for number in dict.fromkeys(each.number for each in found):
            self._neutralize_address(number, now, reason=reason, policy=policy)
        for contact in list(self.state.contacts):
            if found_as(contact.user_id) == found_as(name) and not contact.is_neutralized:
                self.trigger_event(
                    StewardshipJobContactNeutralized,
                    timestamp=now,
                    stewardship_key=self.state.stewardship_key,
                    user_id=contact.user_id,
                    number=contact.number,
                    redacted_fields=[f"contact_info.{field}" for field in contact.contact_info],
                    reason=reason,
                    policy=policy,
                )

    @property
    def is_open(self) -> bool:
        """Whether the job has not come to its end."""
        return self.state.status in OPEN

    @property
    def definition(self) -> StewardshipDefinition:
        """What was asked for, with the contact details that are still there."""
        contacts = {each.user_id: each.contact_info for each in self.state.contacts}
        definition = self.state.definition
        stewards = [
            msgspec.structs.replace(each, contact_info=contacts.get(each.user_id, {}))
            for each in definition.stewards
        ]
        return msgspec.structs.replace(definition, stewards=stewards)

    def _forget_contacts(self, now: datetime) -> None:
        """Nobody needs the contact details of a stewardship that will never be."""
        names = [each.user_id for each in self.state.contacts]
        addresses = [each.address for each in self.state.addresses]
        for name in [*names, *addresses]:
            reason = "no stewardship came of the job"
            self.neutralize(name, reason=reason, policy="no_longer_needed", now=now)

    def _neutralize_address(self, number: int, now: datetime, *, reason: str, policy: str) -> None:
        self.trigger_event(
            StewardshipJobAddressNeutralized,
            timestamp=now,
            stewardship_key=self.state.stewardship_key,
            number=number,
            redacted_fields=["address"],
            reason=reason,
            policy=policy,
        )
