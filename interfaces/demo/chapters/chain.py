"""Chapters 9 and 10: the chain verifies, and names the event that was tampered with."""

import json
from typing import Any, NamedTuple

import psycopg

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.crowd import Crowd
from interfaces.demo.database import Connection, connected
from interfaces.demo.story import Story, table, value

STEPS_PASSED = 2
COVER_UP = "DELAYED"

PAYLOAD = "SELECT payload FROM event_log WHERE position = %s"

REWRITE = """
UPDATE events
SET state = convert_to(replace(convert_from(state, 'UTF8'), %s, %s), 'UTF8')
WHERE notification_id = %s
"""

REWRITE_SHORTLY = "UPDATE events SET state = … WHERE notification_id ="

PAST_THE_TRIGGERS = "SET session_replication_role = replica"


class Verdicts(NamedTuple):
    """What the chain's verification says over HTTP and on the terminal."""

    rest: dict[str, Any]
    cli: dict[str, Any]
    exit_code: int


def verify_chain(story: Story, annals: OwnAnnals) -> None:
    """Verify the chain of all events."""
    story.chapter(
        "The chain holds",
        "Each event carries a hash of itself and of the hash before it. Verifying computes them "
        "all again from what is stored. What was forgotten is no gap in it: the chain is made "
        "over what was encrypted, and only the key is gone.",
    )
    verdicts = _verify(story, annals)
    story.expect(
        verdicts.rest["valid"] and verdicts.exit_code == 0,
        f"All {verdicts.rest['events_verified']} events fit, from the first to the last",
    )
    story.expect(verdicts.rest == verdicts.cli, "REST and the terminal say the same")


def tamper(story: Story, annals: OwnAnnals, crowd: Crowd) -> None:
    """Change one event in the database, past Annals, and see it named."""
    one = crowd.failed_at(STEPS_PASSED)
    error_code = one.journey.error["error_code"]
    story.chapter(
        "Somebody tampers with the log",
        "Somebody has the password of the database, and a failure to hide: run "
        f"{one.run_id} failed with {error_code}, and {COVER_UP} would look better.",
    )
    history = annals.get(f"/api/v1/audit/streams/{one.stream}")["events"]
    failed = next(event for event in history if event["type"] == "StepRunFailed")
    position = failed["position"]
    rewrite = (error_code, COVER_UP, position)
    with connected(annals.home) as direct:
        before = _meta(direct, position)
        refused = _attempt(direct, rewrite)
        story.called(f"{REWRITE_SHORTLY} {position}", refused)
        story.expect("append-only" in refused, "The database refuses to change an event")
        story.tell("So they switch the database's triggers off, as its superuser can:")
        direct.execute(PAST_THE_TRIGGERS)
        story.called(PAST_THE_TRIGGERS, "SET")
        story.called(f"{REWRITE_SHORTLY} {position}", _attempt(direct, rewrite))
        after = _meta(direct, position)
    shown = table("position", "event", "stored before", "stored now")
    shown.add_row(str(position), failed["type"], json.dumps(before), json.dumps(after))
    story.show(shown)
    story.expect(
        (before, after) == ({"error_code": error_code}, {"error_code": COVER_UP}),
        f"Event {position} now tells something else",
    )
    verdicts = _verify(story, annals)
    story.expect(
        not verdicts.rest["valid"] and verdicts.rest["first_bad_position"] == position,
        f"Verifying over HTTP names position {position}",
    )
    story.expect(
        verdicts.cli == verdicts.rest and verdicts.exit_code == 1,
        "So does the terminal, and its exit code is 1",
    )


def _verify(story: Story, annals: OwnAnnals) -> Verdicts:
    rest = annals.get("/api/v1/audit/verify")
    done = annals.command("audit", "verify", "--json")
    verdicts = Verdicts(rest, json.loads(done.stdout), done.returncode)
    shown = table("", "over HTTP", "on the terminal")
    for name, what in rest.items():
        shown.add_row(name.replace("_", " "), value(what), value(verdicts.cli.get(name)))
    story.show(shown)
    return verdicts


def _attempt(direct: Connection, rewrite: tuple[str, str, int]) -> str:
    """Try to rewrite an event, and give what the database says to it."""
    try:
        return str(direct.execute(REWRITE, rewrite).statusmessage)
    except psycopg.errors.RaiseException as refusal:
        return str(refusal.diag.message_primary)


def _meta(direct: Connection, position: int) -> object:
    row = direct.execute(PAYLOAD, [position]).fetchone()
    return row and row[0]["meta"]
