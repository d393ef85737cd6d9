"""The paths that documents are known by: ``source/<name>``, relative to the document store."""

import hashlib
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.documents.events import DocumentPathState, DocumentPathTaken
from domain.errors import InvalidFieldError

DIRECTORY = "source"
NAME_LENGTH = 255
SUFFIX = ".pdf"
UNNAMED = "document.pdf"

# Digits of the digest that tell a document from another that came in under the same name.
DISTINCTION_LENGTH = 12


class DocumentPath(Aggregate):
    """A path, which leads to one document for ever; its stream is named by a digest of it."""

    TOPIC = "DocumentPath"
    CATEGORY = "document_path"
    STATE = DocumentPathState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: DocumentPathState

    @classmethod
    def take(cls, file_path: str, document_id: str) -> "DocumentPath":
        """Let a path that is free lead to a document."""
        return cls._create(
            DocumentPathTaken, id=cls.stream_id(digest_of(file_path)), document_id=document_id
        )


def digest_of(file_path: str) -> str:
    """Give the digest of a path, in hex."""
    return hashlib.sha256(file_path.encode()).hexdigest()[:32]


def path_of(name: str) -> str:
    """Give the path for a name that somebody sent, of which only the last part counts.

    Raises InvalidFieldError for what can be no name of a PDF file.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2].strip()
    last = last or UNNAMED
    if not last.isprintable():
        raise InvalidFieldError("file", "has a name with characters that cannot be shown")
    if len(last.encode()) > NAME_LENGTH:
        raise InvalidFieldError("file", f"has a name longer than {NAME_LENGTH} bytes")
    if not last.lower().endswith(SUFFIX):
        message = "File type not supported. Only PDF files are allowed."
        raise InvalidFieldError("file", message)
    return f"{DIRECTORY}/{last}"


def distinct_path(file_path: str, sha256: str) -> str:
    """Give a path like this one that no other document has."""
    stem = PurePosixPath(file_path).name[: -len(SUFFIX)]
    distinction = f"-{sha256[:DISTINCTION_LENGTH]}{SUFFIX}"
    room = NAME_LENGTH - len(distinction)
    cut = stem.encode()[:room].decode(errors="ignore")
    return f"{DIRECTORY}/{cut}{distinction}"


def check_path(file_path: str) -> str:
    """Give a path in the one way it is written.

    Raises InvalidFieldError for one that leads out of the document store.
    """
    message = f"must be {DIRECTORY}/ and the name of a document"
    if "\\" in file_path or not file_path.isprintable():
        raise InvalidFieldError("file_path", message)
    parts = unicodedata.normalize("NFC", file_path).split("/")
    match parts:
        case [directory, name] if directory == DIRECTORY and name not in ("", ".", ".."):
            return f"{directory}/{name}"
    raise InvalidFieldError("file_path", message)
