"""What on a sheet cannot be right, or cannot be read, with the place that says so."""

from enum import StrEnum

import msgspec


class AnomalyKind(StrEnum):
    """What is odd about a row, a market, a game or a page (contract, section 10)."""

    ROW_UNPARSED = "row_unparsed"
    CODE_INVALID = "code_invalid"
    TIME_INVALID = "time_invalid"
    DATE_MISMATCH = "date_mismatch"
    LEAGUE_MISSING = "league_missing"
    ORPHAN_MARKET_ROW = "orphan_market_row"
    UNKNOWN_MARKET = "unknown_market"
    MISSING_MAIN_MARKET = "missing_main_market"
    ODDS_MALFORMED = "odds_malformed"
    ODDS_COUNT_MISMATCH = "odds_count_mismatch"
    ODDS_OUT_OF_RANGE = "odds_out_of_range"
    OVERROUND_OUT_OF_RANGE = "overround_out_of_range"
    GOAL_LINE_NOT_MONOTONIC = "goal_line_not_monotonic"
    DUPLICATE_ROW = "duplicate_row"
    DUPLICATE_CODE = "duplicate_code"
    CONFLICTING_ODDS = "conflicting_odds"
    PROBABLE_DUPLICATE_GAME = "probable_duplicate_game"
    READINGS_DIFFER = "readings_differ"
    PAGE_WITHOUT_ROWS = "page_without_rows"


class Severity(StrEnum):
    """How much is at stake: lost data, doubtful data, or data worth a look."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITIES = {
    AnomalyKind.ROW_UNPARSED: Severity.HIGH,
    AnomalyKind.CODE_INVALID: Severity.HIGH,
    AnomalyKind.TIME_INVALID: Severity.HIGH,
    AnomalyKind.DATE_MISMATCH: Severity.MEDIUM,
    AnomalyKind.LEAGUE_MISSING: Severity.HIGH,
    AnomalyKind.ORPHAN_MARKET_ROW: Severity.HIGH,
    AnomalyKind.UNKNOWN_MARKET: Severity.LOW,
    AnomalyKind.MISSING_MAIN_MARKET: Severity.HIGH,
    AnomalyKind.ODDS_MALFORMED: Severity.HIGH,
    AnomalyKind.ODDS_COUNT_MISMATCH: Severity.MEDIUM,
    AnomalyKind.ODDS_OUT_OF_RANGE: Severity.MEDIUM,
    AnomalyKind.OVERROUND_OUT_OF_RANGE: Severity.MEDIUM,
    AnomalyKind.GOAL_LINE_NOT_MONOTONIC: Severity.MEDIUM,
    AnomalyKind.DUPLICATE_ROW: Severity.LOW,
    AnomalyKind.DUPLICATE_CODE: Severity.MEDIUM,
    AnomalyKind.CONFLICTING_ODDS: Severity.MEDIUM,
    AnomalyKind.PROBABLE_DUPLICATE_GAME: Severity.MEDIUM,
    AnomalyKind.READINGS_DIFFER: Severity.HIGH,
    AnomalyKind.PAGE_WITHOUT_ROWS: Severity.MEDIUM,
}


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is odd, with the line of the sheet that shows it.

    ``line`` counts the page's lines of text from 1; it is 0 where the whole page is meant.
    ``text`` is the line as it was read, ``other_text`` what the second reading made of it, or the
    line that this one contradicts.
    """

    kind: AnomalyKind
    message: str
    page: int
    line: int
    text: str
    other_text: str | None = None

    @property
    def severity(self) -> Severity:
        """Tell how much is at stake."""
        return SEVERITIES[self.kind]
