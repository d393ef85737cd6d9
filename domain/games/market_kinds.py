"""The kinds of markets by the labels that sheets give them (notes on football, section 3)."""

import re
from collections.abc import Mapping

import msgspec

from domain.games.market_types import MarketType, Period, Scope

SIGNS = ("1", "X", "2")
SIDES = ("1", "2")
DOUBLE = ("1X", "12", "X2")
YES_NO = ("yes", "no")
UNDER_OVER = ("under", "over")


class MarketKind(msgspec.Struct, frozen=True):
    """A kind of market: the whole label, what may come out, and in which columns without legend."""

    pattern: re.Pattern[str]
    market_type: MarketType
    outcomes: tuple[str, ...]
    bare: Mapping[str, str] | None = None
    period: Period | None = None
    scope: Scope | None = None


_LINE = r"(?P<line>\d{1,2},\d)"
_THREE = {"H": "1", "D": "X", "V": "2"}
_TWO = {"H": "1", "V": "2"}


def _kind(
    pattern: str,
    market_type: MarketType,
    outcomes: tuple[str, ...],
    bare: Mapping[str, str] | None = None,
    *,
    period: Period | None = None,
    scope: Scope | None = None,
) -> MarketKind:
    return MarketKind(re.compile(pattern), market_type, outcomes, bare, period, scope)


KINDS = (
    _kind("1X2", MarketType.RESULT, SIGNS, _THREE),
    _kind("Kétesély", MarketType.DOUBLE_CHANCE, DOUBLE),
    _kind("Döntetlennél a tét visszajár", MarketType.DRAW_NO_BET, SIDES, _TWO),
    _kind(r"Mindkét csapat szerez gólt\??", MarketType.BOTH_TEAMS_TO_SCORE, YES_NO),
    _kind(rf"Gólszám {_LINE}", MarketType.TOTAL_GOALS, UNDER_OVER),
    _kind(r"Hendikep (?P<line>\d{1,2}:\d{1,2})", MarketType.HANDICAP, SIGNS, _THREE),
    _kind(r"Ki jut tovább\?", MarketType.TO_QUALIFY, SIDES, _TWO),
    _kind(r"Ki nyeri a .+\?", MarketType.CUP_WINNER, SIDES, _TWO),
    _kind(r"Gólszám: páros vagy páratlan\??", MarketType.ODD_EVEN_GOALS, ("odd", "even")),
    _kind(rf"Mindkét félidőben több, mint {_LINE} gól lesz\?", MarketType.BOTH_HALVES_OVER, YES_NO),
    _kind(
        rf"Mindkét félidőben kevesebb, mint {_LINE} gól lesz\?",
        MarketType.BOTH_HALVES_UNDER,
        YES_NO,
    ),
    _kind(r"Melyik félidőben lesz több gól\?", MarketType.HIGHEST_SCORING_HALF, ("1H", "X", "2H")),
    _kind(
        r"Hazai csapat melyik félidőben szerez több gólt\?",
        MarketType.HIGHEST_SCORING_HALF,
        ("1H", "X", "2H"),
        scope=Scope.HOME,
    ),
    _kind(
        r"Vendégcsapat melyik félidőben szerez több gólt\?",
        MarketType.HIGHEST_SCORING_HALF,
        ("1H", "X", "2H"),
        scope=Scope.AWAY,
    ),
    _kind(
        r"Melyik csapat szerzi a\(z\) (?:1\.|első) gólt\?",
        MarketType.FIRST_GOAL,
        ("1", "none", "2"),
    ),
    _kind(
        r"Hazai csapat nyeri mindkét félidőt\?",
        MarketType.WIN_BOTH_HALVES,
        YES_NO,
        scope=Scope.HOME,
    ),
    _kind(
        r"Vendégcsapat nyeri mindkét félidőt\?",
        MarketType.WIN_BOTH_HALVES,
        YES_NO,
        scope=Scope.AWAY,
    ),
    _kind(rf"Szögletszám {_LINE}", MarketType.TOTAL_CORNERS, UNDER_OVER),
    _kind(r"Melyik csapat végez el több szögletet\?", MarketType.MOST_CORNERS, SIGNS),
    _kind(rf"Büntetőlap-szám {_LINE}", MarketType.TOTAL_CARDS, UNDER_OVER),
    _kind(r"Melyik csapat kap több büntetőlapot\?", MarketType.MOST_CARDS, SIGNS),
    _kind(r"Mindkét csapat kap büntetőlapot\?", MarketType.BOTH_TEAMS_CARDED, YES_NO),
    _kind(r"Lesz 11-es\?", MarketType.PENALTY_AWARDED, YES_NO),
    _kind(r"Lesz kiállítás\?", MarketType.RED_CARD, YES_NO),
    _kind(r"Lesz öngól\?", MarketType.OWN_GOAL, YES_NO),
    _kind(
        rf"Kapura tartó gólszerzési kísérletek száma {_LINE}", MarketType.TOTAL_SHOTS, UNDER_OVER
    ),
    _kind(
        rf"Kaput eltaláló gólszerzési kísérletek száma {_LINE}",
        MarketType.TOTAL_SHOTS_ON_TARGET,
        UNDER_OVER,
    ),
    _kind(
        r"Lesz hosszabbítás ?\+ ?Lesz gól a hosszabbításban\?",
        MarketType.EXTRA_TIME_AND_GOAL,
        YES_NO,
        period=Period.EXTRA_TIME,
    ),
    _kind(
        r"A továbbjutás 11-es párbajban dől el\?",
        MarketType.DECIDED_ON_PENALTIES,
        YES_NO,
        period=Period.PENALTIES,
    ),
    _kind(
        r"(?P<player>.+) kezdőként szerez gólt\?",
        MarketType.PLAYER_TO_SCORE,
        YES_NO,
        scope=Scope.PLAYER,
    ),
    _kind(
        r"Az első 10 perc eredménye(?: \(0-9:59\))?",
        MarketType.FIRST_TEN_MINUTES_RESULT,
        SIGNS,
        _THREE,
        period=Period.FIRST_TEN_MINUTES,
    ),
)

_BOTH_SCORE = "Mindkét csapat szerez gólt"

# The label, and what each of the two parts of an outcome may be; the ranges and halves have none.
ROWS_KINDS = (
    (re.compile("Gólszám"), MarketType.TOTAL_GOALS_RANGE, ()),
    (
        re.compile(rf"1X2 \+ Gólszám {_LINE}"),
        MarketType.RESULT_AND_TOTAL_GOALS,
        (SIGNS, UNDER_OVER),
    ),
    (re.compile(rf"1X2 \+ {_BOTH_SCORE}\??"), MarketType.RESULT_AND_BOTH_SCORE, (SIGNS, YES_NO)),
    (
        re.compile(rf"{_BOTH_SCORE} \+ Gólszám {_LINE}"),
        MarketType.BOTH_SCORE_AND_TOTAL_GOALS,
        (YES_NO, UNDER_OVER),
    ),
    (re.compile("Félidő/végeredmény"), MarketType.HALF_TIME_FULL_TIME, ()),
)
