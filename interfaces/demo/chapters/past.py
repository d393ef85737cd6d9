"""Chapter 8: going back in time."""

from typing import Any

from rich.table import Table

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.crowd import Traveller
from interfaces.demo.story import Story, table, value

State = dict[str, Any]


def go_back_in_time(story: Story, annals: OwnAnnals, forgotten: Traveller) -> None:
    """Ask for the state as it was when the person had not been forgotten."""
    story.chapter(
        "Going back in time",
        "The audit trail tells how things stood at any version and at any moment. Going back to "
        "when the person was still known does not bring the person back:",
    )
    path = f"/api/v1/audit/streams/{forgotten.stream}"
    history = annals.get(path)["events"]
    failed = next(event for event in history if event["type"] == "StepRunFailed")
    earlier = annals.get(f"{path}/state", version=failed["version"] - 1)
    later = annals.get(f"{path}/state", at=history[-2]["recorded_at"])
    story.show(_states_table(earlier, later))
    story.expect(
        (earlier["state"]["status"], later["state"]["status"]) == ("running", "failed"),
        "The run is shown as it was: under way before its step failed, failed after that",
    )
    story.expect(
        not earlier["state"]["is_neutralized"] and not later["state"]["is_neutralized"],
        "At neither time had anybody asked to be forgotten",
    )
    told = str((earlier, later))
    story.expect(
        earlier["redacted"]
        and later["redacted"]
        and not any(word in told for word in forgotten.journey.person.identity),
        "And still the past no longer knows who it was",
    )


def _states_table(earlier: State, later: State) -> Table:
    shown = table("", f"at version {earlier['version']}", "just before the erasure")
    for name, then in _told(earlier).items():
        shown.add_row(name, value(then), value(_told(later)[name]))
    return shown


def _told(state: State) -> dict[str, Any]:
    run = state["state"]
    told = {name: run[name] for name in ("status", "entity_id", "entity_name", "is_neutralized")}
    told |= {f"meta.{name}": what for part in run["meta"].values() for name, what in part.items()}
    steps = sorted(run["steps"].values(), key=lambda step: step["index"])
    return told | {step["name"]: step["status"] for step in steps}
