"""Every command that a request can bring, and how it is sent with conditions."""

from collections.abc import Callable
from typing import NamedTuple

import httpx
import psycopg

from tests.interfaces.api import PASSWORD, Api, Json, unique
from tests.serving import Served

HEAD = "SELECT position FROM log_head"


class Sendable(NamedTuple):
    """A request with a command, and the stream that it is about; None is one that begins."""

    method: str
    path: str
    body: Json | None
    stream_id: str | None = None


def send(api: Api, command: Sendable, **headers: str) -> httpx.Response:
    """Send a command; ``Idempotency_Key`` and ``If_Match`` are its headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.http.request(command.method, command.path, json=command.body, headers=named)


def head(served: Served) -> int:
    """Tell where the log ends."""
    with psycopg.connect(served.environment["DATABASE_URL"]) as connection:
        row = connection.execute(HEAD).fetchone()
    assert row is not None
    position: int = row[0]
    return position


def create_process(_: Api) -> Sendable:
    body = {"name": unique("process"), "meta": {"priority": "high"}}
    return Sendable("POST", "/api/v1/processes/", body)


def create_step(api: Api) -> Sendable:
    process = api.create_process("first")
    body = {"process_id": process, "index": 7, "name": "another", "is_rerunnable": True}
    return Sendable("POST", "/api/v1/steps/", body, f"process-{process}")


def start_run(api: Api) -> Sendable:
    body = {"process_id": api.create_process("one", "two"), "entity_id": unique("entity")}
    return Sendable("POST", "/api/v1/runs/", body | {"meta": {"email": "ann@example.org"}})


def update_step_run(api: Api) -> Sendable:
    run = api.start_run(api.create_process("one", "two"))
    path = f"/api/v1/step-runs/{run['steps'][1]['id']}"
    body = {"status": "success", "meta": {"note": "well done"}}
    return Sendable("PATCH", path, body, f"run-{run['id']}")


def neutralize_run(api: Api) -> Sendable:
    run = api.start_run(api.create_process("only"), entity_name="Ann")
    path = f"/api/v1/runs/{run['id']}/neutralize"
    return Sendable("POST", path, {"reason": "asked to"}, f"run-{run['id']}")


def create_api_key(_: Api) -> Sendable:
    body = {"name": unique("key"), "description": "for tests", "expires_at": "2099-01-01T00:00:00Z"}
    return Sendable("POST", "/api/v1/api-keys/", body)


def create_api_key_as_admin(_: Api) -> Sendable:
    return Sendable("POST", "/api/v1/admin/api-keys/", {"name": unique("key")})


def toggle_api_key(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("PATCH", f"/api/v1/api-keys/{key}/toggle", None, f"api_key-{key}")


def toggle_api_key_as_admin(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("PATCH", f"/api/v1/admin/api-keys/{key}/toggle", None, f"api_key-{key}")


def revoke_api_key(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("DELETE", f"/api/v1/api-keys/{key}", None, f"api_key-{key}")


def revoke_api_key_as_admin(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("DELETE", f"/api/v1/admin/api-keys/{key}", None, f"api_key-{key}")


def register_user(_: Api) -> Sendable:
    body = {"username": unique("user"), "password": PASSWORD, "email": "ann@example.org"}
    return Sendable("POST", "/auth/users", body)


def change_user(api: Api) -> Sendable:
    username = api.register(email="old@example.org")["username"]
    body = {"email": "new@example.org", "roles": ["viewer"]}
    return Sendable("PATCH", f"/auth/users/{username}", body, f"user-{username}")


Prepare = Callable[[Api], Sendable]

# By the operation's id in the OpenAPI document. Every command must be here.
WITH_KEY: dict[str, Prepare] = {
    "createProcess": create_process,
    "createStep": create_step,
    "startRun": start_run,
    "updateStepRun": update_step_run,
    "neutralizeRun": neutralize_run,
    "createApiKey": create_api_key,
    "createApiKeyAsAdmin": create_api_key_as_admin,
    "toggleApiKey": toggle_api_key,
    "toggleApiKeyAsAdmin": toggle_api_key_as_admin,
    "registerUser": register_user,
    "changeUser": change_user,
}
WITHOUT_KEY: dict[str, Prepare] = {
    "revokeApiKey": revoke_api_key,
    "revokeApiKeyAsAdmin": revoke_api_key_as_admin,
}
COMMANDS = WITH_KEY | WITHOUT_KEY
