"""The Python client that the seed's example imports, as small as that needs it."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]


class WorkflowClient:
    """The workflow API behind names that read well."""

    def __init__(self, base_url: str, token: str) -> None:
        http = _Http(base_url, token)
        self.templates = _Templates(http)
        self.transitions = _Transitions(http)


class _Http:
    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(
        self, method: str, path: str, query: Sequence[tuple[str, str]], body: object = None
    ) -> Json:
        """Send a request; raises urllib.error.HTTPError for what is refused."""
        request = urllib.request.Request(  # noqa: S310 - the address is the caller's
            f"{self._base_url}{path}?{urlencode(query)}",
            method=method,
            headers=self._headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310
            answer: Json = json.load(response)
        return answer


class _Templates:
    def __init__(self, http: _Http) -> None:
        self._http = http

    def list(self, categories: Sequence[str] = ()) -> Json:
        query = [("categories", category) for category in categories]
        return self._http.send("GET", "/workflows/templates", query)

    def apply(
        self, template_id: str, content_uid: str, role_assignments: Mapping[str, Sequence[str]]
    ) -> Json:
        return self._http.send(
            "POST",
            f"/workflows/apply/{template_id}",
            [("content_uid", content_uid)],
            {"role_assignments": role_assignments},
        )


class _Transitions:
    def __init__(self, http: _Http) -> None:
        self._http = http

    def execute(self, content_uid: str, transition_id: str, comments: str) -> Json:
        body = {"content_uid": content_uid, "transition_id": transition_id, "comments": comments}
        return self._http.send("POST", "/workflows/transition", [], body)
