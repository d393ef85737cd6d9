"""What every request body obeys (contract section 3): strict JSON, no NUL, no nesting too deep."""

import re
from datetime import datetime
from functools import cache
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, InternalServerException
from msgspec import Meta

from application.identity.principal import Principal
from domain.errors import InvalidFieldError
from interfaces.rest.moments import in_utc

MAX_DEPTH = 32
MAX_BIGINT = 2**63 - 1
WHOLE = "body"

Name = Annotated[str, Meta(min_length=1, max_length=255)]
EntityId = Annotated[str, Meta(min_length=1, max_length=100)]
Id = Annotated[int, Meta(ge=1, le=MAX_BIGINT)]

_JSON_MEDIA_TYPE = re.compile(r"application/([\w.+-]+\+)?json")
_PLACE = re.compile(r"(?P<message>.*) - at `\$\.?(?P<field>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A request body; what it holds in free form is looked through as well."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            _look_through(getattr(self, field), field, 1)


class JsonRequest(Request[Principal, Any, State]):
    """A request whose body is decoded strictly into the type that its route takes.

    Litestar's own way would take ``"8"`` for the number 8 and 0 for false.
    """

    async def body(self) -> bytes:
        """Read the body. Raises InvalidFieldError if the client breaks off."""
        try:
            return await super().body()
        except InternalServerException:
            raise InvalidFieldError(WHOLE, "ended before it was complete") from None

    async def json(self) -> Any:
        """Decode the body. Raises InvalidFieldError, which names the field."""
        _check_media_type(self.headers.get("content-type", ""))
        taken = self.route_handler.parsed_data_field
        assert taken is not None
        try:
            return _decoder(taken.annotation).decode(await self.body())
        except msgspec.ValidationError as error:
            raise invalid_field(str(error)) from None
        except RecursionError:
            raise InvalidFieldError(WHOLE, f"is nested deeper than {MAX_DEPTH} levels") from None
        except UnicodeDecodeError:
            raise InvalidFieldError(WHOLE, "is not valid UTF-8") from None
        except msgspec.DecodeError as error:
            raise InvalidFieldError(WHOLE, f"is not valid JSON: {error}") from None


@cache
def _decoder(annotation: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(annotation)


def _check_media_type(given: str) -> None:
    """Refuse what is said to be no JSON; a body of which nothing is said may be."""
    media_type = given.partition(";")[0].strip().lower()
    if media_type and not _JSON_MEDIA_TYPE.fullmatch(media_type):
        raise HTTPException("Content-Type must be application/json", status_code=415)


def invalid_field(text: str) -> InvalidFieldError:
    """Read msgspec's message: what is wrong, then the place of it in the body."""
    field, message = "", text
    if place := _PLACE.fullmatch(text):
        field, message = place["field"], place["message"]
    if missing := _MISSING.fullmatch(message):
        field, message = f"{field}.{missing['name']}".lstrip("."), "is required"
    return InvalidFieldError(field or WHOLE, message)


def _look_through(value: Any, field: str, depth: int) -> None:
    """Raise InvalidFieldError for what no store could take, however deep it is hidden."""
    match value:
        case str():
            if "\x00" in value:
                raise InvalidFieldError(_shown(field), "must not contain NUL characters")
        case datetime():
            in_utc(field, value)
        case dict():
            _check_depth(field, depth)
            for name, item in value.items():
                _look_through(name, field, depth)
                _look_through(item, f"{field}.{name}", depth + 1)
        case list():
            _check_depth(field, depth)
            for item in value:
                _look_through(item, field, depth + 1)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                _look_through(getattr(value, name), f"{field}.{name}", depth + 1)


def _check_depth(field: str, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise InvalidFieldError(_shown(field), f"is nested deeper than {MAX_DEPTH} levels")


def _shown(field: str) -> str:
    """Name a field no longer than a reader needs to find it."""
    return ".".join(field.split(".")[:3])[:255]
