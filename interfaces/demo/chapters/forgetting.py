"""Chapter 7: one person asks to be forgotten."""

from dataclasses import dataclass
from typing import Any

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.chapters.tables import (
    Event,
    compare_histories,
    compare_runs,
    compare_traces,
    history_table,
)
from interfaces.demo.crowd import Crowd, Traveller
from interfaces.demo.story import Story
from interfaces.demo.traces import Traces, find_traces

STEPS_PASSED = 1
REASON = "The person asked for erasure"
KEPT = {"department", "region", "priority"}


@dataclass(frozen=True)
class Known:
    """What the API tells of a person's run."""

    run: dict[str, Any]
    history: list[Event]
    statistics: dict[str, Any]
    traces: Traces


def forget_one(story: Story, annals: OwnAnnals, crowd: Crowd) -> Traveller:
    """Neutralize somebody's run, look for them everywhere, and tell who it was."""
    one = crowd.failed_at(STEPS_PASSED)
    person = one.journey.person
    story.chapter(
        "One person asks to be forgotten",
        f"{person.name} could not be identified, and now wants to be forgotten. The office has to "
        "forget the person and still account for what happened. The history so far:",
    )
    before = _ask(annals, crowd, one)
    story.show(history_table(before.history))
    _expect_known(story, one, before)
    annals.post(f"/api/v1/runs/{one.run_id}/neutralize", {"reason": REASON})
    after = _ask(annals, crowd, one)
    _tell_of_run(story, one, before, after)
    _tell_of_history(story, before.history, after.history)
    _tell_of_traces(story, before.traces, after.traces)
    return one


def _ask(annals: OwnAnnals, crowd: Crowd, one: Traveller) -> Known:
    history = annals.get(f"/api/v1/audit/streams/{one.stream}")["events"]
    return Known(
        run=annals.get(f"/api/v1/runs/{one.run_id}"),
        history=history,
        statistics=annals.get(f"/api/v1/dashboard/process/{crowd.process_id}")["statistics"],
        traces=find_traces(annals, crowd, one, versions=len(history)),
    )


def _expect_known(story: Story, one: Traveller, known: Known) -> None:
    told = str(known.history)
    story.expect(
        all(word in told for word in one.journey.person.identity),
        "The history tells case, name, e-mail address and phone number",
    )
    traces = known.traces
    story.expect(
        bool(traces.answers_found and traces.searches_found and traces.tables_found),
        "The API answers with them, finds the run by them, and the database holds them",
    )


def _tell_of_run(story: Story, one: Traveller, before: Known, after: Known) -> None:
    story.tell("The run, before and after:")
    story.show(compare_runs(before.run, after.run))
    run = after.run
    story.expect(
        (run["entity_id"], run["entity_name"]) == (f"NEUTRALIZED_{one.run_id}", None)
        and run["is_neutralized"]
        and run["meta"] == {name: before.run["meta"][name] for name in KEPT},
        "The run has lost the person, and kept department, region and priority",
    )
    story.expect(
        run["status"] == before.run["status"] == "failed" and after.statistics == before.statistics,
        "It still counts on the dashboard as a run that failed",
    )


def _tell_of_history(story: Story, before: list[Event], after: list[Event]) -> None:
    story.tell("Its history, before and after:")
    story.show(compare_histories(before, after))
    *earlier, last = after
    story.expect(
        [_place(event) for event in earlier] == [_place(event) for event in before],
        f"All {len(before)} events are still there, each with its place, time and author",
    )
    story.expect(
        last["type"] == "RunNeutralized" and last["data"]["reason"] == REASON,
        f"One more tells that {last['actor']} had the person forgotten, when, and why",
    )


def _tell_of_traces(story: Story, before: Traces, after: Traces) -> None:
    story.tell("And looking for case, name, e-mail address and phone number everywhere:")
    story.show(compare_traces(before, after))
    story.expect(
        not after.found,
        "Neither REST nor a search through every table of the database finds any of it",
    )


def _place(event: Event) -> dict[str, Any]:
    """Give what an event tells besides its data."""
    return {name: told for name, told in event.items() if name not in ("data", "redacted")}
