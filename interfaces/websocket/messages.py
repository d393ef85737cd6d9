"""What is said over the WebSocket: commands of clients, and answers (contract section 11)."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.errors import InvalidFieldError
from interfaces.rest.bodies import MAX_BIGINT, invalid_field

TYPE = "type"


class Command(msgspec.Struct, frozen=True, tag_field=TYPE):
    """What a client wants."""


class Authenticate(Command, frozen=True, tag="auth"):
    """To be let in by a token or an API key."""

    token: Annotated[str, Meta(min_length=1, max_length=8192)]


class Resume(Command, frozen=True, tag="resume"):
    """To get what comes after a position of the log, and then what is recorded."""

    after: Annotated[int, Meta(ge=0, le=MAX_BIGINT)]


class Subscribe(Command, frozen=True, tag="subscribe"):
    """To get these messages, and no others: names, beginnings like ``run.*``, or ``*``."""

    patterns: Annotated[
        list[Annotated[str, Meta(max_length=100)]], Meta(min_length=1, max_length=100)
    ]


class Ping(Command, frozen=True, tag="ping"):
    """To know that the server is there."""


AnyCommand = Authenticate | Resume | Subscribe | Ping


class Typed(msgspec.Struct, frozen=True):
    """An object that says what it is."""

    type: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A message about the connection itself, in the shape of all messages."""

    type: str
    data: dict[str, Any]
    timestamp: datetime


COMMANDS = frozenset({"auth", "resume", "subscribe", "ping"})

_commands = msgspec.json.Decoder(AnyCommand)
_typed = msgspec.json.Decoder(Typed)
_encode = msgspec.json.Encoder().encode


def command_of(text: str) -> AnyCommand | None:
    """Read a command; None if the text is none. Raises InvalidFieldError if it is malformed."""
    try:
        command: AnyCommand = _commands.decode(text)
    except msgspec.ValidationError as error:
        if _type_of(text) in COMMANDS:
            raise invalid_field(str(error)) from None
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return command


def _type_of(text: str) -> str | None:
    try:
        return _typed.decode(text).type
    except (msgspec.MsgspecError, RecursionError):
        return None


def answer(kind: str, **data: Any) -> str:
    """Make a message about the connection, as it is sent."""
    return _encode(Answer(type=kind, data=data, timestamp=datetime.now(UTC))).decode()


def complaint(error: InvalidFieldError) -> str:
    """Say what is wrong with a command."""
    return answer("error", error=str(error), field=error.field)
