"""What is due in a stewardship happens by itself, as its options say, while Annals is served."""

from datetime import UTC, datetime, timedelta

from tests.faults.homes import wait_until
from tests.interfaces.api import Api, Json
from tests.interfaces.rest.stewardship import ANN, small_body

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()


def history(api: Api, created: Json) -> list[Json]:
    shown: Json = api.get(f"/stewardship/{created['id']}/history", size=100)
    items: list[Json] = shown["items"]
    return items


def happened(api: Api, created: Json, kind: str) -> list[Json]:
    return [each["data"] for each in history(api, created) if each["type"] == kind]


def test_an_overdue_responsibility_escalates_and_people_are_notified(api: Api) -> None:
    created = api.post(
        "/stewardship",
        small_body(
            responsibilities=[{"id": "late", "name": "Review", "due_date": YESTERDAY}],
            options={
                "auto_assignment": True,
                "escalation": {
                    "enabled": True,
                    "auto_escalate": True,
                    "levels": 2,
                    "timeouts": ["1h", "9999h"],
                    "recipients": ["manager@company.example"],
                },
                "notifications": {"email": True, "teams": True},
            },
        ),
    )

    def skipped() -> list[tuple[str, str, str]]:
        return [
            (each["about"], each["channel"], each["reason"])
            for each in happened(api, created, "NotificationSkipped")
        ]

    wait_until(lambda: len(skipped()) == 4, "four notifications that were skipped")
    by_mail = ("email", "no mail server is configured: SMTP_URL")
    by_teams = ("teams", "no teams service is configured")
    assert sorted(skipped()) == [
        ("ResponsibilityEscalated", *by_mail),
        ("ResponsibilityEscalated", *by_teams),
        ("ResponsibilityFellOverdue", *by_mail),
        ("ResponsibilityFellOverdue", *by_teams),
    ]
    [escalated] = happened(api, created, "ResponsibilityEscalated")
    assert (escalated["level"], escalated["assigned_to"]) == (1, ANN)


def test_a_step_times_out_and_is_tried_again_until_its_workflow_fails(api: Api) -> None:
    step = {
        "id": "step_001",
        "name": "Assess",
        "timeout": "10ms",
        "retry_policy": {"max_attempts": 2, "backoff": "10ms", "strategy": "linear"},
    }
    workflow = {"id": "hasty", "name": "Hasty", "status": "active", "steps": [step]}
    created = api.post("/stewardship", small_body(workflows=[workflow]))
    executions = f"/stewardship/{created['id']}/workflows/hasty/executions"
    api.post(executions, {})

    def execution() -> Json:
        [shown] = api.get(executions)["executions"]
        found: Json = shown
        return found

    wait_until(lambda: execution()["status"] == "failed", "an execution that has failed")
    assert [data["attempt"] for data in happened(api, created, "WorkflowStepTimedOut")] == [1, 2]
    assert execution()["steps"][0]["attempt"] == 2
