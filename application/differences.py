"""What became of an aggregate between two of its versions or two moments."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from application.audit import EventView, StateView, show_event, show_state
from application.errors import NotFoundError
from application.ports import EventStore
from domain.aggregate import Aggregate
from domain.errors import InvalidFieldError
from domain.events import DomainEvent, Recorded
from domain.personal import REDACTED

History = Sequence[Recorded[DomainEvent]]

# A version of a stream, or a moment: as it was then.
Point = int | datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the state that is not what it was; ``path`` is a JSON pointer (RFC 6901).

    ``old`` is null where the field was added, ``new`` where it was removed.
    """

    path: str
    kind: Literal["added", "changed", "removed"]
    old: Any = None
    new: Any = None


class StreamDiff(msgspec.Struct, frozen=True, kw_only=True):
    """An aggregate's state at one version against that at a later one, and the events between.

    Version 0 is before the first event. ``redacted`` are the fields that can no longer be read in
    either of the states: whether they changed cannot be told.
    """

    stream_id: str
    type: str
    from_version: int
    to_version: int
    changes: Sequence[Change]
    redacted: Sequence[str]
    events: Sequence[EventView]


async def difference(
    store: EventStore, stream_id: str, *, since: Point | None = None, until: Point | None = None
) -> StreamDiff:
    """Compare two states of a stream: by default the newest, and the one before the later one.

    Raises NotFoundError if there is no such stream or version, InvalidFieldError if ``since`` is
    after ``until``.
    """
    history = await store.history(stream_id)
    to_version = _version_at(history, until) if until is not None else history[-1].version
    from_version = _version_at(history, since) if since is not None else max(to_version - 1, 0)
    if from_version > to_version:
        where = ", which is before the first event" if to_version == 0 else ""
        raise InvalidFieldError(
            "from", f"is version {from_version}, after version {to_version}{where}"
        )
    states = _states(history, {from_version, to_version})
    old, new = states[from_version].state, states[to_version].state
    return StreamDiff(
        stream_id=stream_id,
        type=states[to_version].type,
        from_version=from_version,
        to_version=to_version,
        changes=list(_changes("", old, new)),
        redacted=list(_redacted("", old, new)),
        events=[show_event(r) for r in history if from_version < r.version <= to_version],
    )


def _version_at(history: History, point: Point) -> int:
    """Give the version of a stream at a moment; a version must be one that it had."""
    if isinstance(point, datetime):
        return max((r.version for r in history if r.recorded_at <= point), default=0)
    last = history[-1]
    if point > last.version:
        raise NotFoundError(
            f"Stream {last.stream_id} has no version {point}: its last is {last.version}"
        )
    return point


def _states(history: History, versions: set[int]) -> dict[int, StateView]:
    """Fold a stream once, and show its state at some versions."""
    states: dict[int, StateView] = {}
    aggregate: Aggregate | None = None
    for recorded in history:
        aggregate = recorded.event.mutate(aggregate)
        assert aggregate is not None
        if recorded.version in versions:
            states[recorded.version] = show_state(aggregate)
        if 0 in versions and 0 not in states:
            shown = show_state(aggregate)
            states[0] = msgspec.structs.replace(shown, version=0, state={}, redacted=False)
        if states.keys() == versions:
            break
    return states


def _changes(path: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            below = _below(path, name)
            if name not in old:
                yield Change(path=below, kind="added", new=new[name])
            elif name not in new:
                yield Change(path=below, kind="removed", old=old[name])
            else:
                yield from _changes(below, old[name], new[name])
    elif _are_objects(old) and _are_objects(new):
        yield from _changes(path, dict(enumerate(old)), dict(enumerate(new)))
    elif old != new or type(old) is not type(new):
        yield Change(path=path, kind="changed", old=old, new=new)


def _redacted(path: str, old: Any, new: Any) -> Iterator[str]:
    """Give the paths of what reads the same before and after, because nobody can read it."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old:
            if name in new:
                yield from _redacted(_below(path, name), old[name], new[name])
    elif isinstance(old, list) and isinstance(new, list):
        yield from _redacted(path, dict(enumerate(old)), dict(enumerate(new)))
    elif old == new == REDACTED:
        yield path


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _below(path: str, name: object) -> str:
    return f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
