"""What the fields of webhooks must look like. Every check raises InvalidFieldError.

No message repeats a URL or a secret: a URL may hold a token.
"""

import base64
import binascii
import re
from collections.abc import Collection
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from domain.errors import InvalidFieldError

URL_LENGTH = 2000
SECRET_LENGTH = 255
MOST_PATTERNS = 100
PATTERN_LENGTH = 255
LONGEST_OVERLAP = timedelta(days=7)
DEFAULT_OVERLAP = timedelta(hours=24)

# Secrets as Standard Webhooks 1.0.0 has them: 24 to 64 bytes in base64.
BEGINNING = "whsec_"
_BYTES = range(24, 65)

_DEFAULT_PORTS = {"http": 80, "https": 443}
_VISIBLE = re.compile(r"[!-~]+")


def check_url(url: str) -> None:
    """Check that a URL is http or https, with a host, and without user, password or fragment."""
    if len(url) > URL_LENGTH:
        raise InvalidFieldError("url", f"must be at most {URL_LENGTH} characters long")
    if _VISIBLE.fullmatch(url) is None or "\\" in url:
        raise InvalidFieldError("url", "must be a URL in printable ASCII without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidFieldError("url", "must be a URL") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidFieldError("url", "must begin with http:// or https://")
    if not host or port == 0:
        raise InvalidFieldError("url", "must name a host, and a port only from 1 to 65535")
    if "@" in parts.netloc:
        raise InvalidFieldError("url", "must not have a user name or password")
    if "#" in url:
        raise InvalidFieldError("url", "must not have a fragment")


def same_address(url: str) -> str:
    """Give the one form of all URLs that a request would be sent to alike."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    port = parts.port
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))


def check_patterns(patterns: Collection[str]) -> None:
    """Check that there are 1 to 100 patterns, none of them twice."""
    if not patterns:
        raise InvalidFieldError("events", "must name at least one event type, or *")
    if len(patterns) > MOST_PATTERNS:
        raise InvalidFieldError("events", f"must have at most {MOST_PATTERNS} items")
    if any(len(pattern) > PATTERN_LENGTH for pattern in patterns):
        raise InvalidFieldError("events", f"must have items of at most {PATTERN_LENGTH} characters")
    if len(set(patterns)) < len(patterns):
        raise InvalidFieldError("events", "must not have the same item twice")


def check_secret(secret: str) -> None:
    """Check that a secret is 1 to 255 visible characters; after ``whsec_``, base64."""
    if not secret or len(secret) > SECRET_LENGTH or not secret.isprintable():
        raise InvalidFieldError("secret", f"must be 1 to {SECRET_LENGTH} visible characters")
    if secret.startswith(BEGINNING) and not _is_standard(secret):
        message = f"must have 24 to 64 bytes in base64 after {BEGINNING}"
        raise InvalidFieldError("secret", message)


def check_overlap(overlap: timedelta) -> None:
    """Check that older secrets go on signing for 0 to 168 hours."""
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        hours = LONGEST_OVERLAP // timedelta(hours=1)
        raise InvalidFieldError("overlap_hours", f"must be 0 to {hours}")


def _is_standard(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix(BEGINNING), validate=True)) in _BYTES
    except (binascii.Error, ValueError):
        return False
