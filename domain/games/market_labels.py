"""What a market's label on a sheet means: type, period, scope, line and outcomes.

Source: notes on football, section 3. Nothing is guessed: a label that is not known by its whole
text is of the unknown type and stays as it is.
"""

import re
from collections.abc import Mapping
from operator import contains

import msgspec

from domain.games.market_kinds import KINDS, ROWS_KINDS
from domain.games.market_types import MarketType, Period, Scope


class LabelMeaning(msgspec.Struct, frozen=True, kw_only=True):
    """A market by its label.

    ``columns`` gives the outcome that the odds of a column, H, D or V, are for; ``outcome`` is the
    one outcome that a row of a market of many rows is for. Neither is known without ``known``.
    """

    market_type: MarketType
    label: str
    period: Period = Period.FULL_TIME
    scope: Scope = Scope.MATCH
    line: str | None = None
    player: str | None = None
    columns: Mapping[str, str] = {}
    outcome: str | None = None

    @property
    def known(self) -> bool:
        """Tell whether the label is one of those that sheets are known to have."""
        return self.market_type is not MarketType.UNKNOWN


_WORDS = {
    "kev.": "under", "kev": "under", "kevesebb": "under", "több": "over", "több.": "over",
    "igen": "yes", "nem": "no", "1x": "1X", "12": "12", "x2": "X2", "1": "1", "x": "X", "2": "2",
    "hazai": "1", "döntetlen": "X", "vendég": "2", "ua.": "X", "ptlan": "odd", "ptlan.": "odd",
    "páratlan": "odd", "páros": "even", "1. fi": "1H", "2. fi": "2H", "0 gól": "none",
}  # fmt: skip

_PERIODS = {"1": Period.FIRST_HALF, "2": Period.SECOND_HALF}
_SCOPES = {"Hazai csapat": Scope.HOME, "Vendégcsapat": Scope.AWAY}

_HALF = re.compile(r"([12])\. félidő - (.+)")
_TEAM = re.compile(r"(Hazai csapat|Vendégcsapat) - (.+)")
_WITH_EXTRA_TIME = re.compile(r"(.+) \(hosszabbítással\)")
_LEGEND = re.compile(r"(?P<label>.+?) ?\((?P<legend>[HDV]: [^()]*)\)")
_LEGEND_ENTRY = re.compile(r"([HDV]): (.+?)(?=, [HDV]: |$)")
_BRACKET = re.compile(r"(?P<label>.+?) ?\((?P<outcome>[^()]+)\)")
_RANGE = re.compile(r"\d{1,2}-\d{1,2}|\d{1,2}\+")
_RANGES_LABEL = "Gólszám (sáv)"


def read_label(text: str) -> LabelMeaning:
    """Say what the label of a market means that has all its odds in one row."""
    legend = _LEGEND.fullmatch(text)
    label = legend["label"] if legend else text
    period, scope, rest = _take_period_and_scope(label)
    for kind in KINDS:
        if (match := kind.pattern.fullmatch(rest)) is None:
            continue
        columns = _columns_of(legend["legend"]) if legend else kind.bare
        if columns is None or not set(columns.values()) <= set(kind.outcomes):
            break
        found = match.groupdict()
        line = found.get("line")
        return LabelMeaning(
            market_type=kind.market_type,
            label=label
            if found.get("player") is None
            else rest.removeprefix(found["player"] + " "),
            period=kind.period or period,
            scope=kind.scope or scope,
            line=line.replace(",", ".") if line else None,
            player=found.get("player"),
            columns=columns,
        )
    return LabelMeaning(market_type=MarketType.UNKNOWN, label=text)


def read_outcome_label(text: str, home_team: str, away_team: str) -> LabelMeaning:
    """Say what the label of a row means that has one outcome of its market, in brackets."""
    bracket = _BRACKET.fullmatch(text)
    if bracket is None:
        return LabelMeaning(market_type=MarketType.UNKNOWN, label=text)
    label, printed = bracket["label"], bracket["outcome"]
    period, scope, rest = _take_period_and_scope(label)
    for pattern, market_type, parts in ROWS_KINDS:
        if (match := pattern.fullmatch(rest)) is None:
            continue
        if market_type is MarketType.TOTAL_GOALS_RANGE:
            outcome = printed if _RANGE.fullmatch(printed) else None
        elif market_type is MarketType.HALF_TIME_FULL_TIME:
            outcome = _halves(printed, home_team, away_team)
        else:
            outcome = _both(printed, parts)
        if outcome is None:
            break
        line = match.groupdict().get("line")
        return LabelMeaning(
            market_type=market_type,
            label=_RANGES_LABEL if market_type is MarketType.TOTAL_GOALS_RANGE else label,
            period=period,
            scope=scope,
            line=line.replace(",", ".") if line else None,
            outcome=outcome,
        )
    return LabelMeaning(market_type=MarketType.UNKNOWN, label=label, outcome=printed)


def split_off_label(text: str, *, in_rows: bool) -> tuple[str, str] | None:
    """Split ``AWAY LABEL`` where the longest known label begins, if there is one."""
    words = text.split(" ")
    for at in range(1, len(words)):
        label = " ".join(words[at:])
        if _is_rows_label(label) if in_rows else _is_label(label):
            return " ".join(words[:at]), label
    return None


def _is_label(text: str) -> bool:
    meaning = read_label(text)
    return meaning.known and meaning.player is None


def _is_rows_label(text: str) -> bool:
    bracket = _BRACKET.fullmatch(text)
    if bracket is None:
        return False
    rest = _take_period_and_scope(bracket["label"])[2]
    return any(pattern.fullmatch(rest) for pattern, _, _ in ROWS_KINDS)


def _take_period_and_scope(label: str) -> tuple[Period, Scope, str]:
    period, scope = Period.FULL_TIME, Scope.MATCH
    if match := _HALF.fullmatch(label):
        period, label = _PERIODS[match[1]], match[2]
    if match := _TEAM.fullmatch(label):
        scope, label = _SCOPES[match[1]], match[2]
    if match := _WITH_EXTRA_TIME.fullmatch(label):
        period, label = Period.EXTRA_TIME_INCLUDED, match[1]
    return period, scope, label


def _columns_of(legend: str) -> dict[str, str] | None:
    """Give the outcomes by column, None if one is not known."""
    printed = dict(_LEGEND_ENTRY.findall(legend))
    columns = {
        column: _WORDS[words.strip().casefold()]
        for column, words in printed.items()
        if words.strip().casefold() in _WORDS
    }
    return columns if len(columns) == len(printed) > 0 else None


def _both(printed: str, parts: tuple[tuple[str, ...], ...]) -> str | None:
    """Give the outcome that two outcomes make, as in ``Igen és több, mint 2,5``."""
    words = [part.partition(",")[0].casefold() for part in printed.split(" és ")]
    outcomes = [_WORDS.get(word, "") for word in words]
    fit = len(outcomes) == len(parts) and all(map(contains, parts, outcomes))
    return "&".join(outcomes) if fit else None


def _halves(printed: str, home_team: str, away_team: str) -> str | None:
    """Give who leads at half time and at the end; a team's name may have a slash in it."""
    signs = {home_team: "1", "Döntetlen": "X", away_team: "2"}
    for at, character in enumerate(printed):
        if character == "/" and printed[:at] in signs and printed[at + 1 :] in signs:
            return f"{signs[printed[:at]]}/{signs[printed[at + 1 :]]}"
    return None
