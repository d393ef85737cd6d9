"""Pages read a second by one core, and how much of what is printed comes out right."""

import asyncio
import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

import camelot.io
import msgspec
import pdfplumber
import psutil

from domain.documents.parsing import ParsedSheet, parse_sheet
from domain.documents.sheet import SheetFacts, SheetPage, SheetRow
from domain.games.detection import detect_anomalies
from domain.games.listing import ListedGame
from domain.games.teams import normalize_teams
from infra.documents.aliases import shipped_aliases
from infra.documents.reader import PdfSheetReader
from tests.benchmarks.database import Ground
from tests.benchmarks.measuring import Comparison, Measure, Outcome, compare
from tests.corpus import SHEET, TRUTH

ROUNDS = 2
GOAL_PAGES = 4
GOAL_TIMES_FASTER = 5

Fact = tuple[object, ...]
Reader = Callable[[], Iterator[SheetPage]]


class Correctness(msgspec.Struct):
    """Recall and precision, from 0 to 1: the part of the truth found, of what was found true."""

    games: tuple[float, float] = (0.0, 0.0)
    markets: tuple[float, float] = (0.0, 0.0)


async def measure_reading(_: Ground) -> Outcome:
    """Compare with camelot's defaults and with pdfplumber's lines, under the same parser."""
    async with PdfSheetReader() as reader:
        facts = await reader.inspect(SHEET)
        comparisons = [
            await _compare(reader, facts, name, other, goal)
            for name, other, goal in (
                ("camelot's defaults", _by_camelot, GOAL_TIMES_FASTER),
                ("pdfplumber's lines", _by_pdfplumber, None),
            )
        ]
    return Outcome(
        name="reading",
        title=f"Reading a betting sheet of {facts.page_count} pages",
        unit="pages/s of one core",
        ours="Annals",
        other="other",
        comparisons=comparisons,
        notes=f"""
        Annals: all stages but the recording: the gate, both readings of the
        {len(facts.offer_pages)} pages with the offer, their comparison, parser, names of teams and
        anomalies. Seconds are those of the processor, of the reading process and of the one that
        asks; the reading process is warm. At least {GOAL_PAGES} pages a second are wanted.

        camelot's defaults: camelot.read_pdf(pages="all", flavor="stream"), the cells of a row put
        together. pdfplumber's lines: extract_text() of each page. Both go through the same parser.

        Games and markets: recall/precision, above of Annals, below of the other: the parts of what
        is printed that were found, and of what was found that is printed. A game is told by league,
        date, time and teams, a market by all that it says, letter for letter.
        """,
    )


async def _compare(
    reader: PdfSheetReader, facts: SheetFacts, name: str, other: Reader, goal: float | None
) -> Comparison:
    ours_is, other_is = Correctness(), Correctness()
    comparison = await compare(
        name,
        _measured(reader, ours_is),
        _measured_plainly(other, facts, other_is),
        rounds=ROUNDS,
        goal=goal,
        warm_up=False,
    )
    reached = comparison.ours.median >= GOAL_PAGES
    comparison.details = {
        f"≥ {GOAL_PAGES}/s": "[green]yes[/]" if reached else "[bold red]no[/]",
        "games": _beside(ours_is.games, other_is.games),
        "markets": _beside(ours_is.markets, other_is.markets),
    }
    return comparison


def _beside(ours: tuple[float, float], other: tuple[float, float]) -> str:
    return "\n".join(f"{recall:.3f}/{precision:.3f}" for recall, precision in (ours, other))


def _measured(reader: PdfSheetReader, correctness: Correctness) -> Measure:
    async def measure() -> float:
        began = _processor_seconds()
        facts = await reader.inspect(SHEET)
        pages = [page async for page in reader.pages(SHEET, facts)]
        sheet = parse_sheet(facts.issue_date, pages)
        games = detect_anomalies(normalize_teams(sheet.games, shipped_aliases()).games)
        taken = _processor_seconds() - began
        _judge(games, correctness)
        return facts.page_count / taken

    return measure


def _measured_plainly(other: Reader, facts: SheetFacts, correctness: Correctness) -> Measure:
    def read() -> tuple[ParsedSheet, float]:
        began = time.process_time()
        sheet = parse_sheet(facts.issue_date, other())
        return sheet, time.process_time() - began

    async def measure() -> float:
        sheet, taken = await asyncio.to_thread(read)
        _judge(sheet.games, correctness)
        return facts.page_count / taken

    return measure


def _processor_seconds() -> float:
    readers = (child.cpu_times() for child in psutil.Process().children())
    return time.process_time() + sum(times.user + times.system for times in readers)


def _by_camelot() -> Iterator[SheetPage]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tables = list(camelot.io.read_pdf(str(SHEET), pages="all", flavor="stream"))
    for number in sorted({table.page for table in tables}):
        rows = [row for table in tables if table.page == number for row in table.data]
        yield _page(number, [" ".join(cell for cell in row if cell) for row in rows])


def _by_pdfplumber() -> Iterator[SheetPage]:
    with pdfplumber.open(SHEET) as document:
        for page in document.pages:
            yield _page(page.page_number, page.extract_text().splitlines())


def _page(number: int, texts: Sequence[str]) -> SheetPage:
    return SheetPage(
        number=number,
        rows=tuple(
            SheetRow(page=number, line=line, text=text) for line, text in enumerate(texts, start=1)
        ),
    )


def _judge(games: Sequence[ListedGame], correctness: Correctness) -> None:
    truth = json.loads(TRUTH.read_text())["games"]
    true_games, true_markets = set[Fact](), set[Fact]()
    for game in truth:
        key = tuple(game[name] for name in ("league", "date", "time", "home_team", "away_team"))
        true_games.add(key)
        for market in game["markets"]:
            said = (market[name] for name in ("market_type", "period", "scope", "line", "player"))
            true_markets.add((*key, *said, tuple(sorted(market["odds"].items()))))
    found_games, found_markets = set[Fact](), set[Fact]()
    for found in games:
        key = (found.league, str(found.date), found.time, found.home_team, found.away_team)
        found_games.add(key)
        for listed in found.markets:
            odds = sorted((outcome, float(odd)) for outcome, odd in listed.odds.items())
            kind = (listed.market_type.value, listed.period.value, listed.scope.value)
            found_markets.add((*key, *kind, listed.line, listed.player, tuple(odds)))
    correctness.games = _recall_and_precision(true_games, found_games)
    correctness.markets = _recall_and_precision(true_markets, found_markets)


def _recall_and_precision(truth: set[Fact], found: set[Fact]) -> tuple[float, float]:
    right = len(truth & found)
    return right / len(truth), right / max(1, len(found))
