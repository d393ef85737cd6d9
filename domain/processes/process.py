"""The process: a named business process with its steps in order."""

from typing import TYPE_CHECKING, Any

from domain.aggregate import Aggregate
from domain.errors import RuleViolatedError
from domain.processes.events import (
    ProcessCreated,
    ProcessDeleted,
    ProcessRestored,
    ProcessState,
    RetentionChanged,
    Step,
    StepAdded,
)
from domain.processes.rerun import RerunConfig

SAFE_META_FIELDS = frozenset(
    {
        "category",
        "type",
        "department",
        "region",
        "status_code",
        "priority",
        "environment",
        "source",
        "version",
    }
)


class Process(Aggregate):
    """A business process that runs are started of."""

    TOPIC = "Process"
    CATEGORY = "process"
    STATE = ProcessState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: ProcessState

    @classmethod
    def create(cls, process_id: int, *, name: str, meta: dict[str, Any]) -> "Process":
        """Set up a process. Raises RuleViolatedError if its safe meta fields are no names."""
        named = meta.get("safe_meta_fields", [])
        if not isinstance(named, list) or not all(isinstance(field, str) for field in named):
            raise RuleViolatedError("meta.safe_meta_fields must be a list of field names")
        return cls._create(ProcessCreated, id=cls.stream_id(process_id), name=name, meta=meta)

    def add_step(
        self,
        step_id: int,
        *,
        index: int,
        name: str,
        is_rerunnable: bool,
        rerun_config: RerunConfig | None,
    ) -> Step:
        """Add a step. Raises RuleViolatedError if its index is taken."""
        if any(step.index == index for step in self.state.steps.values()):
            raise RuleViolatedError(f"Process {self.key} already has a step with index {index}")
        self.trigger_event(
            StepAdded,
            step_id=step_id,
            index=index,
            name=name,
            is_rerunnable=is_rerunnable,
            rerun_config=rerun_config,
        )
        return self.state.steps[step_id]

    def step_at(self, index: int) -> Step:
        """Give the step with this index, of which there must be one."""
        return next(step for step in self.state.steps.values() if step.index == index)

    def keep_for(self, months: int | None) -> None:
        """Set how many calendar months the personal data of runs is kept; None sets no end."""
        if months != self.state.retention_months:
            self.trigger_event(
                RetentionChanged, previous=self.state.retention_months, retention_months=months
            )

    def delete(self) -> None:
        """Hide the process with its steps and runs."""
        if not self.state.is_deleted:
            self.trigger_event(ProcessDeleted)

    def restore(self) -> None:
        """Show the process again; runs that were deleted by themselves stay hidden."""
        if self.state.is_deleted:
            self.trigger_event(ProcessRestored)

    @property
    def active_steps(self) -> list[Step]:
        """The steps that a run goes through, in order."""
        return sorted(self.state.steps.values(), key=lambda step: step.index)

    @property
    def safe_meta_fields(self) -> frozenset[str]:
        """The meta fields of a run that are not personal (contract section 7)."""
        return SAFE_META_FIELDS | frozenset(self.state.meta.get("safe_meta_fields", []))
