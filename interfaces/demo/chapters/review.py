"""Chapter 4: a text that one person writes and another approves."""

import secrets
from typing import Any

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.story import Story, table, value

CONTENT = "leaflet-housing"
AUTHOR = "olivia"
EDITOR = "edith"


def review_a_text(story: Story, annals: OwnAnnals) -> None:
    """Let a text be written, refused and approved, and show what the auditors see of it."""
    story.chapter(
        "A text under review",
        f"The office's leaflet goes online once somebody else has approved it. {AUTHOR.title()} "
        f"writes it, {EDITOR.title()} decides; the template says what each of them may do.",
    )
    passwords = {AUTHOR: _admit(annals, AUTHOR, "author"), EDITOR: _admit(annals, EDITOR, "editor")}
    annals.post(
        f"/workflows/apply/simple_review?content_uid={CONTENT}",
        {"role_assignments": {"author": [AUTHOR], "editor": [EDITOR]}},
    )
    with (
        annals.by(AUTHOR, passwords[AUTHOR]) as author,
        annals.by(EDITOR, passwords[EDITOR]) as (editor),
    ):
        author.post("/workflows/transition", _move("submit", "Please have a look"))
        alone = author.refused("/workflows/transition", _move("approve"), 403)
        unexplained = editor.refused("/workflows/transition", _move("reject"), 400)
        editor.post("/workflows/transition", _move("reject", "The opening hours are last year's"))
        author.post("/workflows/transition", _move("submit", "They are this year's now"))
        approved = editor.post("/workflows/transition", _move("approve")).json()
    story.expect(
        approved["to_state"] == "published",
        f"{EDITOR.title()} has approved the leaflet: it is published",
    )
    story.expect(
        alone["error_code"] == "INSUFFICIENT_PERMISSIONS",
        f"{AUTHOR.title()} could not approve it alone: {alone['error']}",
    )
    story.expect(
        unexplained["details"]["field"] == "comments",
        f"Nobody rejects without a reason: {unexplained['error']}",
    )
    _tell_of_attempts(story, annals)


def _tell_of_attempts(story: Story, annals: OwnAnnals) -> None:
    state = annals.get(f"/workflows/content/{CONTENT}/state")
    shown = table("from", "to", "by", "comment")
    for moved in state["history"]:
        shown.add_row(
            moved["from_state"], moved["to_state"], moved["user_id"], value(moved["comments"])
        )
    story.show(shown)
    audit = annals.get("/workflows/audit", content_uid=CONTENT, operation="execute_transition")
    refused = [entry["user_id"] for entry in audit["items"] if not entry["success"]]
    story.expect(
        refused == [EDITOR, AUTHOR],
        f"The audit trail keeps the {len(refused)} refused attempts too, newest first",
    )


def _admit(annals: OwnAnnals, username: str, role: str) -> str:
    """Create a user; give the password."""
    password = secrets.token_urlsafe()
    body = {
        "username": username,
        "password": password,
        "email": f"{username}@example.org",
        "roles": [role],
    }
    annals.post("/auth/users", body)
    return password


def _move(transition_id: str, comments: str | None = None) -> dict[str, Any]:
    return {"content_uid": CONTENT, "transition_id": transition_id, "comments": comments}
