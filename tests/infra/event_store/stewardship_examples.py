"""Stewardships, and jobs that set them up, to which everything happened that can happen."""

from collections.abc import Iterator
from datetime import datetime

from domain.aggregate import Aggregate
from domain.stewardship.executing import (
    MOST_OPEN_EXECUTIONS,
    change_workflow_status,
    report_step,
    start_execution,
)
from domain.stewardship.execution_events import (
    NotificationFailed,
    NotificationSent,
    NotificationSkipped,
)
from domain.stewardship.job import StewardshipJob
from domain.stewardship.kinds import (
    Channel,
    Decision,
    ResponsibilityStatus,
    StepOutcome,
    StewardshipStatus,
    StewardStatus,
    WorkflowStatus,
)
from domain.stewardship.passing_time import pass_time
from domain.stewardship.reporting import ResponsibilityChange
from domain.stewardship.state import Execution
from domain.stewardship.stewardship import StewardChange, Stewardship
from tests.domain.stewardship.definitions import (
    ANN,
    CONTACT,
    START,
    a_definition,
    a_responsibility,
    a_steward,
    after,
)


def stewardships() -> Iterator[Aggregate]:
    """Give them."""
    yield _busy()
    yield _crowded()
    yield from _jobs()


def _busy() -> Aggregate:
    stewardship = Stewardship.create(1, a_definition(), now=START)
    _change_stewards(stewardship)
    _change_responsibilities(stewardship)
    stewardship.measure("metric_001", 91.5, measured_at=None, now=after(hours=1))
    stewardship.audit("policy_001", checks=20, violations=1, now=after(hours=1))
    for decision in Decision:
        change = stewardship.change_status(
            StewardshipStatus.SUSPENDED, reason="a break", by="user:ann", now=after(hours=2)
        )
        assert change is not None
        stewardship.decide(change.id, decision, comment="so be it", by="user:b", now=after(hours=3))
        if decision == Decision.APPROVE:
            change = stewardship.change_status(
                StewardshipStatus.ACTIVE, reason="", by="user:ann", now=after(hours=4)
            )
            assert change is not None
            stewardship.decide(change.id, decision, comment="", by="user:b", now=after(hours=4))
    _execute(stewardship)
    for kind, facts in (
        (NotificationSent, {"recipients": 1}),
        (NotificationSkipped, {"reason": "no SMTP_URL"}),
        (NotificationFailed, {"reason": "refused"}),
    ):
        stewardship.record(
            kind,
            after(days=9),
            notification_id="an-event/email",
            channel=Channel.EMAIL,
            about="ResponsibilityEscalated",
            **facts,
        )
    return stewardship


def _change_stewards(stewardship: Stewardship) -> None:
    stewardship.assign_steward(
        a_steward("user_456", is_primary=False, contact_info=CONTACT), now=START
    )
    stewardship.change_steward(
        "user_456", StewardChange(permissions=["read"], contact_info={"phone": "+45"}), now=START
    )
    for status in (StewardStatus.SUSPENDED, StewardStatus.ACTIVE):
        stewardship.change_steward("user_456", StewardChange(status=status), now=START)
    stewardship.neutralize_steward("user_456", reason="asked to", policy="manual", now=START)
    stewardship.neutralize("manager@company.com", reason="asked to", policy="manual", now=START)
    stewardship.remove_steward("user_456", now=START)


def _change_responsibilities(stewardship: Stewardship) -> None:
    stewardship.add_responsibility(a_responsibility("resp_002"), now=START)
    for change in (
        ResponsibilityChange(progress=0.5),
        ResponsibilityChange(status=ResponsibilityStatus.COMPLETED),
        ResponsibilityChange(status=ResponsibilityStatus.PENDING),
        ResponsibilityChange(assigned_to="user_456", due_date=after(days=3)),
    ):
        stewardship.change_responsibility("resp_002", change, now=START)


def _execute(stewardship: Stewardship) -> None:
    execution = start_execution(stewardship, "workflow_001", now=after(hours=5))
    _report(stewardship, execution, StepOutcome.FAILURE, after(hours=5, minutes=5))
    for minutes in (20, 80, 100):  # tried again, timed out, tried again
        pass_time(stewardship, after(hours=5, minutes=minutes))
    _report(stewardship, execution, StepOutcome.SUCCESS, after(hours=7))
    for hours in range(0, 8, 2):  # started by its trigger, which nobody takes notice of
        pass_time(stewardship, after(days=8, hours=hours))
    change_workflow_status(stewardship, "workflow_001", WorkflowStatus.PAUSED, now=after(days=9))


def _report(
    stewardship: Stewardship, execution: Execution, outcome: StepOutcome, now: datetime
) -> None:
    report_step(
        stewardship,
        "workflow_001",
        execution.id,
        "step_001",
        outcome=outcome,
        note="as asked",
        now=now,
    )


def _crowded() -> Aggregate:
    stewardship = Stewardship.create(2, a_definition(stewards=[a_steward(ANN)]), now=START)
    for _ in range(MOST_OPEN_EXECUTIONS):
        start_execution(stewardship, "workflow_001", now=after(hours=22))
    pass_time(stewardship, after(hours=22, minutes=45))
    return stewardship


def _jobs() -> Iterator[Aggregate]:
    for number in range(3):
        job = StewardshipJob.request(
            number + 1, stewardship_id=number + 7, definition=a_definition(), now=START
        )
        job.start(now=START)
        job.advance("validation", 0.2, now=START)
        if number == 0:
            job.complete(now=START)
        elif number == 1:
            job.neutralize(ANN, reason="asked to", policy="data_subject", now=START)
            job.fail("the database was gone", now=START)
        else:
            job.cancel(now=START)
        yield job
