"""What happens to a business process and its steps."""

from typing import TYPE_CHECKING, Any

import msgspec

from domain.events import CreatedEvent, DomainEvent
from domain.processes.rerun import RerunConfig

if TYPE_CHECKING:
    from domain.processes.process import Process


class Step(msgspec.Struct, kw_only=True):
    """One step of a process, as its runs go through it."""

    id: int
    index: int
    name: str
    is_rerunnable: bool
    rerun_config: RerunConfig | None


class ProcessState(msgspec.Struct, kw_only=True):
    """A process as its events have made it."""

    name: str
    meta: dict[str, Any]
    steps: dict[int, Step] = msgspec.field(default_factory=dict)
    retention_months: int | None = None
    is_deleted: bool = False


class ProcessCreated(CreatedEvent, frozen=True, kw_only=True):
    """A process was set up."""

    TOPIC = "ProcessCreated"

    name: str
    meta: dict[str, Any]

    def apply(self, aggregate: "Process") -> None:
        """Begin without steps."""
        aggregate.state = ProcessState(name=self.name, meta=self.meta)


class StepAdded(DomainEvent, frozen=True, kw_only=True):
    """A step was added to a process; runs started from now on go through it."""

    TOPIC = "StepAdded"

    step_id: int
    index: int
    name: str
    is_rerunnable: bool
    rerun_config: RerunConfig | None

    def apply(self, aggregate: "Process") -> None:
        """Put the step among the others."""
        aggregate.state.steps[self.step_id] = Step(
            id=self.step_id,
            index=self.index,
            name=self.name,
            is_rerunnable=self.is_rerunnable,
            rerun_config=self.rerun_config,
        )


class RetentionChanged(DomainEvent, frozen=True, kw_only=True):
    """How long the personal data of a process's runs is kept; None keeps it until somebody acts."""

    TOPIC = "RetentionChanged"

    previous: int | None
    retention_months: int | None

    def apply(self, aggregate: "Process") -> None:
        """Hold for all runs whose personal data is still there, from now on."""
        aggregate.state.retention_months = self.retention_months


class ProcessDeleted(DomainEvent, frozen=True, kw_only=True):
    """A process was hidden, with its steps and runs; it can be restored."""

    TOPIC = "ProcessDeleted"

    def apply(self, aggregate: "Process") -> None:
        """Hide the process."""
        aggregate.state.is_deleted = True


class ProcessRestored(DomainEvent, frozen=True, kw_only=True):
    """A process came back, with all that was hidden with it."""

    TOPIC = "ProcessRestored"

    def apply(self, aggregate: "Process") -> None:
        """Show the process again."""
        aggregate.state.is_deleted = False
