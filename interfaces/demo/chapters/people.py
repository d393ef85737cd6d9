"""Chapter 2: a hundred people go through it."""

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.crowd import AT_ONCE, Crowd, send_through
from interfaces.demo.interruption import run_interruptibly
from interfaces.demo.journeys import STAGES, plan_journeys
from interfaces.demo.story import Story, table

SHOWN_OF_EACH = 2


def send_people_through(story: Story, annals: OwnAnnals, process_id: int, position: int) -> Crowd:
    """Send everybody through the process, whose last event stands at the position."""
    journeys = plan_journeys()
    story.chapter(
        "A hundred people go through it",
        f"{len(journeys)} invented people apply, {AT_ONCE} at a time. Whoever works on a step "
        "reports when it begins and how it ends. The times that are reported are invented too; "
        "the requests are not.",
    )
    with story.counting("Applying", len(journeys)) as counter:
        crowd = run_interruptibly(send_through(annals, process_id, journeys, counter.one_more))
    _show_some(story, crowd)
    _show_steps(story, crowd)
    positions = crowd.positions
    events = max(positions) - position
    story.tell(
        f"{len(positions)} commands recorded {events} events in {crowd.seconds:.1f} s: "
        f"[bold]{events / crowd.seconds:.0f} events/s[/], one client and one server sharing this "
        "machine."
    )
    story.expect(
        {one.steps_planned for one in crowd.travellers} == {len(STAGES)},
        f"Each of the {len(journeys)} runs began with all {len(STAGES)} steps waiting",
    )
    story.expect(
        len(set(positions)) == len(positions) and min(positions) > position,
        f"Each of the {len(positions)} commands was told its own place in the log",
    )
    story.expect(
        events == sum(journey.events for journey in journeys),
        f"The log has grown by {events} events, which is just what was reported",
    )
    entries = annals.http.get("/api/v1/audit/history", params={"size": 1}).json()["total"]
    story.expect(
        entries == max(positions),
        f"The audit history lists all {entries} events, those of the first start among them",
    )
    return crowd


def _show_some(story: Story, crowd: Crowd) -> None:
    shown = table("name", "department", "region", "outcome")
    for outcome in ("completed", "failed", "running"):
        for one in crowd.with_outcome(outcome)[:SHOWN_OF_EACH]:
            journey, person = one.journey, one.journey.person
            end = outcome if outcome == "completed" else f"{outcome}: {STAGES[journey.passed].name}"
            shown.add_row(person.name, person.department, person.region, end)
    shown.add_row(f"… {len(crowd.travellers) - shown.row_count} more", "", "", "")
    story.show(shown)


def _show_steps(story: Story, crowd: Crowd) -> None:
    journeys = [one.journey for one in crowd.travellers]
    shown = table("step", "begun", "succeeded", "failed", "under way", numbers=4)
    for index, stage in enumerate(STAGES):
        stopped = [j.outcome for j in journeys if j.passed == index]
        shown.add_row(
            stage.name,
            str(sum(journey.steps_begun > index for journey in journeys)),
            str(sum(journey.passed > index for journey in journeys)),
            str(stopped.count("failed")),
            str(stopped.count("running")),
        )
    story.show(shown)
