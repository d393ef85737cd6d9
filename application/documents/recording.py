"""Recording what was found in a document: all of it with the end of the job, or nothing."""

import asyncio
from collections.abc import Collection

from application.documents.offers import Sheet
from application.documents.taken_up import Progress, SupersededError, TakenUp
from application.errors import AlreadyExistsError, NotFoundError
from application.games.ports import KnownGames
from application.ports import EventStore
from application.retries import retrying
from domain.documents.document import Document
from domain.documents.processing import ProcessingJob
from domain.documents.stages import Stage
from domain.games.events import Offer
from domain.games.game import Game
from domain.games.listing import ListedGame

# So many games are read at a time, so that requests get their connections too.
READ_AT_A_TIME = 4


async def record_games(
    store: EventStore, known: KnownGames, taken: TakenUp, sheet: Sheet, progress: Progress
) -> None:
    """Record the games of a document, its anomalies, and that the job is completed, at once.

    A game that another document lists at the same time is not listed twice. Raises SupersededError
    if somebody called the job off or took it up.
    """
    try:
        await retrying(lambda: _record(store, known, taken, sheet, progress))
    except AlreadyExistsError:  # a game was listed by another document just now
        await retrying(lambda: _record(store, None, taken, sheet, progress))


async def _record(
    store: EventStore, known: KnownGames | None, taken: TakenUp, sheet: Sheet, progress: Progress
) -> None:
    job = await store.load(ProcessingJob, taken.job_id)
    if not taken.is_of(job):
        raise SupersededError
    document = await store.load(Document, job.state.document_id)
    offers = sheet.offers(document)
    present = await known.known(list(offers)) if known is not None else offers.keys()
    games = await _present(store, present)
    updated = [
        game for key, game in games.items() if game.update_odds(taken.job_id, offers[key][1])
    ]
    listed = [_begin(taken.job_id, *offer) for key, offer in offers.items() if key not in games]
    result = sheet.result(listed=len(listed), updated=len(updated))
    figures = {"games_listed": len(listed), "odds_updated": len(updated)}
    job.complete_stage(Stage.STORING, figures, progress.seconds)
    job.complete(result)
    document.record_processing(
        taken.job_id,
        pages=sheet.facts.page_count,
        issue_date=sheet.facts.issue_date,
        games=result.games_processed,
        markets=result.markets,
        odds=result.odds,
        names=sheet.normalized_names(),
        anomalies=sheet.found_anomalies(),
    )
    await store.save(job, document, *updated, *listed, metadata=taken.metadata)


def _begin(job_id: str, game: ListedGame, offer: Offer) -> Game:
    return Game.begin(game.identity, job_id, offer)


async def _present(store: EventStore, keys: Collection[str]) -> dict[str, Game]:
    """Give those of the games that are listed already."""
    turns = asyncio.Semaphore(READ_AT_A_TIME)

    async def find(key: str) -> Game | None:
        async with turns:
            try:
                return await store.load(Game, key)
            except NotFoundError:
                return None

    found = await asyncio.gather(*(find(key) for key in keys))
    return {game.key: game for game in found if game is not None}
