"""What happens to what the stewards of a stewardship are responsible for."""

from datetime import datetime

from domain.stewardship.definition import ResponsibilityDefinition
from domain.stewardship.events import StewardshipEvent
from domain.stewardship.kinds import ResponsibilityStatus
from domain.stewardship.state import Responsibility, StewardshipState


class ResponsibilityAdded(StewardshipEvent, frozen=True, kw_only=True):
    """Something is to be done; ``assigned_to`` is who it fell to if nobody was named."""

    TOPIC = "ResponsibilityAdded"

    definition: ResponsibilityDefinition
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Count it among the responsibilities."""
        state.responsibilities.append(
            Responsibility(
                definition=self.definition,
                status=self.definition.status,
                progress=0.0,
                due_date=self.definition.due_date,
                assigned_to=self.assigned_to,
                assigned_at=self.timestamp,
                updated_at=self.timestamp,
            )
        )
        state.note_activity(self.assigned_to, self.timestamp)


class ResponsibilityEvent(StewardshipEvent, frozen=True, kw_only=True):
    """Something happened to a responsibility."""

    responsibility_id: str

    def changed(self, state: StewardshipState) -> Responsibility:
        """Give the responsibility, with the activity noted of whom it is assigned to."""
        responsibility = state.responsibility(self.responsibility_id)
        assert responsibility is not None
        responsibility.updated_at = self.timestamp
        state.note_activity(responsibility.assigned_to, self.timestamp)
        return responsibility


class ResponsibilityProgressed(ResponsibilityEvent, frozen=True, kw_only=True):
    """Somebody told how far a responsibility has come, from 0 to 1."""

    TOPIC = "ResponsibilityProgressed"

    previous: float
    progress: float

    def change(self, state: StewardshipState) -> None:
        """Let it be in progress."""
        responsibility = self.changed(state)
        responsibility.progress = self.progress
        responsibility.status = ResponsibilityStatus.IN_PROGRESS


class ResponsibilityCompleted(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility was done, by whom it is assigned to then."""

    TOPIC = "ResponsibilityCompleted"

    assigned_to: str
    due_date: datetime | None

    def change(self, state: StewardshipState) -> None:
        """Credit it to whom it is assigned to."""
        responsibility = self.changed(state)
        responsibility.status = ResponsibilityStatus.COMPLETED
        responsibility.progress = 1.0
        if self.assigned_to:
            work = state.work_of(self.assigned_to)
            took = self.timestamp - responsibility.assigned_at
            work.completed += 1
            work.on_time += self.due_date is None or self.timestamp <= self.due_date
            work.response_seconds += max(took.total_seconds(), 0.0)


class ResponsibilityReopened(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility is to be done again, or begun again; its time runs from now on."""

    TOPIC = "ResponsibilityReopened"

    status: ResponsibilityStatus
    progress: float

    def change(self, state: StewardshipState) -> None:
        """Begin again."""
        responsibility = self.changed(state)
        responsibility.status = self.status
        responsibility.progress = self.progress
        responsibility.assigned_at = self.timestamp
        responsibility.fell_overdue = False
        responsibility.escalated_to = 0


class ResponsibilityReassigned(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility is somebody else's now, whose time runs from now on."""

    TOPIC = "ResponsibilityReassigned"

    previous: str
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Hand it over."""
        responsibility = self.changed(state)
        responsibility.assigned_to = self.assigned_to
        responsibility.assigned_at = self.timestamp
        state.note_activity(self.assigned_to, self.timestamp)


class ResponsibilityRescheduled(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility has another due date; escalation begins anew."""

    TOPIC = "ResponsibilityRescheduled"

    previous: datetime | None
    due_date: datetime

    def change(self, state: StewardshipState) -> None:
        """Wait until then."""
        responsibility = self.changed(state)
        responsibility.due_date = self.due_date
        responsibility.fell_overdue = False
        responsibility.escalated_to = 0


class ResponsibilityFellOverdue(ResponsibilityEvent, frozen=True, kw_only=True):
    """The due date of an open responsibility has passed."""

    TOPIC = "ResponsibilityFellOverdue"

    due_date: datetime
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Tell of it once."""
        responsibility = state.responsibility(self.responsibility_id)
        assert responsibility is not None
        responsibility.fell_overdue = True


class ResponsibilityEscalated(ResponsibilityEvent, frozen=True, kw_only=True):
    """An overdue responsibility came to a level of escalation, counted from 1."""

    TOPIC = "ResponsibilityEscalated"

    level: int
    due_date: datetime
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Be at the level."""
        responsibility = state.responsibility(self.responsibility_id)
        assert responsibility is not None
        responsibility.escalated_to = self.level
