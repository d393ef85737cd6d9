"""What is done with a document, stage by stage (contract section 10).

Each stage is recorded with its figures. The games are recorded together with the end of the job and
the document's own account of it, or not at all.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from application.documents.offers import Sheet
from application.documents.ports import RefusalCode, SheetReader, UnreadableDocumentError
from application.documents.recording import record_games
from application.documents.storage import DocumentStorage
from application.documents.taken_up import Progress, TakenUp
from application.games.ports import KnownGames
from application.ports import EventStore
from domain.configuration.sections import Sections
from domain.documents.document import DeletedDocumentError, Document
from domain.documents.parsing import ParsedSheet, parse_sheet
from domain.documents.processing_events import ProcessingParameters
from domain.documents.sheet import SheetFacts, SheetPage
from domain.documents.stages import Stage
from domain.games.detection import detect_anomalies
from domain.games.listing import ListedGame
from domain.games.market_rules import arrange_markets
from domain.games.teams import AliasTable, NormalizedGames, normalize_teams

NO_GAMES_WANTED = ParsedSheet(games=(), anomalies=(), rows_read=0, rows_unreadable=0)


class Pipeline:
    """Takes the games out of documents."""

    def __init__(
        self,
        store: EventStore,
        storage: DocumentStorage,
        reader: SheetReader,
        known: KnownGames,
        *,
        configuration: Callable[[], Awaitable[Sections]],
        aliases: Callable[[], Awaitable[AliasTable]],
    ) -> None:
        self._store = store
        self._storage = storage
        self._reader = reader
        self._known = known
        self._configuration = configuration
        self._aliases = aliases

    async def run(self, taken: TakenUp) -> None:
        """Go through all stages.

        Raises UnreadableDocumentError with what people are told of a document that cannot be
        processed, SupersededError once somebody called the job off or took it up.
        """
        try:
            await self._run(taken)
        except UnreadableDocumentError:
            # Bytes that were deleted meanwhile are no fault of the document's.
            await self._path(taken.job.state.document_id)
            raise

    async def _run(self, taken: TakenUp) -> None:
        sections = await self._configuration()
        progress = Progress(self._store, taken, sections.processing.progress_interval)
        await progress.enter(Stage.VALIDATION)
        path = await self._path(taken.job.state.document_id)
        facts = await self._reader.inspect(path)
        await progress.complete(
            Stage.VALIDATION,
            {"pages": facts.page_count, "offer_pages": len(facts.offer_pages)},
            Stage.EXTRACTION,
        )
        pages = await self._extract(path, facts, progress)
        parsed = await self._parse(facts, pages, taken.job.state.parameters, progress)
        normalized = await self._normalize(parsed.games, sections, progress)
        games = await self._process_markets(normalized.games, sections, progress)
        games = await asyncio.to_thread(detect_anomalies, games)
        if taken.job.state.parameters.main_matches_only:
            games = [_main_market_only(game) for game in games]
        sheet = Sheet(
            facts=facts,
            games=games,
            anomalies=parsed.anomalies,
            rows_read=parsed.rows_read,
            rows_unreadable=parsed.rows_unreadable,
            names=normalized.changes,
        )
        figures = {"anomalies": len(sheet.found_anomalies())}
        await progress.complete(Stage.ANOMALY_DETECTION, figures, Stage.STORING)
        await record_games(self._store, self._known, taken, sheet, progress)

    async def _path(self, document_id: str) -> Path:
        document = await self._store.load(Document, document_id)
        try:
            document.check_bytes()
        except DeletedDocumentError as error:
            raise UnreadableDocumentError(RefusalCode.DELETED, str(error)) from None
        path = self._storage.path(document.state.sha256)
        if not await asyncio.to_thread(path.exists):
            message = "The bytes of the document are not where they were kept; upload it again"
            raise UnreadableDocumentError(RefusalCode.BYTES_MISSING, message)
        return path

    async def _extract(
        self, path: Path, facts: SheetFacts, progress: Progress
    ) -> Sequence[SheetPage]:
        pages: list[SheetPage] = []
        async with contextlib.aclosing(self._reader.pages(path, facts)) as reading:
            async for page in reading:
                pages.append(page)
                await progress.advance(Stage.EXTRACTION, len(pages), len(facts.offer_pages))
        figures = {
            "pages": len(pages),
            "rows": sum(len(page.rows) for page in pages),
            "differences": sum(len(page.anomalies) for page in pages),
        }
        await progress.complete(Stage.EXTRACTION, figures, Stage.PARSING)
        return pages

    async def _parse(
        self,
        facts: SheetFacts,
        pages: Sequence[SheetPage],
        wanted: ProcessingParameters,
        progress: Progress,
    ) -> ParsedSheet:
        """Find the games; as all that computes for long, off the event loop."""
        parsed = NO_GAMES_WANTED
        if wanted.extract_football:
            parsed = await asyncio.to_thread(parse_sheet, facts.issue_date, pages)
        figures = {
            "games": len(parsed.games),
            "rows_read": parsed.rows_read,
            "rows_unreadable": parsed.rows_unreadable,
        }
        await progress.complete(Stage.PARSING, figures, Stage.TEAM_NORMALIZATION)
        return parsed

    async def _normalize(
        self, games: Sequence[ListedGame], sections: Sections, progress: Progress
    ) -> NormalizedGames:
        teams = sections.teams
        threshold = teams.similarity_threshold if teams.match_similar else None
        known = await self._known.team_names(list({game.league for game in games}))
        normalized = await asyncio.to_thread(
            normalize_teams, games, await self._aliases(), threshold, known
        )
        figures = {"games": len(normalized.games), "names_normalized": len(normalized.changes)}
        await progress.complete(Stage.TEAM_NORMALIZATION, figures, Stage.MARKET_PROCESSING)
        return normalized

    async def _process_markets(
        self,
        games: Sequence[ListedGame],
        sections: Sections,
        progress: Progress,
    ) -> Sequence[ListedGame]:
        """Put the markets in order; all are kept, and the cap is one of lists."""
        games = arrange_markets(games, sections.markets.priorities)
        figures = {"markets": sum(len(game.markets) for game in games)}
        await progress.complete(Stage.MARKET_PROCESSING, figures, Stage.ANOMALY_DETECTION)
        return games


def _main_market_only(game: ListedGame) -> ListedGame:
    main = game.main_market
    return msgspec.structs.replace(game, markets=(main,) if main is not None else ())
