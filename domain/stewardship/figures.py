"""The figures of a stewardship at a moment, all from what was recorded (contract section 8).

The names are those of the seed's ``performance``, ``summary`` and ``statistics``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from dateutil.relativedelta import relativedelta

from domain.stewardship.kinds import MetricStatus, StewardStatus
from domain.stewardship.state import Day, StewardshipState, Work, is_same_day

SECONDS_AN_HOUR = 3600
AUDIT_INTERVAL = relativedelta(months=1)


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """What a steward has done.

    ``average_response`` is the mean of hours from an assignment to its completion, 0.0 before the
    first. ``quality_score`` is the part completed on time of what is completed or overdue, 1.0
    without either.
    """

    tasks_completed: int
    tasks_overdue: int
    average_response: float
    quality_score: float
    last_activity: datetime


class StewardPerformance(Performance, frozen=True, kw_only=True):
    """What a steward has done, by name."""

    user_id: str
    name: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A stewardship in few numbers; tasks are its responsibilities."""

    total_stewards: int
    active_stewards: int
    total_responsibilities: int
    completed_tasks: int
    overdue_tasks: int
    average_quality: float
    compliance_score: float


class ResponsibilityTrend(msgspec.Struct, frozen=True, kw_only=True):
    """How the responsibilities stood after the last event of a day; today, as they stand now."""

    date: datetime
    total_tasks: int
    completed_tasks: int
    overdue_tasks: int
    average_progress: float


class WorkflowMetric(msgspec.Struct, frozen=True, kw_only=True):
    """How often a workflow was carried out; ``average_duration`` in seconds of those that ended."""

    workflow_id: str
    name: str
    total_executions: int
    successful_runs: int
    average_duration: float
    last_execution: datetime | None


class QualityMetric(msgspec.Struct, frozen=True, kw_only=True):
    """How a metric stands; ``variance`` is what is missing to the target."""

    metric_id: str
    name: str
    current_value: float
    target_value: float
    variance: float
    status: MetricStatus
    last_updated: datetime


class ComplianceMetric(msgspec.Struct, frozen=True, kw_only=True):
    """What the last audit of a policy found; the next is due a calendar month later."""

    policy_id: str
    name: str
    compliance_rate: float
    violations: int
    last_audit: datetime | None
    next_audit: datetime


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """A stewardship in many numbers."""

    steward_performance: Sequence[StewardPerformance]
    responsibility_trends: Sequence[ResponsibilityTrend]
    workflow_metrics: Sequence[WorkflowMetric]
    quality_metrics: Sequence[QualityMetric]
    compliance_metrics: Sequence[ComplianceMetric]


def steward_name(user_id: str) -> str:
    """Name a steward, of whom nothing but the id is known."""
    return f"Steward {user_id}"


def performances(state: StewardshipState, now: datetime) -> Mapping[str, Performance]:
    """Tell what each steward has done by now, by user id."""
    overdue = Counter(each.assigned_to for each in state.responsibilities if each.is_overdue(now))
    done = {work.user_id: work for work in state.work}
    return {
        user_id: _performance(done.get(user_id), overdue[user_id], steward.since)
        for steward in state.stewards
        for user_id in [steward.definition.user_id]
    }


def summary(state: StewardshipState, now: datetime) -> Summary:
    """Sum a stewardship up."""
    today = state.day(now)
    scores = [each.quality_score for each in performances(state, now).values()]
    rates = [policy.compliance_rate for policy in state.policies]
    active = [each for each in state.stewards if each.status_at(now) == StewardStatus.ACTIVE]
    return Summary(
        total_stewards=len(state.stewards),
        active_stewards=len(active),
        total_responsibilities=today.total,
        completed_tasks=today.completed,
        overdue_tasks=today.overdue,
        average_quality=sum(scores) / len(scores) if scores else 0.0,
        compliance_score=sum(rates) / len(rates) if rates else 1.0,
    )


def statistics(state: StewardshipState, now: datetime) -> Statistics:
    """Count everything that the seed counts."""
    return Statistics(
        steward_performance=[
            StewardPerformance(
                user_id=user_id, name=steward_name(user_id), **msgspec.structs.asdict(done)
            )
            for user_id, done in performances(state, now).items()
        ],
        responsibility_trends=_trends(state, now),
        workflow_metrics=[
            WorkflowMetric(
                workflow_id=each.definition.id,
                name=each.definition.name,
                total_executions=each.total_executions,
                successful_runs=each.successful_runs,
                average_duration=(
                    each.duration_seconds / each.finished_runs if each.finished_runs else 0.0
                ),
                last_execution=each.last_execution,
            )
            for each in state.workflows
        ],
        quality_metrics=[
            QualityMetric(
                metric_id=each.definition.id,
                name=each.definition.name,
                current_value=each.current_value,
                target_value=each.definition.threshold,
                variance=each.definition.threshold - each.current_value,
                status=each.status,
                last_updated=each.updated_at,
            )
            for each in state.metrics
        ],
        compliance_metrics=[
            ComplianceMetric(
                policy_id=each.definition.id,
                name=each.definition.name,
                compliance_rate=each.compliance_rate,
                violations=each.violations,
                last_audit=each.last_audit,
                next_audit=(each.last_audit or state.created_at) + AUDIT_INTERVAL,
            )
            for each in state.policies
        ],
    )


def _performance(work: Work | None, overdue: int, since: datetime) -> Performance:
    if work is None:
        work = Work(user_id="")
    hours = work.response_seconds / SECONDS_AN_HOUR
    judged = work.completed + overdue
    return Performance(
        tasks_completed=work.completed,
        tasks_overdue=overdue,
        average_response=hours / work.completed if work.completed else 0.0,
        quality_score=work.on_time / judged if judged else 1.0,
        last_activity=work.last_activity or since,
    )


def _trends(state: StewardshipState, now: datetime) -> list[ResponsibilityTrend]:
    last_event = state.updated_at
    last = state.day(now if is_same_day(last_event, now) else last_event)
    days = [*state.days, msgspec.structs.replace(last, at=last_event)]
    return [_trend(day) for day in days]


def _trend(day: Day) -> ResponsibilityTrend:
    return ResponsibilityTrend(
        date=day.at,
        total_tasks=day.total,
        completed_tasks=day.completed,
        overdue_tasks=day.overdue,
        average_progress=day.progress / day.total if day.total else 0.0,
    )
