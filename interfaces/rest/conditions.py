"""The headers that say under which conditions a command is carried out (contract section 4)."""

import re
from typing import Annotated

from litestar.datastructures import Headers
from litestar.params import HeaderParameter

from application.metadata import IfMatch
from domain.errors import InvalidFieldError

IDEMPOTENCY_KEY = "Idempotency-Key"
IF_MATCH = "If-Match"

IdempotencyKeyHeader = Annotated[
    str | None,
    HeaderParameter(
        name=IDEMPOTENCY_KEY,
        description="Sent again within 24 hours, the same request gets the first response again",
        schema_extra={"pattern": "^[ -~]{1,255}$"},
    ),
]
IfMatchHeader = Annotated[
    str | None,
    HeaderParameter(
        name=IF_MATCH,
        description="Only if the resource has one of these versions (RFC 9110)",
        schema_extra={"examples": ['"3"', '"3", "5"', "*"]},
    ),
]

_KEY = re.compile(r"[\x20-\x7e]{1,255}")

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Possessive, so that no sequence of blanks can be taken in more than one way.
_TAGS = re.compile(rf"[ \t]*+(?:{_TAG})?(?:[ \t]*+,[ \t]*+(?:{_TAG})?)*+[ \t]*+")
_VERSION = re.compile(r'(?<!W/)"([1-9][0-9]{0,18})"')


def read_idempotency_key(headers: Headers) -> str:
    """Read the key of a request that has one. Raises InvalidFieldError."""
    given = headers.getall(IDEMPOTENCY_KEY)
    if len(given) > 1:
        raise InvalidFieldError(IDEMPOTENCY_KEY, "must be given only once")
    if not _KEY.fullmatch(given[0]):
        raise InvalidFieldError(IDEMPOTENCY_KEY, "must be 1 to 255 printable ASCII characters")
    return given[0]


def refuse_idempotency_key(headers: Headers) -> None:
    """Refuse a key where it would have no effect. Raises InvalidFieldError."""
    if IDEMPOTENCY_KEY in headers:
        raise InvalidFieldError(IDEMPOTENCY_KEY, "is not taken here, see the answer")


def read_if_match(headers: Headers) -> IfMatch:
    """Read the versions of a request that names some. Raises InvalidFieldError.

    Weak tags, and tags that are no version, are well-formed and never match.
    """
    tags = ", ".join(headers.getall(IF_MATCH))
    if tags.strip() == "*":
        return IfMatch(None)
    if not _TAGS.fullmatch(tags) or '"' not in tags:
        raise InvalidFieldError(IF_MATCH, 'must be * or versions like "3", "5"')
    return IfMatch(frozenset(int(version) for version in _VERSION.findall(tags)))
