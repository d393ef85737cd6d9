"""Given a failed step run, when it is run again, then these events (seed: Rerun System)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import NeutralizedError, RuleViolatedError
from domain.events import DomainEvent
from domain.processes.events import Step
from domain.processes.process import SAFE_META_FIELDS
from domain.processes.rerun import FailureCondition, RerunConfig
from domain.runs.events import (
    RunBegan,
    RunCompleted,
    RunFailed,
    RunReturnedToPending,
    StepRunBegan,
    StepRunFailed,
    StepRunSucceeded,
)
from domain.runs.rerun_events import (
    RerunAttemptAccepted,
    RerunAttemptBegan,
    RerunAttemptFailed,
    RerunAttemptSucceeded,
    StepRerunRequested,
)
from domain.runs.run import Run, StepRunChange
from domain.runs.status import RunStatus, StepRunStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RETRIED: list[FailureCondition] = ["timeout", "rate_limit"]


def rerunnable(**config: Any) -> Step:
    settings: dict[str, Any] = {"retry_delays": [60, 120], "failure_conditions": RETRIED} | config
    return Step(
        id=1, index=0, name="Send", is_rerunnable=True, rerun_config=RerunConfig(**settings)
    )


def failed_run(step: Step) -> Run:
    """Given a run whose only step run, 101, failed."""
    run = Run.start(
        42,
        process_id=1,
        entity_id="CUST-1",
        entity_name="John Doe",
        meta={},
        safe_meta_fields=SAFE_META_FIELDS,
        steps=[(101, step)],
    )
    run.record_step(101, StepRunChange(status=StepRunStatus.FAILED))
    run.pending()
    return run


def rerun(step: Step) -> Run:
    """Given a rerun, step run 102, of a failed step run."""
    run = failed_run(step)
    run.request_rerun(101, 102, step=step, meta={})
    run.pending()
    return run


def fail(run: Run, attempt: int, condition: str = "timeout", **more: Any) -> None:
    """When an attempt is made and fails."""
    assert run.begin_attempt(102, attempt)
    run.fail_attempt(102, attempt, condition=condition, detail="", at=NOON, **more)


def types(run: Run) -> list[type[DomainEvent]]:
    """Then these events, by type."""
    return [type(event) for event in run.pending()]


def next_attempts(run: Run) -> list[datetime | None]:
    return [e.next_attempt_at for e in run.pending() if isinstance(e, RerunAttemptFailed)]


def test_a_rerun_is_a_new_pending_step_run_that_names_the_original() -> None:
    run = failed_run(rerunnable())
    again = run.request_rerun(101, 102, step=rerunnable(), meta={"rerun_reason": "network is back"})

    assert (again.id, again.original_step_run_id, again.status) == (102, 101, "pending")
    assert again.meta.personal == {"rerun_reason": "network is back"}
    assert types(run) == [StepRerunRequested, RunReturnedToPending]
    assert [step.id for step in run.step_runs] == [101, 102]
    assert [step.id for step in run.current_step_runs] == [102]


def test_a_run_is_as_good_as_its_last_reruns() -> None:
    run = rerun(rerunnable())
    run.record_step(102, StepRunChange(status=StepRunStatus.SUCCESS))

    assert run.state.steps[101].status == StepRunStatus.FAILED
    assert run.state.status == RunStatus.COMPLETED


@pytest.mark.parametrize("status", ["pending", "running", "success", "cancelled", "optional"])
def test_only_a_failed_step_run_can_be_rerun(status: str) -> None:
    run = failed_run(rerunnable())
    run.record_step(101, StepRunChange(status=StepRunStatus(status)))

    with pytest.raises(RuleViolatedError, match=f"is {status}"):
        run.request_rerun(101, 102, step=rerunnable(), meta={})


def test_only_a_rerunnable_step_can_be_rerun() -> None:
    step = Step(id=1, index=0, name="Send", is_rerunnable=False, rerun_config=None)
    with pytest.raises(RuleViolatedError, match="not rerunnable"):
        failed_run(step).request_rerun(101, 102, step=step, meta={})


def test_a_step_run_is_rerun_once_and_its_rerun_may_be_rerun() -> None:
    step = rerunnable()
    run = rerun(step)
    with pytest.raises(RuleViolatedError, match="rerun already"):
        run.request_rerun(101, 103, step=step, meta={})

    run.record_step(102, StepRunChange(status=StepRunStatus.FAILED))
    assert run.request_rerun(102, 103, step=step, meta={}).original_step_run_id == 102


def test_a_step_is_rerun_at_most_max_retries_times() -> None:
    step = rerunnable(max_retries=1)
    run = rerun(step)
    run.record_step(102, StepRunChange(status=StepRunStatus.FAILED))

    with pytest.raises(RuleViolatedError, match="maximum"):
        run.request_rerun(102, 103, step=step, meta={})


def test_a_neutralized_run_is_not_rerun() -> None:
    run = failed_run(rerunnable())
    run.neutralize(reason="asked to", policy="manual")
    with pytest.raises(NeutralizedError):
        run.request_rerun(101, 102, step=rerunnable(), meta={})


def test_the_first_attempt_begins_the_step_run() -> None:
    run = rerun(rerunnable())
    assert run.begin_attempt(102, 1)
    assert types(run) == [RerunAttemptBegan, StepRunBegan, RunBegan]


def test_an_attempt_that_succeeds_ends_the_step_run_with_its_result() -> None:
    run = rerun(rerunnable())
    run.begin_attempt(102, 1)
    run.pending()
    run.succeed_attempt(102, 1, {"records": 7})

    assert types(run) == [RerunAttemptSucceeded, StepRunSucceeded, RunCompleted]
    assert run.state.steps[102].meta.whole == {"result": {"records": 7}}


def test_a_listed_failure_is_tried_again_after_each_delay_in_turn() -> None:
    run = rerun(rerunnable())
    fail(run, 1, "timeout")
    fail(run, 2, "rate_limit")
    assert next_attempts(run) == [NOON + timedelta(seconds=60), NOON + timedelta(seconds=120)]
    assert run.state.steps[102].status == StepRunStatus.RUNNING


def test_an_endpoint_that_asks_for_more_time_gets_it() -> None:
    run = rerun(rerunnable())
    fail(run, 1, "rate_limit", retry_after=timedelta(seconds=90))
    fail(run, 2, "rate_limit", retry_after=timedelta(seconds=90))
    assert next_attempts(run) == [NOON + timedelta(seconds=90), NOON + timedelta(seconds=120)]


def test_the_last_attempt_fails_the_step_run() -> None:
    run = rerun(rerunnable())
    fail(run, 1)
    fail(run, 2)
    run.pending()
    fail(run, 3)
    assert types(run) == [RerunAttemptBegan, RerunAttemptFailed, StepRunFailed, RunFailed]


@pytest.mark.parametrize("condition", ["network_error", "rejected"])
def test_a_failure_that_is_not_listed_is_final(condition: str) -> None:
    run = rerun(rerunnable())
    fail(run, 1, condition)
    assert next_attempts(run) == [None]
    assert run.state.steps[102].status == StepRunStatus.FAILED


def test_an_attempt_that_was_cut_off_begins_again_and_its_end_counts_once() -> None:
    run = rerun(rerunnable())
    assert run.begin_attempt(102, 1)
    assert run.begin_attempt(102, 1)
    run.succeed_attempt(102, 1, None)
    run.pending()

    run.succeed_attempt(102, 1, None)
    assert not run.begin_attempt(102, 1)
    assert types(run) == []


def test_attempts_are_made_in_turn() -> None:
    run = rerun(rerunnable())
    assert not run.begin_attempt(102, 2)
    fail(run, 1)
    assert not run.begin_attempt(102, 1)
    assert run.begin_attempt(102, 2)


def test_an_endpoint_that_took_the_step_over_reports_by_itself() -> None:
    run = rerun(rerunnable())
    run.begin_attempt(102, 1)
    run.pending()
    run.accept_attempt(102, 1)
    assert types(run) == [RerunAttemptAccepted]
    assert run.state.steps[102].status == StepRunStatus.RUNNING
    run.record_step(102, StepRunChange(status=StepRunStatus.SUCCESS))
    assert run.state.status == RunStatus.COMPLETED


def test_a_report_from_outside_comes_before_the_outcome_of_an_attempt() -> None:
    run = rerun(rerunnable())
    run.begin_attempt(102, 1)
    run.record_step(102, StepRunChange(status=StepRunStatus.SUCCESS))
    run.pending()
    run.fail_attempt(102, 1, condition="timeout", detail="", at=NOON)
    [event] = run.pending()
    assert isinstance(event, RerunAttemptFailed)
    assert event.next_attempt_at is None
    assert run.state.steps[102].status == StepRunStatus.SUCCESS


def test_a_step_run_that_was_put_back_meanwhile_is_still_tried_again() -> None:
    run = rerun(rerunnable())
    run.begin_attempt(102, 1)
    run.record_step(102, StepRunChange(status=StepRunStatus.PENDING))
    run.fail_attempt(102, 1, condition="timeout", detail="", at=NOON)
    assert next_attempts(run) == [NOON + timedelta(seconds=60)]


def test_an_executor_whose_clock_is_ahead_does_not_make_a_success_impossible() -> None:
    run = rerun(rerunnable())
    run.begin_attempt(102, 1)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    run.record_step(102, StepRunChange(started_at=tomorrow))
    run.succeed_attempt(102, 1, None)
    assert run.state.steps[102].finished_at == tomorrow


def test_a_step_run_that_was_rerun_takes_no_more_reports() -> None:
    run = rerun(rerunnable())
    with pytest.raises(RuleViolatedError, match="has been rerun"):
        run.record_step(101, StepRunChange(status=StepRunStatus.SUCCESS))


def test_no_attempt_is_made_for_a_run_that_was_called_off() -> None:
    run = rerun(rerunnable())
    run.call_off()
    assert not run.begin_attempt(102, 1)
