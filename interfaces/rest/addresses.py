"""What every address obeys: valid percent-encoding and UTF-8, no NUL, nothing said twice."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from litestar import Request
from litestar.exceptions import HTTPException

from domain.errors import InvalidFieldError

REPEATABLE = "repeatable"

_BROKEN_ENCODING = re.compile(rb"%(?![0-9A-Fa-f]{2})")


async def check_address(request: Request[Any, Any, Any]) -> None:
    """Refuse a malformed address before its parameters are read. Raises InvalidFieldError.

    The host is part of it, for links to other pages begin with it. Of the query parameters only
    those may be repeated that the route names in its ``opt``.
    """
    _check_host(request.headers.get("host", ""))
    _decoded(request.scope["raw_path"], "path")
    query = request.scope["query_string"]
    if not query:
        return
    seen: set[str] = set()
    for part in filter(None, query.split(b"&")):
        encoded_name, _, encoded_value = part.partition(b"=")
        name = _decoded(encoded_name, "query")
        _decoded(encoded_value, name)
        if name in seen and name not in request.route_handler.opt.get(REPEATABLE, ()):
            raise InvalidFieldError(name, "must be given only once")
        seen.add(name)


def _check_host(host: str) -> None:
    try:
        _ = urlsplit(f"//{host}").port
    except ValueError:
        raise HTTPException("Invalid host header", status_code=400) from None


def _decoded(encoded: bytes, field: str) -> str:
    if not encoded.isascii():
        raise InvalidFieldError(field, "must be percent-encoded where it is not ASCII")
    if b"%" not in encoded:
        return encoded.decode("ascii")
    if _BROKEN_ENCODING.search(encoded):
        raise InvalidFieldError(field, "has a % that is not followed by two hexadecimal digits")
    try:
        text = unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise InvalidFieldError(field, "is not valid UTF-8") from None
    if "\x00" in text:
        raise InvalidFieldError(field, "must not contain NUL characters")
    return text
