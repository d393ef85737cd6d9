"""What tests do with the API, in words. Every request is a real one."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import httpx

Json = dict[str, Any]

# Of example.org. Nothing is ever sent there.
OUTSIDE = "93.184.215.14"

_numbers = count(1)


def unique(word: str) -> str:
    """Give a name that no other test of this worker uses."""
    return f"{word}-{next(_numbers)}"


def unique_url() -> str:
    """Give a URL at an address of the Internet, which needs no look-up."""
    return f"https://{OUTSIDE}/{unique('hook')}"


class Api(NamedTuple):
    """A client with what most tests need as methods; each expects success."""

    http: httpx.Client

    def get(self, path: str, **parameters: Any) -> Any:
        return answered(self.http.get(path, params=parameters or None), 200)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        response = self.http.post(path, json=body)
        assert response.status_code in (200, 201), response.text
        posted: Json = response.json()
        return posted

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        patched: Json = answered(self.http.patch(path, json=body), 200)
        return patched

    def create_process(self, *steps: str, **fields: Any) -> int:
        """Create a process with steps in the order given."""
        created = self.post("/api/v1/processes/", {"name": unique("process")} | fields)
        process_id: int = created["id"]
        for index, name in enumerate(steps):
            self.add_step(process_id, index, name)
        return process_id

    def add_step(self, process_id: int, index: int, name: str, **fields: Any) -> Json:
        step = {"process_id": process_id, "index": index, "name": name}
        return self.post("/api/v1/steps/", step | fields)

    def start_run(self, process_id: int, **fields: Any) -> Json:
        body = {"process_id": process_id, "entity_id": unique("entity")}
        return self.post("/api/v1/runs/", body | fields)

    def report(self, step_run_id: int, **change: Any) -> Json:
        return self.patch(f"/api/v1/step-runs/{step_run_id}", change)

    def report_all(self, run: Json, *statuses: str) -> Json:
        """Report a status for each step of a run in order; give the run as it is then."""
        for step, status in zip(run["steps"], statuses, strict=True):
            self.report(step["id"], status=status)
        return self.run(run["id"])

    def run(self, run_id: int) -> Json:
        run: Json = self.get(f"/api/v1/runs/{run_id}")
        return run

    def runs(self, **parameters: Any) -> Json:
        runs: Json = self.get("/api/v1/runs/", **parameters)
        return runs

    def found(self, **parameters: Any) -> Sequence[str]:
        """Give the entity ids of the runs that a list shows, in its order."""
        return [run["entity_id"] for run in self.runs(**parameters)["items"]]

    def neutralize(self, run_id: int, **body: Any) -> Json:
        return self.post(f"/api/v1/runs/{run_id}/neutralize", body)

    def events(self, stream_id: str) -> Sequence[Json]:
        events: Sequence[Json] = self.get(f"/api/v1/audit/streams/{stream_id}")["events"]
        return events

    def create_key(self, **fields: Any) -> Json:
        return self.post("/api/v1/api-keys/", {"name": unique("key")} | fields)

    def register(self, **fields: Any) -> Json:
        user = {"username": unique("user"), "password": PASSWORD}
        return self.post("/auth/users", user | fields)

    def register_webhook(self, **fields: Any) -> Json:
        webhook = {"url": unique_url(), "events": ["system_error"]}
        return self.post("/api/v1/webhooks", webhook | fields)

    def apply_template(self, template_id: str = "simple_review", /, **roles: list[str]) -> str:
        """Put a content under a template; give its uid."""
        uid = unique("page")
        assignments = roles or {"author": ["ann"], "editor": ["ed"]}
        path = f"/workflows/apply/{template_id}?content_uid={uid}"
        self.post(path, {"role_assignments": assignments})
        return uid

    def move(self, uid: str, transition_id: str, comments: str = "As agreed") -> Json:
        """Make a transition."""
        body = {"content_uid": uid, "transition_id": transition_id, "comments": comments}
        return self.post("/workflows/transition", body)

    def workflow(self, uid: str) -> Json:
        """Give the workflow state of a content."""
        state: Json = self.get(f"/workflows/content/{uid}/state")
        return state

    def log_in(self, username: str, password: str) -> httpx.Response:
        return self.http.post("/auth/login", json={"username": username, "password": password})


def own_template(**changes: Any) -> Json:
    """Give a template that nobody has defined."""
    template: Json = {
        "id": unique("template"),
        "name": "Two steps",
        "description": "From nothing to done",
        "category": "corporate",
        "states": [
            {"id": "open", "name": "Open", "permissions": [], "is_initial": True},
            {"id": "done", "name": "Done", "permissions": [], "is_final": True},
        ],
        "transitions": [
            {
                "id": "finish",
                "name": "Finish",
                "from_state": "open",
                "to_state": "done",
                "required_role": "author",
            }
        ],
    }
    return template | changes


PASSWORD = "a long enough password"


def answered(response: httpx.Response, status: int) -> Any:
    """Give the body of a response that must have this status."""
    assert response.status_code == status, response.text
    return response.json()
