"""What is said between the server and a process that reads documents: frames of MessagePack."""

import struct
from typing import BinaryIO

import msgspec

from application.documents.ports import RefusalCode
from domain.documents.sheet import SheetFacts, SheetPage

LENGTH = struct.Struct(">I")


class Inspect(msgspec.Struct, frozen=True, tag=True):
    """Look at a document as a whole."""

    path: str
    most_pages: int


class Read(msgspec.Struct, frozen=True, tag=True):
    """Read some pages of a document."""

    path: str
    pages: tuple[int, ...]


class AreYouThere(msgspec.Struct, frozen=True, tag=True):
    """Say that you are ready."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The process has started and waits for what to do."""


class Inspected(msgspec.Struct, frozen=True, tag=True):
    """What the document is."""

    facts: SheetFacts


class ReadPages(msgspec.Struct, frozen=True, tag=True):
    """The pages, in the order that was asked for."""

    pages: tuple[SheetPage, ...]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why the document cannot be read."""

    code: RefusalCode
    message: str


Request = AreYouThere | Inspect | Read
Answer = Ready | Inspected | ReadPages | Refused

REQUESTS = msgspec.msgpack.Decoder(Request)
ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def frame(message: Request | Answer) -> bytes:
    """Give a message with its length before it."""
    content = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(content)) + content


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read the content of the next frame; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    content = stream.read(LENGTH.unpack(head)[0])
    return content or None
