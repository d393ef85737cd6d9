"""Forms with a file (multipart/form-data), whose file is passed on as it comes in."""

import hashlib
from collections.abc import AsyncIterator

import msgspec
from litestar.exceptions import HTTPException, InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from application.documents.storage import IncomingDocument
from domain.errors import InvalidFieldError
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.bodies import WHOLE

FORM = "multipart/form-data"
FILE = "file"

MOST_FIELDS = 20
MOST_FIELD_BYTES = 1024

# What is refused is read to its end, within bounds: a client that still sends sees no answer.
MOST_DRAINED_BYTES = 16 * 1024 * 1024


class ReceivedForm(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a form, the name that its file was sent under, and a digest of all of it."""

    fields: dict[str, str]
    file_name: str
    digest: bytes


async def receive_form(request: AuthenticatedRequest, incoming: IncomingDocument) -> ReceivedForm:
    """Read a form, and pass its one file on.

    The rest of a file that is no PDF is passed over, so that whoever sent it is told what else is
    wrong; the incoming document knows of it at its end. Raises InvalidFieldError for what is no
    such form, DocumentTooLargeError.
    """
    boundary = _boundary(request.headers.get("content-type", ""))
    chunks = request.stream()
    reading = _Reading(incoming)
    try:
        with PushMultipartParser(boundary, max_segment_count=MOST_FIELDS) as parser:
            async for chunk in chunks:
                if chunk:
                    for event in parser.parse(chunk):
                        await reading.take(event)
    except MultipartError:
        await _drain(chunks)
        raise InvalidFieldError(WHOLE, f"is no {FORM} that can be read") from None
    except InternalServerException:  # what Litestar makes of a client that breaks off
        raise InvalidFieldError(WHOLE, "ended before it was complete") from None
    except Exception:
        await _drain(chunks)
        raise
    return reading.form()


class _Reading:
    """Takes in the parts of a form, one after the other."""

    def __init__(self, incoming: IncomingDocument) -> None:
        self._incoming = incoming
        self._fields: dict[str, str] = {}
        self._file_name: str | None = None
        self._digest = hashlib.sha256()
        self._segment: MultipartSegment | None = None
        self._value = bytearray()
        self._refused: InvalidFieldError | None = None
        self._passed_over = 0

    async def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """Take the beginning of a part, a piece of it, or its end."""
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is not None:
            await self._add(bytes(event))
        else:
            self._end()

    def form(self) -> ReceivedForm:
        """Give what was read. Raises InvalidFieldError if there was no file."""
        if self._file_name is None:
            raise InvalidFieldError(FILE, "is required")
        return ReceivedForm(
            fields=self._fields, file_name=self._file_name, digest=self._digest.digest()
        )

    def _begin(self, segment: MultipartSegment) -> None:
        name = segment.name or ""
        if name in self._fields or (name == FILE and self._file_name is not None):
            raise InvalidFieldError(name[:80], "must be given only once")
        if name == FILE:
            if segment.filename is None:
                raise InvalidFieldError(FILE, "must be a file")
            self._file_name = segment.filename
        self._segment = segment
        self._value.clear()
        self._note(name.encode(), (segment.filename or "").encode())

    async def _add(self, piece: bytes) -> None:
        assert self._segment is not None
        if self._segment.name == FILE:
            await self._pass_on(piece)
            return
        self._value += piece
        if len(self._value) > MOST_FIELD_BYTES:
            name = (self._segment.name or WHOLE)[:80]
            raise InvalidFieldError(name, f"must not be longer than {MOST_FIELD_BYTES} bytes")

    async def _pass_on(self, piece: bytes) -> None:
        if self._refused is None:
            self._digest.update(piece)
            try:
                await self._incoming.write(piece)
            except InvalidFieldError as refused:
                self._refused = refused
            return
        self._passed_over += len(piece)
        if self._passed_over > MOST_DRAINED_BYTES:
            raise self._refused

    def _end(self) -> None:
        assert self._segment is not None
        name = self._segment.name or ""
        if name != FILE:
            try:
                self._fields[name] = self._value.decode()
            except UnicodeDecodeError:
                raise InvalidFieldError(name[:80], "is not valid UTF-8") from None
            self._note(bytes(self._value))

    def _note(self, *parts: bytes) -> None:
        """Let the digest tell these parts from any others."""
        for part in parts:
            self._digest.update(len(part).to_bytes(8, "big") + part)


def _boundary(content_type: str) -> str:
    media_type, options = parse_options_header(content_type)
    if media_type != FORM:
        raise HTTPException(f"Content-Type must be {FORM}", status_code=415)
    boundary: str = options.get("boundary", "")
    if not boundary:
        raise InvalidFieldError(WHOLE, f"is no {FORM} that can be read")
    return boundary


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    drained = 0
    try:
        async for chunk in chunks:
            drained += len(chunk)
            if drained > MOST_DRAINED_BYTES:
                return
    except InternalServerException:
        """The client has gone."""
