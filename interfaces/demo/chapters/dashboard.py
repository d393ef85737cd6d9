"""Chapter 3: the dashboard."""

from datetime import timedelta

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.crowd import Crowd
from interfaces.demo.journeys import STAGES
from interfaces.demo.story import Story, table, value

NEWEST = 4


def read_dashboard(story: Story, annals: OwnAnnals, crowd: Crowd) -> None:
    """Compare what the dashboard says with what the demo has counted itself."""
    story.chapter(
        "The dashboard",
        "The head of the office wants to know how things stand. The dashboard does not count: its "
        "figures are kept up with every event. The demo has counted, and compares.",
    )
    dashboard = annals.get(f"/api/v1/dashboard/process/{crowd.process_id}")
    counted = _count(crowd)
    shown = table("runs", "as the demo counted", "as the dashboard says", numbers=2)
    for name, figure in counted.items():
        shown.add_row(_words(name), str(figure), value(dashboard["statistics"].get(name)))
    story.show(shown)
    _show_newest(story, dashboard["runs"])
    story.expect(dashboard["statistics"] == counted, "The dashboard agrees in every figure")
    story.expect(
        all(run["success_rate"] == _success_rates(crowd)[run["id"]] for run in dashboard["runs"]),
        f"So it does for the success rates of the {len(dashboard['runs'])} newest runs",
    )
    failed = annals.get("/api/v1/runs/", process_id=crowd.process_id, status="failed", size=100)
    story.expect(
        {run["id"] for run in failed["items"]} == {o.run_id for o in crowd.with_outcome("failed")},
        f"A search for failed runs finds those {failed['total']} that failed, and no others",
    )


def _count(crowd: Crowd) -> dict[str, int | str]:
    completed = crowd.with_outcome("completed")
    took = sum((one.journey.duration for one in completed), timedelta())
    return {
        "total_runs": len(crowd.travellers),
        "completed_runs": len(completed),
        "failed_runs": len(crowd.with_outcome("failed")),
        "running_runs": len(crowd.with_outcome("running")),
        "pending_runs": 0,
        "cancelled_runs": 0,
        "average_completion_time": _clock(took / len(completed)),
    }


def _success_rates(crowd: Crowd) -> dict[int, float]:
    return {one.run_id: 100 * one.journey.passed / len(STAGES) for one in crowd.travellers}


def _show_newest(story: Story, runs: list[dict[str, object]]) -> None:
    shown = table("run", "name", "status", "steps succeeded", numbers=1)
    for run in runs[:NEWEST]:
        shown.add_row(
            str(run["id"]),
            value(run["entity_name"]),
            value(run["status"]),
            f"{run['success_rate']} %",
        )
    shown.caption = f"the newest {NEWEST} of the {len(runs)} that the dashboard lists"
    story.show(shown)


def _clock(duration: timedelta) -> str:
    seconds = round(duration.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _words(name: str) -> str:
    return name.removesuffix("_runs").replace("_", " ")
