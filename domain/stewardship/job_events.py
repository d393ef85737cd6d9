"""What happens to a job that sets up a stewardship in the background."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent, RedactionEvent
from domain.personal import Personal
from domain.stewardship.addresses import (
    NamedAddress,
    address_subject,
    found_as,
    with_address,
    with_redacted,
    without_addresses,
)
from domain.stewardship.definition import OptionsDefinition, StewardshipDefinition
from domain.stewardship.events import steward_subject
from domain.stewardship.kinds import AddressUse, JobStatus

if TYPE_CHECKING:
    from domain.stewardship.job import StewardshipJob


class JobContact(msgspec.Struct, kw_only=True):
    """Contact details that a job waits with, until its stewardship has them."""

    user_id: str
    number: int
    contact_info: dict[str, str]
    is_neutralized: bool = False


class StewardshipJobState(msgspec.Struct, kw_only=True):
    """A job as its events have made it; ``step`` is the last one that is done.

    ``attempts`` counts how often it was taken up.
    """

    stewardship_key: int
    definition: StewardshipDefinition
    contacts: list[JobContact]
    status: JobStatus
    created_at: datetime
    progress: float = 0.0
    step: str = ""
    attempts: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    error: str | None = None
    addresses: list[NamedAddress] = msgspec.field(default_factory=list)

    def reachable(self) -> list[str]:
        """Name everybody of whom there is something to erase, as they are found."""
        names = [each.user_id for each in self.contacts if not each.is_neutralized]
        return [found_as(name) for name in (*names, *(each.address for each in self.addresses))]

    def take_options(self, options: OptionsDefinition) -> None:
        """Have other options than before."""
        self.definition = msgspec.structs.replace(self.definition, options=options)


class StewardshipJobRequested(CreatedEvent, frozen=True, kw_only=True):
    """A stewardship is to be set up, under the id that is given here once and for all.

    The contact details of its stewards are not in the definition, nor the e-mail addresses among
    its options: they have events of their own.
    """

    TOPIC = "StewardshipJobRequested"

    stewardship_key: int
    definition: StewardshipDefinition

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Wait for a worker."""
        aggregate.state = StewardshipJobState(
            stewardship_key=self.stewardship_key,
            definition=self.definition,
            contacts=[],
            status=JobStatus.PENDING,
            created_at=self.timestamp,
        )


class StewardshipJobContactEvent(DomainEvent, frozen=True, kw_only=True):
    """Something about the contact details of a steward to be, ``number`` in the stewardship."""

    stewardship_key: int
    user_id: str
    number: int

    @property
    def subject(self) -> str:
        """The person in the stewardship that is to be set up."""
        return steward_subject(self.stewardship_key, self.number)


class StewardshipJobContactGiven(StewardshipJobContactEvent, frozen=True, kw_only=True):
    """A steward to be has contact details."""

    TOPIC = "StewardshipJobContactGiven"

    contact_info: Personal[dict[str, str]]

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Keep them for the stewardship."""
        aggregate.state.contacts.append(
            JobContact(user_id=self.user_id, number=self.number, contact_info=self.contact_info)
        )


class StewardshipJobContactNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """The contact details of a steward to be were erased for good."""

    TOPIC = "StewardshipJobContactNeutralized"

    stewardship_key: int
    user_id: str
    number: int

    @property
    def subject(self) -> str:
        """The person in the stewardship that was to be set up."""
        return steward_subject(self.stewardship_key, self.number)

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Forget them."""
        for contact in aggregate.state.contacts:
            if contact.number == self.number:
                contact.contact_info = {}
                contact.is_neutralized = True


class StewardshipJobAddressGiven(DomainEvent, frozen=True, kw_only=True):
    """An approver, or a recipient of escalations, is named by an e-mail address."""

    TOPIC = "StewardshipJobAddressGiven"

    stewardship_key: int
    number: int
    use: AddressUse
    index: int
    address: Personal[str]

    @property
    def subject(self) -> str:
        """Whoever the address reaches in the stewardship that is to be set up."""
        return address_subject(self.stewardship_key, self.number)

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Put it among the options."""
        state = aggregate.state
        named = NamedAddress(
            number=self.number, use=self.use, index=self.index, address=self.address
        )
        state.take_options(with_address(state.definition.options, named))
        state.addresses.append(named)


class StewardshipJobAddressNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """An e-mail address among the options was erased for good, wherever it stood."""

    TOPIC = "StewardshipJobAddressNeutralized"

    stewardship_key: int
    number: int

    @property
    def subject(self) -> str:
        """Whoever the address reached in the stewardship that was to be set up."""
        return address_subject(self.stewardship_key, self.number)

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Forget it."""
        state = aggregate.state
        for named in state.addresses:
            if named.number == self.number:
                state.take_options(with_redacted(state.definition.options, named))
        state.addresses = [each for each in state.addresses if each.number != self.number]


class StewardshipJobStarted(DomainEvent, frozen=True, kw_only=True):
    """A worker took the job up; again, if the one before died."""

    TOPIC = "StewardshipJobStarted"

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Be running since the first time."""
        state = aggregate.state
        state.status = JobStatus.RUNNING
        state.attempts += 1
        state.started_at = state.started_at or self.timestamp


class StewardshipJobProgressed(DomainEvent, frozen=True, kw_only=True):
    """A step of the job is done, and so much of the whole, from 0 to 1."""

    TOPIC = "StewardshipJobProgressed"

    step: str
    progress: float

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Be so far."""
        aggregate.state.step = self.step
        aggregate.state.progress = self.progress


class StewardshipJobEnded(DomainEvent, frozen=True, kw_only=True):
    """The job came to its end."""

    def end(self, state: StewardshipJobState, status: JobStatus) -> None:
        """Be at the end."""
        state.status = status
        state.completed_at = self.timestamp


class StewardshipJobCompleted(StewardshipJobEnded, frozen=True, kw_only=True):
    """The stewardship was set up, in the same transaction."""

    TOPIC = "StewardshipJobCompleted"

    stewardship_key: int

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Be complete; the stewardship has the contact details and addresses now."""
        state = aggregate.state
        self.end(state, JobStatus.COMPLETED)
        state.progress = 1.0
        state.contacts = []
        state.addresses = []
        state.take_options(without_addresses(state.definition.options))


class StewardshipJobFailed(StewardshipJobEnded, frozen=True, kw_only=True):
    """There is no stewardship, and the job is not tried again; ``error`` says why."""

    TOPIC = "StewardshipJobFailed"

    error: str

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Be failed."""
        self.end(aggregate.state, JobStatus.FAILED)
        aggregate.state.error = self.error


class StewardshipJobCancelled(StewardshipJobEnded, frozen=True, kw_only=True):
    """Somebody called the job off before there was a stewardship."""

    TOPIC = "StewardshipJobCancelled"

    def apply(self, aggregate: "StewardshipJob") -> None:
        """Be cancelled."""
        self.end(aggregate.state, JobStatus.CANCELLED)
