"""A site that answers as plone.restapi's documentation says, and as Plone 6.1 was seen to.

Its contents have Plone's own simple_publication_workflow. Faults are given to it one by one.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
import msgspec

USERNAME = "annals"
PASSWORD = "plone-secret-1"
WORKFLOW = {
    ("private", "submit"): "pending",
    ("private", "publish"): "published",
    ("pending", "publish"): "published",
    ("pending", "approve"): "published",
    ("pending", "reject"): "private",
    ("pending", "retract"): "private",
    ("published", "retract"): "private",
    ("published", "reject"): "private",
}


class Request(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Content:
    """A content, private as Plone makes them."""

    uid: str
    path: str
    state: str = "private"
    comments: list[str] = field(default_factory=list)


@dataclass
class Site:
    """What is on the site, how it behaves, and what it was sent."""

    port: int = 0
    contents: dict[str, Content] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    faults: list[int | str] = field(default_factory=list)
    faulty_method: str = "GET"
    public: str | None = None
    token_seconds: int | None = 12 * 3600
    secret: str = "a secret of Plone's that is long enough"
    knows_repetitions: bool = True
    transition_seconds: float = 0.0
    loses_answers: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/Plone"

    def add(self, uid: str, path: str = "docs/a%20page") -> Content:
        self.contents[uid] = Content(uid, path)
        return self.contents[uid]

    def sent(self, what: str) -> list[Request]:
        return [request for request in self.requests if what in request.path]

    def answer(self, request: Request) -> tuple[int, object]:
        address = urlsplit(request.path)
        path = address.path.removeprefix("/Plone/").removeprefix("++api++/")
        if path == "@login":
            return self._login(msgspec.json.decode(request.body))
        if path == "@search":
            return 200, self._search(request, parse_qs(address.query))
        if not self._knows(request):
            return 401, {"type": "Unauthorized", "message": "You are not authorized"}
        if path.startswith("@users/"):
            return 200, {"id": path.removeprefix("@users/"), "roles": ["Manager"]}
        return self._workflow(request, path)

    def _workflow(self, request: Request, path: str) -> tuple[int, object]:
        content_path, _, transition = path.partition("/@workflow")
        content = next((each for each in self.contents.values() if each.path == content_path), None)
        if content is None:
            return 404, {"type": "NotFound", "message": f"Resource not found: {path}"}
        if request.method == "GET":
            return 200, {"state": {"id": content.state, "title": content.state.title()}}
        return self._transition(content, unquote(transition[1:]), request.body)

    def _login(self, given: dict[str, str]) -> tuple[int, object]:
        if (given["login"], given["password"]) != (USERNAME, PASSWORD):
            message = "Wrong login and/or password."
            return 401, {"error": {"type": "Invalid credentials", "message": message}}
        claims: dict[str, object] = {"sub": USERNAME, "fullname": None}
        if self.token_seconds is not None:
            claims["exp"] = int(time.time()) + self.token_seconds
        return 200, {"token": jwt.encode(claims, self.secret, algorithm="HS256")}

    def _knows(self, request: Request) -> bool:
        try:
            token = request.headers["authorization"].removeprefix("Bearer ")
            jwt.decode(token, self.secret, algorithms=["HS256"])
        except (KeyError, jwt.InvalidTokenError):
            return False
        return True

    def _search(self, request: Request, query: dict[str, list[str]]) -> object:
        """Strangers see what is published, and get no error."""
        public = self.public or self.url
        site = public.removesuffix("/++api++")
        found = [
            content
            for content in self.contents.values()
            if content.uid in query["UID"]
            and (content.state == "published" or self._knows(request))
        ][: int(query.get("b_size", ["25"])[0])]
        items: list[dict[str, Any]] = [
            {
                "@id": f"{site}/{content.path}",
                "@type": "Document",
                "UID": content.uid,
                "review_state": content.state,
                "title": "A page",
            }
            for content in found
        ]
        return {
            "@id": f"{public}/@search?{urlsplit(request.path).query}",
            "items": items,
            "items_total": len(items),
        }

    def _transition(self, content: Content, transition: str, body: bytes) -> tuple[int, object]:
        time.sleep(self.transition_seconds)
        after = WORKFLOW.get((content.state, transition))
        if after is not None:
            content.state = after
            content.comments.append(msgspec.json.decode(body)["comment"])
        elif not (self.knows_repetitions and _leads(transition, content.state)):
            message = "No workflow provides the '${action_id}' action."
            return 400, {"error": {"type": "WorkflowException", "message": message}}
        if self.loses_answers:
            return 504, {"message": "The proxy has waited long enough"}
        return 200, {"action": transition, "review_state": content.state, "actor": USERNAME}


def _leads(transition: str, state: str) -> bool:
    return any(name == transition and WORKFLOW[here, name] == state for here, name in WORKFLOW)
