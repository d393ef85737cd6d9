"""Given a process, when steps are added, then these events."""

import pytest

from domain.errors import RuleViolatedError
from domain.processes.events import (
    ProcessCreated,
    ProcessDeleted,
    ProcessRestored,
    RetentionChanged,
    StepAdded,
)
from domain.processes.process import SAFE_META_FIELDS, Process


def add_step(process: Process, step_id: int, index: int) -> None:
    process.add_step(
        step_id, index=index, name=f"Step {step_id}", is_rerunnable=False, rerun_config=None
    )


def created() -> Process:
    process = Process.create(1, name="Onboarding", meta={})
    process.pending()
    return process


def test_steps_stand_in_the_order_of_their_index() -> None:
    process = Process.create(1, name="Onboarding", meta={})
    add_step(process, 7, index=2)
    add_step(process, 8, index=1)
    assert [type(event) for event in process.pending()] == [ProcessCreated, StepAdded, StepAdded]
    assert [step.id for step in process.active_steps] == [8, 7]


def test_no_two_steps_have_one_index() -> None:
    process = Process.create(1, name="Onboarding", meta={})
    add_step(process, 7, index=1)
    with pytest.raises(RuleViolatedError, match="index 1"):
        add_step(process, 8, index=1)


def test_a_process_may_widen_the_list_of_safe_meta_fields() -> None:
    process = Process.create(1, name="Onboarding", meta={"safe_meta_fields": ["campaign"]})
    assert process.safe_meta_fields == SAFE_META_FIELDS | {"campaign"}


@pytest.mark.parametrize("fields", ["campaign", [1], {"campaign": True}])
def test_safe_meta_fields_are_a_list_of_names(fields: object) -> None:
    with pytest.raises(RuleViolatedError, match="safe_meta_fields"):
        Process.create(1, name="Onboarding", meta={"safe_meta_fields": fields})


def test_retention_is_set_changed_and_lifted() -> None:
    process = created()
    for months in (12, 12, 6, None):
        process.keep_for(months)
    changes = [(e.previous, e.retention_months) for e in _retention_changes(process)]
    assert changes == [(None, 12), (12, 6), (6, None)]


def test_a_process_is_deleted_and_restored_once() -> None:
    process = created()
    for change in (Process.delete, Process.delete, Process.restore, Process.restore):
        change(process)
    assert [type(event) for event in process.pending()] == [ProcessDeleted, ProcessRestored]


def _retention_changes(process: Process) -> list[RetentionChanged]:
    return [event for event in process.pending() if isinstance(event, RetentionChanged)]
