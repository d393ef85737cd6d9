"""What of a run can be searched, and what of its meta can be filtered by. Pure."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from projections.runs.tables import ContentRow, RunRow

GRAM_LENGTH = 3

# More of one run is not found by its words; a search index has limits, and so has patience.
MAX_WORDS = 2000
MAX_WORD_LENGTH = 64
MAX_COUNTED = 200
MAX_COUNTED_LENGTH = 255

_WORD = re.compile(r"[^\W_]+")


class MetaLeaf(msgspec.Struct, frozen=True, order=True):
    """A value in meta that is no object: its field, nested by dots, its type and its text.

    The items of a list are all of the list's own field, and of type ``array``.
    """

    field: str
    type: str
    text: str


def content_of(run: RunRow) -> ContentRow:
    """Give what is searched of a run."""
    name = fold(run.entity_name or "")
    texts = [run.entity_id, run.entity_name or "", *(leaf.text for leaf in meta_leaves(run.meta))]
    words = {word for text in texts for word in words_of(text)}
    return ContentRow(
        id=run.id,
        process_id=run.process_id,
        created_at=run.created_at,
        name=name,
        grams=grams_of(name),
        words=" ".join(sorted(words)[:MAX_WORDS]),
        meta=run.meta,
    )


def fold(text: str) -> str:
    """Bring a text to the form in which case does not matter."""
    return text.casefold()


def grams_of(folded: str) -> list[str]:
    """Give every three characters that stand together in a text; none for a shorter one."""
    last = len(folded) - GRAM_LENGTH
    return sorted({folded[at : at + GRAM_LENGTH] for at in range(last + 1)})


def words_of(text: str) -> list[str]:
    """Give the words of a text, as the search compares them."""
    return [word[:MAX_WORD_LENGTH] for word in _WORD.findall(fold(text))]


def matches(run: RunRow, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the fields, with their texts, in which one of the words begins a word."""
    texts = [("entity_id", run.entity_id), ("entity_name", run.entity_name or "")]
    texts += [(f"meta.{leaf.field}", leaf.text) for leaf in sorted(meta_leaves(run.meta))]
    for field, text in texts:
        if any(found.startswith(tuple(words)) for found in words_of(text)):
            yield field, text


def meta_leaves(meta: dict[str, Any], within: str = "") -> Iterator[MetaLeaf]:
    """Give every value of meta."""
    for name, value in meta.items():
        yield from _leaves(f"{within}{name}", value)


def countable(meta: dict[str, Any]) -> list[MetaLeaf]:
    """Give the values of meta that are counted, in an order that only they decide.

    A field with a dot in its name cannot be told from a nested one, and not be filtered by.
    """
    addressable = {name: value for name, value in meta.items() if "." not in name}
    leaves = sorted(
        leaf for leaf in meta_leaves(addressable) if len(leaf.field) <= MAX_COUNTED_LENGTH
    )
    return leaves[:MAX_COUNTED]


def _leaves(field: str, value: Any) -> Iterator[MetaLeaf]:
    match value:
        case dict():
            yield from meta_leaves(value, f"{field}.")
        case list():
            for item in value:
                for leaf in _leaves(field, item):
                    yield MetaLeaf(leaf.field, "array", leaf.text)
        case bool():
            yield MetaLeaf(field, "boolean", "true" if value else "false")
        case int() | float():
            yield MetaLeaf(field, "number", _number(value))
        case str():
            yield MetaLeaf(field, "string", value)


def _number(value: float) -> str:
    """Write a number as PostgreSQL does, which keeps it as a decimal."""
    return format(abs(Decimal(repr(value))) if value == 0 else Decimal(repr(value)), "f")
