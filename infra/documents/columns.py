"""Where the columns of a page are: found anew on each page, by its header and its rows."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from domain.documents.wording import SHORT_WEEKDAYS
from infra.documents.glyphs import Glyphs, TextLine, Word

_TIME = re.compile(r"\d{1,2}[:.]\d{2}")
_CODE = re.compile(r"\d{4,6}")
_ODD = re.compile(r"\d{1,4},\d{2}")
_MINIMUM = re.compile(r"\d{1,2}")
_OUTCOME = re.compile(r"\d{2}")

_CODE_HEADER = "Sorszám"
_EVENT_HEADER = "Fogadási"
_OUTCOME_HEADER = "Kim."
_ODDS_HEADERS = ("H", "D", "V")
_START_HEADERS = ("Kezdési", "idő")

COLUMNS = ("start", "code", "event", "outcome", "home", "draw", "away")
COLUMNS_WITH_MINIMUM = ("start", "code", "minimum", *COLUMNS[2:])

_MARGIN = 1.5
_SIDE_BY_SIDE = 100.0


class TableColumns(msgspec.Struct, frozen=True, kw_only=True):
    """One table: its edges, its columns, and the cuts between them, from left to right.

    ``columns`` are fields of Cells. ``header`` is the baseline of its header, None where the page
    has none.
    """

    left: float
    right: float
    columns: tuple[str, ...]
    cuts: tuple[float, ...]
    header: float | None


class _Header(msgspec.Struct, frozen=True):
    """The words of a table's header by what they head."""

    baseline: float
    left: float
    code: Word
    event: Word
    outcome: Word | None
    odds: tuple[Word, ...]


class _Row(msgspec.Struct, frozen=True):
    """The words of an event row."""

    time: Word
    code: Word
    minimum: Word | None
    event: tuple[Word, ...]
    outcome: Word | None
    odds: tuple[Word, ...]


def find_tables(glyphs: Glyphs) -> list[TableColumns]:
    """Find the tables of a page from left to right; none if no row and no header is on it."""
    headers = _headers(glyphs.lines)
    starts = _starts_under(headers, glyphs.lines) or _starts_of_rows(glyphs.lines)
    edges = [0.0, *(start - _MARGIN for start in starts[1:]), glyphs.width]
    tables = []
    for number, (left, right) in enumerate(pairwise(edges)):
        header = headers[number] if headers else None
        rows = list(_rows(glyphs.lines, left, right, header))
        cuts = _cuts(header, rows)
        if cuts is None or list(cuts) != sorted(cuts):
            return []
        tables.append(
            TableColumns(
                left=left,
                right=right,
                columns=COLUMNS if len(cuts) < len(COLUMNS) else COLUMNS_WITH_MINIMUM,
                cuts=cuts,
                header=header.baseline if header else None,
            )
        )
    return tables if starts else []


def words_within(line: TextLine, left: float, right: float) -> list[Word]:
    """Give the words of a line whose middle is between two edges."""
    return [word for word in line.words if left <= (word.left + word.right) / 2 < right]


def _headers(lines: Iterable[TextLine]) -> list[_Header]:
    for line in lines:
        starts = [at for at, word in enumerate(line.words) if word.text == _CODE_HEADER]
        found = [
            header
            for start, end in pairwise([*starts, len(line.words)])
            if (header := _header(line, start, end)) is not None
        ]
        if found:
            return found
    return []


def _header(line: TextLine, start: int, end: int) -> _Header | None:
    by_text = {word.text: word for word in line.words[start:end]}
    if _EVENT_HEADER not in by_text or not all(text in by_text for text in _ODDS_HEADERS):
        return None
    first = start
    while first and line.words[first - 1].text in _START_HEADERS:
        first -= 1
    return _Header(
        line.baseline,
        left=line.words[first].left,
        code=line.words[start],
        event=by_text[_EVENT_HEADER],
        outcome=by_text.get(_OUTCOME_HEADER),
        odds=tuple(by_text[text] for text in _ODDS_HEADERS),
    )


def _starts_under(headers: Sequence[_Header], lines: Sequence[TextLine]) -> list[float]:
    """Give the left edge of each table with a header: its own, or that of rows left of it."""
    rows = [line.words[at].left for line in lines for at in _row_starts(line.words)]
    before = [0.0, *(header.odds[-1].right for header in headers)]
    return [
        min([header.left, *(left for left in rows if end < left < header.left)])
        for end, header in zip(before, headers, strict=False)
    ]


def _starts_of_rows(lines: Iterable[TextLine]) -> list[float]:
    """Give the left edge of each table that rows begin at, side by side."""
    lefts = sorted(line.words[at].left for line in lines for at in _row_starts(line.words))
    return [
        left for at, left in enumerate(lefts) if at == 0 or left - lefts[at - 1] > _SIDE_BY_SIDE
    ]


def _row_starts(words: Sequence[Word]) -> Iterable[int]:
    for at in range(len(words) - 2):
        if (
            words[at].text in SHORT_WEEKDAYS
            and _TIME.fullmatch(words[at + 1].text)
            and _CODE.fullmatch(words[at + 2].text)
        ):
            yield at


def _rows(
    lines: Iterable[TextLine], left: float, right: float, header: _Header | None
) -> Iterable[_Row]:
    for line in lines:
        if header is not None and line.baseline >= header.baseline:
            continue
        words = words_within(line, left, right)
        if list(_row_starts(words))[:1] != [0]:
            continue
        time, code, *rest = words[1:]
        odds: list[Word] = []
        while rest and len(odds) < len(_ODDS_HEADERS) and _ODD.fullmatch(rest[-1].text):
            odds.insert(0, rest.pop())
        is_numbered = (
            len(odds) == 1
            and len(rest) > 1
            and _OUTCOME.fullmatch(rest[-1].text)
            and (rest[-2].text.endswith(")") or _is_apart(rest[-2], rest[-1]))
        )
        outcome = rest.pop() if is_numbered else None
        minimum = rest.pop(0) if _begins_with_minimum(rest) else None
        yield _Row(time, code, minimum, tuple(rest), outcome, tuple(odds))


def _begins_with_minimum(words: Sequence[Word]) -> bool:
    """Tell whether a number stands before an event, farther from it than words from each other."""
    if len(words) < 2 or not _MINIMUM.fullmatch(words[0].text):  # noqa: PLR2004
        return False
    first, second = words[:2]
    return second.left - first.right > (first.right - first.left) / len(first.text)


def _is_apart(word: Word, number: Word) -> bool:
    """Tell whether a number stands farther from an event, which goes on below, than words do."""
    return number.left - word.right > 2 * (number.right - number.left)


def _cuts(header: _Header | None, rows: Sequence[_Row]) -> tuple[float, ...] | None:
    """Cut between the words of the rows; where they overlap, or there are none, by the header."""
    full = [row.odds for row in rows if len(row.odds) == len(_ODDS_HEADERS)]
    if header is None and not full:
        return None
    odds = [
        [*(row[at] for row in full), *([header.odds[at]] if header and not full else [])]
        for at in range(len(_ODDS_HEADERS))
    ]
    outcomes = [row.outcome for row in rows if row.outcome]
    if header and header.outcome:
        outcomes.append(header.outcome)
    first_odd = min(word.left for word in odds[0])
    nowhere = first_odd - 2 * _MARGIN
    cuts = (
        _between([row.time for row in rows], [row.code for row in rows])
        or (header.code.left - _MARGIN if header else None),
        *_cuts_before_event(header, rows),
        min((word.left for word in outcomes), default=nowhere) - _MARGIN,
        (max((word.right for word in outcomes), default=nowhere) + first_odd) / 2,
        _between(odds[0], odds[1]),
        _between(odds[1], odds[2]),
    )
    found = tuple(cut for cut in cuts if cut is not None)
    return found if len(found) == len(cuts) else None


def _cuts_before_event(header: _Header | None, rows: Sequence[_Row]) -> list[float | None]:
    """Cut between code and event; twice, if some rows have their minimum between the two."""
    codes = [row.code for row in rows]
    events = [row.event[0] for row in rows if row.event]
    if minima := [row.minimum for row in rows if row.minimum]:
        return [_between(codes, minima), _between(minima, events)]
    return [_between(codes, events) or (header.event.left - _MARGIN if header else None)]


def _between(left: Sequence[Word], right: Sequence[Word]) -> float | None:
    """Give the middle of the gap between two columns, None if there is no gap."""
    if not left or not right:
        return None
    end, start = max(word.right for word in left), min(word.left for word in right)
    return (end + start) / 2 if end < start else None
