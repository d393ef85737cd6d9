"""Where mail is handed over, as SMTP_URL says: ``smtp://user:password@host:port?starttls=never``.

Names and passwords are percent-encoded. ``smtps`` is TLS from the beginning (port 465); ``smtp``
(port 587) turns to TLS by STARTTLS: always where a password is sent, else where it is offered.
``starttls=required`` insists, ``starttls=never`` is for a server within the same machine.
"""

from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

EXPECTED = "smtp://user:password@host:port or smtps://…, both percent-encoded"
OPTIONS_EXPECTED = "nothing after ? but starttls=required or starttls=never, after smtp://"

DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
POSSIBLE_PORTS = range(1, 65_536)

Security = Literal["tls", "required", "offered", "never"]


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server with how it is spoken to."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = None


def parse_smtp_url(url: str) -> MailServer:
    """Read SMTP_URL. Raises ValueError, without the password, which says what it must be."""
    try:
        parts = urlsplit(url)
        port = parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        raise ValueError(EXPECTED) from None
    scheme, host = parts.scheme, parts.hostname
    if (
        scheme not in DEFAULT_PORTS
        or not host
        or not host.isprintable()
        or " " in host
        or parts.path not in ("", "/")
        or (port is not None and port not in POSSIBLE_PORTS)
    ):
        raise ValueError(EXPECTED)
    starttls = options.pop("starttls", None)
    if options or parts.fragment or (scheme == "smtps" and starttls is not None):
        raise ValueError(OPTIONS_EXPECTED)
    username = _decoded(parts.username)
    return MailServer(
        host=host,
        port=port or DEFAULT_PORTS[scheme],
        security=_security(scheme, starttls, has_credentials=username is not None),
        username=username,
        password=_decoded(parts.password),
    )


def _decoded(text: str | None) -> str | None:
    return unquote(text, errors="strict") if text else None


def _security(scheme: str, starttls: str | None, *, has_credentials: bool) -> Security:
    match starttls:
        case "required" | "never":
            return starttls
        case None if scheme == "smtps":
            return "tls"
        case None:
            return "required" if has_credentials else "offered"
    raise ValueError(OPTIONS_EXPECTED)


def default_sender(server: MailServer) -> str:
    """Give the address that mail comes from where none is set: by the user name or the host."""
    if server.username is not None and "@" in server.username:
        return server.username
    is_name = any(letter.isalpha() for letter in server.host) and ":" not in server.host
    return f"annals@{server.host if is_name else 'localhost'}"
