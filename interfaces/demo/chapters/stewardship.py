"""Chapter 5: who looks after the addresses, and how well."""

from datetime import UTC, datetime, timedelta
from typing import Any

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.story import Story, table, value

STEWARD = "edith"
CHECKS, VIOLATIONS = 40, 3
TARGET, MEASURED = 95.0, (90.0, 96.5)


def look_after_data(story: Story, annals: OwnAnnals) -> None:
    """Make somebody answerable for data, do some of the work, and compare the figures."""
    story.chapter(
        "Who looks after the addresses",
        "Somebody must answer for the register of addresses: for two duties, one of them overdue, "
        "for its quality and for data protection. No figure is set by hand; the demo counts too.",
    )
    created = annals.post("/stewardship", _definition(datetime.now(UTC))).json()
    path = f"/stewardship/{created['id']}"
    for measured in MEASURED:
        annals.post(f"{path}/metrics/completeness/measurements", {"value": measured})
    annals.post(f"{path}/policies/privacy/audits", {"checks": CHECKS, "violations": VIOLATIONS})
    annals.patch(f"{path}/responsibilities/clean-up", {"status": "completed"})
    after = annals.get("/stewardship", id=created["id"])
    before_told, after_told = _told(created), _told(after)
    counted = _counted()
    shown = table("figure", "at first", "as the demo counts", "as Annals says", numbers=3)
    for name, figure in counted.items():
        shown.add_row(name, value(before_told[name]), str(figure), value(after_told[name]))
    story.show(shown)
    story.expect(after_told == counted, "Every figure follows from what was recorded")
    refused = annals.refused("/stewardship", {"type": "data_quality", "domain": "addresses"}, 400)
    story.expect(
        refused == {"error": "Validation error: at least one steward is required"},
        "Data that nobody looks after is no stewardship, and is refused",
    )


def _definition(now: datetime) -> dict[str, Any]:
    return {
        "type": "data_quality",
        "domain": "addresses",
        "stewards": [{"user_id": STEWARD, "role": "owner", "is_primary": True}],
        "responsibilities": [
            _duty("clean-up", "Remove doubled addresses", now + timedelta(days=30)),
            _duty("report", "Report to the council", now - timedelta(days=2)),
        ],
        "metrics": [
            {"id": "completeness", "name": "Complete addresses", "threshold": TARGET, "unit": "%"}
        ],
        "policies": [{"id": "privacy", "name": "Data protection", "required": True}],
    }


def _duty(duty_id: str, name: str, due: datetime) -> dict[str, Any]:
    return {"id": duty_id, "name": name, "due_date": due.isoformat(), "assigned_to": STEWARD}


def _counted() -> dict[str, Any]:
    completed, overdue = 1, 1
    return {
        "tasks completed": completed,
        "tasks overdue": overdue,
        "quality": completed / (completed + overdue),
        "completeness": MEASURED[-1],
        "missing to the target": TARGET - MEASURED[-1],
        "the metric is": "met",
        "its trend is": "improving",
        "compliance": 1 - VIOLATIONS / CHECKS,
    }


def _told(stewardship: dict[str, Any]) -> dict[str, Any]:
    summary = stewardship["summary"]
    [metric] = stewardship["metrics"]
    [quality] = stewardship["statistics"]["quality_metrics"]
    return {
        "tasks completed": summary["completed_tasks"],
        "tasks overdue": summary["overdue_tasks"],
        "quality": summary["average_quality"],
        "completeness": metric["current_value"],
        "missing to the target": quality["variance"],
        "the metric is": metric["status"],
        "its trend is": metric["trend"],
        "compliance": summary["compliance_score"],
    }
