"""The sections of the configuration, each setting with its form (seed football; contract 10).

``null`` for a setting stands for what it was before anybody set it, which for an address or a
directory means that nothing is fetched, watched or moved.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.errors import InvalidFieldError
from domain.games.market_types import MarketType

SECTION = "config_section"
DATA = "config_data"

# In place of a value that is never shown; sent back, it leaves the value as it is.
HIDDEN = "[HIDDEN]"

DAY = 86_400
MOST_ITEMS = 100

Directory = Annotated[str, Meta(min_length=1, max_length=1000)]
NamePattern = Annotated[str, Meta(min_length=1, max_length=255)]
Seconds = Annotated[float, Meta(ge=0, le=3600)]
HeaderValue = Annotated[str, Meta(max_length=2000)]
Priority = Annotated[int, Meta(ge=1, le=1000)]


class WebDownloader(msgspec.Struct, frozen=True, kw_only=True):
    """What is fetched, how often in seconds, and where it is put; nothing without a ``url``.

    ``headers`` go with each request. Their values are secrets.
    """

    url: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None
    check_interval: Annotated[int, Meta(ge=60, le=30 * DAY)] = 3600
    download_path: Directory = "source/"
    max_retries: Annotated[int, Meta(ge=0, le=10)] = 3
    timeout: Annotated[int, Meta(ge=1, le=3600)] = 30
    headers: Annotated[dict[str, HeaderValue], Meta(max_length=MOST_ITEMS)] = msgspec.field(
        default_factory=dict
    )
    verify_ssl: bool = True
    enable_conditional_requests: bool = True


class FileWatcher(msgspec.Struct, frozen=True, kw_only=True):
    """Which directory is watched for which files; none without a ``watch_path``.

    A file is taken in once nothing happened to it for ``debounce_time`` seconds. It then stays, or
    is moved to ``processed_path``. ``force_polling`` is for file systems that tell of no change.
    """

    watch_path: Directory | None = None
    file_patterns: Annotated[list[NamePattern], Meta(min_length=1, max_length=MOST_ITEMS)] = (
        msgspec.field(default_factory=lambda: ["*.pdf"])
    )
    ignore_patterns: Annotated[list[NamePattern], Meta(max_length=MOST_ITEMS)] = msgspec.field(
        default_factory=lambda: [".*", "*~", "*.tmp", "*.part"]
    )
    debounce_time: Seconds = 5
    recursive: bool = False
    processed_path: Directory | None = None
    priority: Annotated[int, Meta(ge=0, le=4)] = 3
    force_polling: bool = False


class Processing(msgspec.Struct, frozen=True, kw_only=True):
    """How documents are processed.

    ``max_concurrent`` at a time in all processes, each for ``timeout`` seconds at most, tried again
    ``retry_attempts`` times; progress is told no more often than every ``progress_interval``
    seconds.
    """

    max_concurrent: Annotated[int, Meta(ge=1, le=64)] = 2
    retry_attempts: Annotated[int, Meta(ge=0, le=10)] = 3
    timeout: Annotated[int, Meta(ge=1, le=DAY)] = 300
    progress_interval: Seconds = 1


class Markets(msgspec.Struct, frozen=True, kw_only=True):
    """How a game's additional markets are listed: by priority, 1 first, and no more than a cap.

    What is not listed is kept all the same. A type without a priority comes last.
    """

    max_additional: Annotated[int, Meta(ge=0, le=1000)] | None = None
    priorities: dict[MarketType, Priority] = msgspec.field(
        default_factory=lambda: {
            MarketType.RESULT: 1,
            MarketType.DOUBLE_CHANCE: 2,
            MarketType.HANDICAP: 3,
            MarketType.TOTAL_GOALS: 4,
            MarketType.BOTH_TEAMS_TO_SCORE: 5,
            MarketType.HALF_TIME_FULL_TIME: 6,
            MarketType.FIRST_GOAL: 7,
            MarketType.DRAW_NO_BET: 8,
            MarketType.PLAYER_TO_SCORE: 9,
            MarketType.TOTAL_CORNERS: 11,
            MarketType.TOTAL_CARDS: 12,
            MarketType.PENALTY_AWARDED: 13,
        }
    )


class Teams(msgspec.Struct, frozen=True, kw_only=True):
    """How names of teams that have no alias are matched with known ones.

    ``similarity_threshold``, from 0.8 to 1, is how alike two names must be.
    """

    match_similar: bool = True
    similarity_threshold: Annotated[float, Meta(ge=0.8, le=1)] = 0.95


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """How large a document may be, however it comes in."""

    max_file_size_mb: Annotated[int, Meta(ge=1, le=10_000)] = 100


class Sections(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration as it holds."""

    web_downloader: WebDownloader = msgspec.field(default_factory=WebDownloader)
    file_watcher: FileWatcher = msgspec.field(default_factory=FileWatcher)
    processing: Processing = msgspec.field(default_factory=Processing)
    markets: Markets = msgspec.field(default_factory=Markets)
    teams: Teams = msgspec.field(default_factory=Teams)
    security: Security = msgspec.field(default_factory=Security)


Values = Mapping[str, Mapping[str, Any]]

_FORMS: Mapping[str, Mapping[str, Any]] = {
    section.name: {setting.name: setting.type for setting in msgspec.structs.fields(section.type)}
    for section in msgspec.structs.fields(Sections)
}

DIRECTORIES = frozenset({"watch_path", "processed_path", "download_path"})
_PATTERNS = frozenset({"file_patterns", "ignore_patterns"})

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Those that a request has anyway; others would change where it ends or what of it comes back.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "if-modified-since",
        "if-none-match",
        "range",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


def check_section(section: str) -> None:
    """Check that there is such a section. Raises InvalidFieldError."""
    if section not in _FORMS:
        raise InvalidFieldError(SECTION, f"must be one of {', '.join(_FORMS)}")


def checked(section: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give new values of a section's settings, each checked by itself; None is none any more.

    Raises InvalidFieldError that names the setting.
    """
    check_section(section)
    if not values:
        raise InvalidFieldError(DATA, "must have at least one setting")
    forms = _FORMS[section]
    for name in values:
        if name not in forms:
            listed = ", ".join(forms)
            raise InvalidFieldError(_field(name), f"is no setting of {section}, which has {listed}")
    return {name: _checked(name, forms[name], value) for name, value in values.items()}


def sections_of(*layers: Values) -> Sections:
    """Put the configuration together; what a later layer has takes the place of the earlier.

    A value that another release took, and that is none any more, is passed over.
    """
    merged: dict[str, dict[str, Any]] = {}
    for section, forms in _FORMS.items():
        given = [values for layer in layers for values in layer.get(section, {}).items()]
        merged[section] = {
            name: value for name, value in given if name in forms and _fits(value, forms[name])
        }
    return msgspec.convert(merged, Sections)


def _fits(value: Any, form: Any) -> bool:
    try:
        msgspec.convert(value, form)
    except msgspec.ValidationError:
        return False
    return True


def _checked(name: str, form: Any, value: Any) -> Any:
    if value is None:
        return None
    try:
        taken = msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        message = str(error).partition(" - at ")[0]
        raise InvalidFieldError(_field(name), f"is malformed: {message}") from None
    if name in DIRECTORIES:
        _check_directory(name, taken)
    elif name in _PATTERNS:
        _check_patterns(name, taken)
    elif name == "headers":
        _check_headers(name, taken)
    return taken


def _check_directory(name: str, path: str) -> None:
    if not path.isprintable() or path != path.strip():
        raise InvalidFieldError(_field(name), "must have visible characters only")
    if ".." in PurePosixPath(path).parts or path.startswith("~"):
        raise InvalidFieldError(_field(name), "must not have .. or ~ in it")
    if not any(part.strip("/") for part in PurePosixPath(path).parts):
        raise InvalidFieldError(_field(name), "must name a directory")


def _check_patterns(name: str, patterns: list[str]) -> None:
    if any("/" in pattern or not pattern.isprintable() for pattern in patterns):
        raise InvalidFieldError(_field(name), "must have items like *.pdf, which name no directory")


def _check_headers(name: str, headers: dict[str, str]) -> None:
    for header, value in headers.items():
        if _HEADER_NAME.fullmatch(header) is None or header.lower() in _OWN_HEADERS:
            raise InvalidFieldError(_field(name), "has a name that no header may have here")
        if not value.isascii() or (value and not value.isprintable()):
            raise InvalidFieldError(_field(name), "must have values in printable ASCII")


def _field(name: str) -> str:
    return f"{DATA}.{name[:100]}"
