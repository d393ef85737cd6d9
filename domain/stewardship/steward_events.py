"""What happens to stewards, each of whom is the subject of their own contact details."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from domain.events import RedactionEvent
from domain.personal import Personal
from domain.stewardship.definition import StewardDefinition
from domain.stewardship.events import StewardshipEvent
from domain.stewardship.kinds import StewardRole
from domain.stewardship.state import KnownSteward, Steward, StewardshipState

if TYPE_CHECKING:
    from domain.stewardship.stewardship import Stewardship


class StewardEvent(StewardshipEvent, frozen=True, kw_only=True):
    """Something happened to a steward, whose contact details have a subject of their own."""

    user_id: str
    number: int

    @property
    def subject(self) -> str:
        """The person in this stewardship."""
        return f"{self.originator_id}-steward-{self.number}"

    def _steward(self, state: StewardshipState) -> Steward:
        steward = state.steward(self.user_id)
        assert steward is not None
        return steward


class StewardAssigned(StewardEvent, frozen=True, kw_only=True):
    """Somebody became a steward. ``contact_info`` holds only what was given."""

    TOPIC = "StewardAssigned"

    role: StewardRole
    permissions: list[str]
    start_date: datetime | None
    end_date: datetime | None
    is_primary: bool
    contact_info: Personal[dict[str, str]]

    def change(self, state: StewardshipState) -> None:
        """Count them among the stewards."""
        definition = StewardDefinition(
            user_id=self.user_id,
            role=self.role,
            permissions=self.permissions,
            start_date=self.start_date,
            end_date=self.end_date,
            is_primary=self.is_primary,
            contact_info=self.contact_info,
        )
        state.stewards.append(
            Steward(number=self.number, definition=definition, since=self.timestamp)
        )
        known = state.known_steward(self.user_id)
        if known is None:
            known = KnownSteward(user_id=self.user_id, number=self.number, contact_fields=[])
            state.known.append(known)
        _know(known, self.contact_info)


class StewardChanged(StewardEvent, frozen=True, kw_only=True):
    """What a steward may do, or from when to when, was changed; None stays as it is."""

    TOPIC = "StewardChanged"

    role: StewardRole | None
    permissions: list[str] | None
    start_date: datetime | None
    end_date: datetime | None
    is_primary: bool | None

    def change(self, state: StewardshipState) -> None:
        """Take what is given."""
        steward = self._steward(state)
        names = ("role", "permissions", "start_date", "end_date", "is_primary")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        steward.definition = msgspec.structs.replace(steward.definition, **given)


class StewardContactChanged(StewardEvent, frozen=True, kw_only=True):
    """A steward has other contact details; these are all of them."""

    TOPIC = "StewardContactChanged"

    contact_info: Personal[dict[str, str]]

    def change(self, state: StewardshipState) -> None:
        """Put them in place of the old."""
        steward = self._steward(state)
        steward.definition = msgspec.structs.replace(
            steward.definition, contact_info=self.contact_info
        )
        known = state.known_steward(self.user_id)
        assert known is not None
        _know(known, self.contact_info)


class StewardSuspended(StewardEvent, frozen=True, kw_only=True):
    """A steward does not act for the time being."""

    TOPIC = "StewardSuspended"

    def change(self, state: StewardshipState) -> None:
        """Let them rest."""
        self._steward(state).is_suspended = True


class StewardReinstated(StewardEvent, frozen=True, kw_only=True):
    """A steward who was suspended acts again."""

    TOPIC = "StewardReinstated"

    def change(self, state: StewardshipState) -> None:
        """Let them act."""
        self._steward(state).is_suspended = False


class StewardRemoved(StewardEvent, frozen=True, kw_only=True):
    """Somebody is a steward no longer; what they are responsible for stays assigned to them."""

    TOPIC = "StewardRemoved"

    def change(self, state: StewardshipState) -> None:
        """Count them out."""
        state.stewards.remove(self._steward(state))


class StewardNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """The contact details of a steward were erased for good, also those from before."""

    TOPIC = "StewardNeutralized"

    user_id: str
    number: int

    @property
    def subject(self) -> str:
        """The person in this stewardship."""
        return f"{self.originator_id}-steward-{self.number}"

    def fold(self, state: StewardshipState) -> None:
        """Forget them; that there were some, the earlier events still tell."""
        state.reach(self.timestamp)
        steward = state.steward(self.user_id)
        if steward is not None:
            steward.definition = msgspec.structs.replace(steward.definition, contact_info={})
        known = state.known_steward(self.user_id)
        assert known is not None
        known.is_neutralized = True

    def apply(self, aggregate: "Stewardship") -> None:
        """Forget them."""
        self.fold(aggregate.state)


def _know(known: KnownSteward, contact_info: dict[str, str]) -> None:
    known.contact_fields = sorted({*known.contact_fields, *contact_info})
