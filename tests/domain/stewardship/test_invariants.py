"""Whatever is done in a stewardship, and however time passes, these hold."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RuleViolatedError
from domain.stewardship.definition import ApprovalDefinition, EscalationDefinition
from domain.stewardship.executing import change_workflow_status, report_step, start_execution
from domain.stewardship.figures import performances, statistics, summary
from domain.stewardship.kinds import (
    ResponsibilityStatus,
    StepOutcome,
    StewardshipStatus,
    WorkflowStatus,
)
from domain.stewardship.passing_time import next_due, pass_time
from domain.stewardship.reporting import ResponsibilityChange
from domain.stewardship.stewardship import StewardChange, Stewardship, UnknownPartError
from tests.domain.stewardship.definitions import (
    START,
    a_definition,
    a_responsibility,
    a_steward,
    some_options,
)

Act = Callable[[Stewardship, datetime], Any]

PEOPLE = ("ann", "bob", "cid")
DUTIES = ("r1", "r2", "r3")

people = st.sampled_from(PEOPLE)
duties = st.sampled_from(DUTIES)
fractions = st.sampled_from([0.0, 0.3, 0.7, 1.0])


def begun() -> Stewardship:
    """Give a stewardship in which much falls due."""
    escalation = EscalationDefinition(enabled=True, timeouts=["1h", "1d"], auto_escalate=True)
    return Stewardship.create(
        1,
        a_definition(
            stewards=[a_steward("ann"), a_steward("bob")],
            responsibilities=[
                a_responsibility(key, assigned_to=who, due_date=START + timedelta(days=days))
                for key, who, days in zip(DUTIES, PEOPLE, (1, 5, 9), strict=True)
            ],
            options=some_options(approval=ApprovalDefinition(), escalation=escalation),
        ),
        now=START,
    )


def report(key: str, **change: Any) -> Act:
    return lambda it, now: it.change_responsibility(key, ResponsibilityChange(**change), now=now)


def end_step(outcome: StepOutcome) -> Act:
    def act(it: Stewardship, now: datetime) -> None:
        if it.state.executions:
            execution = it.state.executions[-1]
            report_step(
                it, "workflow_001", execution.id, "step_001", outcome=outcome, note="", now=now
            )

    return act


acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(lambda key, progress: report(key, progress=progress), duties, fractions),
    st.builds(
        lambda key, status: report(key, status=status),
        duties,
        st.sampled_from(ResponsibilityStatus),
    ),
    st.builds(lambda key, who: report(key, assigned_to=who), duties, people),
    st.builds(
        lambda key, days: lambda it, now: report(key, due_date=now + timedelta(days=days))(it, now),
        duties,
        st.integers(-3, 9),
    ),
    st.builds(
        lambda status: lambda it, now: it.change_status(status, reason="", by="ann", now=now),
        st.sampled_from(StewardshipStatus),
    ),
    st.builds(
        lambda status: lambda it, now: change_workflow_status(it, "workflow_001", status, now=now),
        st.sampled_from([WorkflowStatus.ACTIVE, WorkflowStatus.PAUSED]),
    ),
    st.builds(lambda who: lambda it, now: it.assign_steward(a_steward(who), now=now), people),
    st.builds(lambda who: lambda it, now: it.remove_steward(who, now=now), people),
    st.builds(
        lambda who, phone: (
            lambda it, now: it.change_steward(
                who, StewardChange(contact_info={"phone": phone}), now=now
            )
        ),
        people,
        st.sampled_from(["1", "2"]),
    ),
    st.builds(
        lambda who: lambda it, now: it.neutralize_steward(who, reason="", policy="", now=now),
        people,
    ),
    st.just(lambda it, now: start_execution(it, "workflow_001", now=now)),
    st.builds(end_step, st.sampled_from(StepOutcome)),
    st.just(pass_time),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), acts), max_size=15))
def test_figures_add_up_and_nothing_that_was_let_happen_is_still_due(
    history: list[tuple[int, Act]],
) -> None:
    stewardship, now = begun(), START
    events = list(stewardship.pending())
    for hours, act in history:
        now += timedelta(hours=hours)
        try:
            act(stewardship, now)
        except (RuleViolatedError, UnknownPartError):
            assert list(stewardship.pending()) == []  # refused as a whole
        events += stewardship.pending()
        _check_figures(stewardship, now)

    pass_time(stewardship, now)
    events += stewardship.pending()
    due = next_due(stewardship.state)
    assert due is None or due > now
    pass_time(stewardship, now)
    assert list(stewardship.pending()) == []

    folded = None
    for event in events:
        folded = event.mutate(folded)
    assert folded is not None
    assert folded.state == stewardship.state


def _check_figures(stewardship: Stewardship, now: datetime) -> None:
    state = stewardship.state
    summed, counted = summary(state, now), statistics(state, now)
    done = performances(state, now)
    assert 1 <= summed.active_stewards <= summed.total_stewards == len(done)
    assert summed.completed_tasks + summed.overdue_tasks <= summed.total_responsibilities == 3
    assert sum(each.tasks_overdue for each in done.values()) <= summed.overdue_tasks
    assert all(0 <= each.quality_score <= 1 for each in done.values())
    assert 0 <= summed.average_quality <= 1
    last = counted.responsibility_trends[-1]
    assert (last.date, last.completed_tasks) == (state.updated_at, summed.completed_tasks)
    [workflow] = counted.workflow_metrics
    assert workflow.successful_runs <= workflow.total_executions
    for known in state.known:
        steward = state.steward(known.user_id)
        if known.is_neutralized and steward is not None:
            assert steward.definition.contact_info == {}
