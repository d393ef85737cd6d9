"""Who works on contents under workflows, and how they get there."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.interfaces.api import PASSWORD, Api, Json, unique
from tests.serving import Served

EXAMPLE = {"author": ["user1", "user2"], "editor": ["editor1"], "administrator": ["admin1"]}


@contextmanager
def acting(served: Served, api: Api, *roles: str, name: str | None = None) -> Iterator[Api]:
    """Act as a user with these roles of Annals."""
    username = name or unique("person")
    if name is None or username not in {user["username"] for user in api.get("/auth/users")}:
        api.register(username=username, roles=list(roles) or ["user"])
    token = api.log_in(username, PASSWORD).json()["access_token"]
    with served.client(token) as client:
        yield Api(client)


def roles() -> dict[str, list[str]]:
    return {"author": ["wf-author"], "editor": ["wf-editor", "second-editor"]}


def applied(api: Api, uid: str, template_id: str = "simple_review", **body: object) -> Json:
    path = f"/workflows/apply/{template_id}?content_uid={uid}"
    return api.post(path, {"role_assignments": EXAMPLE} | body)
