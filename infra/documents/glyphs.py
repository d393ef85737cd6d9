"""The text of a page by its characters and where they stand, as pdfium sees them."""

import ctypes
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
import pypdfium2
import pypdfium2.raw as pdfium

# In parts of the height of the text: what is closer to a line's baseline is on that line, and what
# is farther from the character before is another word.
_SAME_LINE = 0.4
_BLANK = 0.13
_DOUBLED = 0.3

_QUARTER = math.pi / 2
_BLANKS = frozenset(" \t\r\n\u00a0\u00ad\ufffe\0")


class Word(msgspec.Struct, frozen=True):
    """A word, and its left and right edge in points."""

    text: str
    left: float
    right: float


class TextLine(msgspec.Struct, frozen=True):
    """The words on one baseline, from left to right; ``baseline`` is in points from below."""

    baseline: float
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words with single spaces."""
        return " ".join(word.text for word in self.words)


class Glyphs(msgspec.Struct, frozen=True):
    """The lines of a page from top to bottom, turned so that most of its text is upright.

    ``width`` and ``height`` are those of the turned page, whose lower left corner is 0, 0. The text
    is turned clockwise by so many quarters ``turn``, before the page itself is.
    """

    lines: tuple[TextLine, ...]
    turn: int
    width: float
    height: float


class _Glyph(msgspec.Struct):
    """A character: its baseline, its edges, and its height."""

    character: str
    turn: int
    left: float
    right: float
    baseline: float
    height: float


def read_glyphs(page: pypdfium2.PdfPage) -> Glyphs:
    """Read a page's text. Text that is turned another way than most of it is left out."""
    left, bottom, right, top = page.get_mediabox()
    glyphs = list(_glyphs_of(page))
    turn = Counter(glyph.turn for glyph in glyphs).most_common(1)[0][0] if glyphs else 0
    corners = [_turned(x, y, turn) for x in (left, right) for y in (bottom, top)]
    least_x, least_y = min(x for x, _ in corners), min(y for _, y in corners)
    upright = [glyph for glyph in glyphs if glyph.turn == turn]
    for glyph in upright:
        glyph.left -= least_x
        glyph.right -= least_x
        glyph.baseline -= least_y
    return Glyphs(
        lines=tuple(TextLine(line[0].baseline, tuple(_words(line))) for line in _lines(upright)),
        turn=turn,
        width=max(x for x, _ in corners) - least_x,
        height=max(y for _, y in corners) - least_y,
    )


def _glyphs_of(page: pypdfium2.PdfPage) -> Iterable[_Glyph]:
    text_page = page.get_textpage()
    raw = text_page.raw
    x, y, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    at_x, at_y, at_box = ctypes.byref(x), ctypes.byref(y), ctypes.byref(box)
    unicode_of, origin_of = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetCharOrigin
    box_of, angle_of = pdfium.FPDFText_GetLooseCharBox, pdfium.FPDFText_GetCharAngle
    turn, last_x, last_y = 0, math.nan, math.nan
    for index in range(text_page.count_chars()):
        character = chr(unicode_of(raw, index))
        if character in _BLANKS:
            continue
        origin_of(raw, index, at_x, at_y)
        box_of(raw, index, at_box)
        # To ask for each angle takes long: what goes on on its baseline is turned as it was.
        if (y.value != last_y) if turn % 2 == 0 else (x.value != last_x):
            turn = round(angle_of(raw, index) / _QUARTER) % 4
        last_x, last_y = x.value, y.value
        if turn == 0:
            yield _Glyph(character, 0, box.left, box.right, last_y, box.top - box.bottom)
            continue
        one = _turned(box.left, box.bottom, turn)
        other = _turned(box.right, box.top, turn)
        yield _Glyph(
            character,
            turn,
            left=min(one[0], other[0]),
            right=max(one[0], other[0]),
            baseline=_turned(last_x, last_y, turn)[1],
            height=abs(one[1] - other[1]),
        )


def _turned(x: float, y: float, turn: int) -> tuple[float, float]:
    """Turn a point back by quarters: text that was turned so far clockwise then is upright."""
    return ((x, y), (-y, x), (-x, -y), (y, -x))[turn]


def _lines(glyphs: Iterable[_Glyph]) -> list[list[_Glyph]]:
    lines: list[list[_Glyph]] = []
    for glyph in sorted(glyphs, key=lambda glyph: -glyph.baseline):
        first = lines[-1][0] if lines else None
        if first and first.baseline - glyph.baseline < _SAME_LINE * first.height:
            lines[-1].append(glyph)
        else:
            lines.append([glyph])
    return [sorted(line, key=lambda glyph: glyph.left) for line in lines]


def _words(line: Sequence[_Glyph]) -> Iterable[Word]:
    """Give the words of a line, without the characters that fake a bold font by standing twice."""
    glyphs = [line[0]]
    for before, glyph in pairwise(line):
        apart = glyph.left - before.left
        if glyph.character != before.character or apart > _DOUBLED * (before.right - before.left):
            glyphs.append(glyph)
    word = [glyphs[0]]
    for before, glyph in pairwise(glyphs):
        if glyph.left - before.right > _BLANK * before.height:
            yield _word(word)
            word = []
        word.append(glyph)
    yield _word(word)


def _word(glyphs: Sequence[_Glyph]) -> Word:
    return Word(
        "".join(glyph.character for glyph in glyphs),
        glyphs[0].left,
        max(glyph.right for glyph in glyphs),
    )
