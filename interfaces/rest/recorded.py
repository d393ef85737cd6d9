"""Responses to commands and of single resources."""

from datetime import datetime
from typing import TypeVar

import msgspec
from litestar import Response

from interfaces.rest.headers import documented

Body = TypeVar("Body")

REPLAYED = "Idempotent-Replayed"

VERSION_HEADERS = (documented("ETag", "The version of the resource"),)
DELETION_HEADERS = (
    documented("X-Event-Position", "Where the log stands with what the command recorded"),
    *VERSION_HEADERS,
)
COMMAND_HEADERS = (
    *DELETION_HEADERS,
    documented(REPLAYED, "There, and true, if this is the response of before to the same key"),
)


class DeletedView(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted, and when; it can be restored."""

    id: int
    deleted_at: datetime


def recorded(body: Body, *, position: int, version: int, status: int = 200) -> Response[Body]:
    """Answer a command: where its events stand, and the version that the resource now has."""
    return Response(
        body,
        status_code=status,
        headers={"X-Event-Position": str(position), "ETag": f'"{version}"'},
    )


def versioned(body: Body, version: int) -> Response[Body]:
    """Answer with a single resource and its version, 0 for one of which nothing is recorded yet."""
    return Response(body, headers={"ETag": f'"{version}"'} if version else {})
