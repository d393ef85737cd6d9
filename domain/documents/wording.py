"""How sheets print days, bands and rows (notes on football, section 1)."""

import datetime
import re
import unicodedata

FOOTBALL = "labdarúgás"
DASH = "\N{EN DASH}"

WEEKDAYS = ("Hétfő", "Kedd", "Szerda", "Csütörtök", "Péntek", "Szombat", "Vasárnap")
SHORT_WEEKDAYS = {"H": 0, "K": 1, "Sze": 2, "Cs": 3, "P": 4, "Szo": 5, "V": 6}
MONTHS = ("jan", "feb", "már", "ápr", "máj", "jún", "júl", "aug", "szep", "okt", "nov", "dec")

# The areas for private use, which have no meaning outside their font.
_ICONS = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
# What a reader gives for a glyph of which the PDF does not say what letter it is. No text may have
# it: databases refuse it.
_NO_LETTERS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_LOST = "\N{REPLACEMENT CHARACTER}"
_LOST_ALONE = re.compile(rf"(?<!\w){_LOST}+(?!\w)")
_DATE = r"(?:(?P<year>\d{4})\. ?)?(?P<month>[A-Za-záéíóöőúüű]+)\.? (?P<day>\d{1,2})\."
_DAY_BAND = re.compile(rf"(?P<weekday>\w+) ?\({_DATE}\)")
_ISSUE_DATE = re.compile(_DATE)
_COMPETITION_BAND = re.compile(
    r"(?P<sport>[^\W_][^,()]*), (?P<competition>.+?)(?: ?: ?\d+\. oldal)?"
)
_HAS_ODDS = re.compile(r"\d,\d\d\b")
_LEGEND = re.compile(r"\b[HDV]: ")
_MOST_WORDS_OF_A_SPORT = 3

SPORTS = frozenset(
    {
        "3x3 kosárlabda", "amerikai foci", "amerikai futball", "asztalitenisz", "atlétika",
        "aussie rules", "ausztrál futball", "baseball", "biatlon", "darts", "e-sport", "esport",
        "floorball", "forma-1", "forma 1", "futsal", "golf", "gyeplabda", "jégkorong", "kézilabda",
        "kerékpár", "kosárlabda", "krikett", "labdarúgás", "lovi", "mma", "motor", "motorsport",
        "ökölvívás", "politika", "rögbi", "röplabda", "síugrás", "snooker", "strandfoci",
        "strandkézilabda", "strandröplabda", "tenisz", "tollaslabda", "úszás",
        "virtuális labdarúgás", "vitorlázás", "vízilabda",
    }
)  # fmt: skip
"""Sports that sheets have, for bands that cannot be told from events by where they stand."""

ROW_START = re.compile(
    r"(?P<weekday>\S{1,4}) (?P<time>\d{1,2}[:.]\d{2}) (?P<code>\S+)(?: (?P<rest>.+))?"
)
TRACES_OF_A_ROW = re.compile(r"\d,\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{5}\b| - ")
_FURNITURE = re.compile(r"(?:\d{1,3} )?(?:\d{4}\. \w+ \d{1,2}\.)?(?: \d{1,3})? ?(?:Ajánlat: \d+)?")
_TITLE = "fogadásiajánlat"
HEADER = re.compile(r"\bSorszám\b(?!:).*\bFogadási esemény\b(?!:)")
BOX_TITLE = "szuper odds"
BOX_HEADER = "kezdési időpont:"
FOOTNOTES = ("rövidítések:", "megjegyzések:")


def clean(text: str) -> str:
    """Give a text composed, with single spaces, without the glyphs of icon fonts.

    A letter of a word that the PDF does not tell is a replacement character, so that all can see
    that it is missing.
    """
    visible = _ICONS.sub(" ", unicodedata.normalize("NFC", text))
    told = _LOST_ALONE.sub(" ", _NO_LETTERS.sub(_LOST, visible))
    return " ".join(told.split())


def month_of(name: str) -> int | None:
    """Give the number of a month by its name or the beginning of it."""
    begins = [
        number for number, month in enumerate(MONTHS, start=1) if name.casefold().startswith(month)
    ]
    return begins[0] if begins else None


def read_day_band(text: str, near: datetime.date | None) -> datetime.date | None:
    """Give the day of a day band, None for any other text.

    A band that does not name the year means the day that is nearest to ``near``.
    """
    match = _DAY_BAND.fullmatch(text)
    if match is None or match["weekday"] not in WEEKDAYS:
        return None
    return _date_of(match, near)


def is_day_band(text: str) -> bool:
    """Tell whether a text is a day band, with or without its year."""
    match = _DAY_BAND.fullmatch(text)
    return match is not None and match["weekday"] in WEEKDAYS


def read_issue_date(text: str) -> datetime.date | None:
    """Give the first whole date in a text."""
    for match in _ISSUE_DATE.finditer(text):
        if match["year"] and (found := _date_of(match, None)):
            return found
    return None


def weekday_of_band(text: str) -> int:
    """Give the weekday that a day band names, from 0 for Monday."""
    return WEEKDAYS.index(text.partition("(")[0].strip())


def is_furniture(text: str) -> bool:
    """Tell whether a line is what each page has at its top: date, page number and title."""
    return _FURNITURE.fullmatch(text) is not None or text.replace(" ", "").casefold() == _TITLE


def read_competition_band(text: str) -> tuple[str, str] | None:
    """Give sport and competition of a competition band, None for any other text."""
    match = _COMPETITION_BAND.fullmatch(text)
    if (
        match is None
        or match["sport"][0].islower()
        or _HAS_ODDS.search(text)
        or ROW_START.fullmatch(text)
        or (match["sport"].casefold() not in SPORTS and _may_be_of_an_event(text, match["sport"]))
    ):
        return None
    return match["sport"], match["competition"]


def _may_be_of_an_event(text: str, sport: str) -> bool:
    return (
        _LEGEND.search(text) is not None
        or "?" in text
        or text.count("(") != text.count(")")
        or len(sport.split()) > _MOST_WORDS_OF_A_SPORT
    )


def _date_of(match: re.Match[str], near: datetime.date | None) -> datetime.date | None:
    month = month_of(match["month"])
    years = [int(match["year"])] if match["year"] else _years_around(near)
    if month is None:
        return None
    days = []
    for year in years:
        try:
            days.append(datetime.date(year, month, int(match["day"])))
        except ValueError:
            continue
    return min(days, key=lambda day: abs(day - (near or day)), default=None)


def _years_around(near: datetime.date | None) -> list[int]:
    return [] if near is None else [near.year - 1, near.year, near.year + 1]
