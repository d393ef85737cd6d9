"""Who processes which document when, and that its games are recorded once whatever happens."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from application.documents.handlers import cancel_job, delete_document
from application.documents.ports import RefusalCode, UnreadableDocumentError
from application.documents.processing import LOOK_SECONDS
from application.documents.queueing import AGEING_SECONDS
from domain.documents.document import document_id
from domain.documents.processing_events import JobStatus, ProcessingParameters
from infra.settings import Settings
from interfaces.composition import compose, open_database
from interfaces.services import Services
from projections.games.queries import GameFilter
from projections.games.tables import GameRow
from tests.application.documents.working import METADATA, HeldUpReader, Works, row, sheet

pytestmark = pytest.mark.anyio

SHEET = sheet(row(15881, "Lech Poznan"), row(15882, "Legia"), row(15883, "Ruch"))


@pytest.fixture
async def services(settings: Settings, anyio_backend: str) -> AsyncIterator[Services]:
    """Annals without workers of its own: tests are the workers."""
    assert anyio_backend == "asyncio"
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo, frozenset({"projections"})) as composed:
            yield composed


@pytest.fixture
def works(services: Services, settings: Settings) -> Works:
    return Works(services, settings, HeldUpReader())


async def games(services: Services) -> list[GameRow]:
    await services.freshness.reach_head(["games"])
    return (await services.games.find(GameFilter(), limit=1000, offset=0)).items


async def at_work(works: Works, job_id: str) -> asyncio.Task[None]:
    """Let a worker begin, and wait until it is held up at the second page."""
    works.reader.may_read.clear()
    held_up = asyncio.Event()
    works.reader.at_page = lambda number: held_up.set() if number == 3 else _let_on(works, number)
    working = asyncio.create_task(works.queue().work_off())
    works.reader.may_read.set()
    await asyncio.wait_for(held_up.wait(), 10)
    assert (await works.job(job_id)).state.status is JobStatus.RUNNING
    return working


def _let_on(works: Works, number: int) -> None:
    if number == 2:
        asyncio.get_running_loop().call_soon(works.reader.may_read.clear)


async def test_a_sheet_becomes_games_stage_by_stage(works: Works) -> None:
    job = await works.process(SHEET)
    assert job.state.status is JobStatus.COMPLETED
    assert [game.home_team for game in await games(works.services)] == [
        "Lech Poznan",
        "Legia",
        "Ruch",
    ]
    topics = await works.topics(job.key)
    assert topics.count("ProcessingStageEntered") == 7
    assert topics.count("ProcessingStageCompleted") == 7
    assert topics.count("ProcessingProgressed") == 3
    assert topics[-1] == "ProcessingCompleted"


async def test_the_most_urgent_job_goes_first_and_of_equals_the_oldest(works: Works) -> None:
    priorities = [2, 0, 4, 1, 3, 4, 0]
    jobs = [
        await works.take_in(sheet(row(10000 + place, f"Team {place}")), priority=priority)
        for place, priority in enumerate(priorities)
    ]
    await works.services.freshness.reach_head(["documents"])
    expected = [jobs[place] for place in (2, 5, 4, 0, 3, 1, 6)]
    assert await works.services.documents.next_jobs(AGEING_SECONDS) == expected
    # By the time that all of them have waited for long, whoever came first goes first.
    assert await works.services.documents.next_jobs(1e-9) == jobs

    await works.queue().work_off()
    positions = await _positions(works, jobs)
    assert sorted(jobs, key=positions.__getitem__) == expected


async def _positions(works: Works, jobs: list[str]) -> dict[str, int]:
    """Tell where in the log each job ended."""
    return {job: (await works.services.store.history(f"job-{job}"))[-1].position for job in jobs}


async def test_no_more_documents_are_processed_at_a_time_than_configured(works: Works) -> None:
    works.most_at_a_time = 2
    for place in range(6):
        await works.take_in(sheet(row(10000 + place, f"Team {place}")))
    two_read = asyncio.Event()
    works.reader.at_page = lambda _: two_read.set() if works.reader.reading == 2 else None
    works.reader.may_read.clear()
    working = [asyncio.create_task(works.queue().work_off()) for _ in range(5)]
    await asyncio.wait_for(two_read.wait(), 10)
    for without_a_slot in itertools.islice(asyncio.as_completed(working), 3):
        await without_a_slot
    works.reader.may_read.set()
    await asyncio.gather(*working)
    assert works.reader.most_reading == 2
    assert len(await games(works.services)) == 6


async def test_cancelling_stops_a_job_within_a_second_and_records_nothing(works: Works) -> None:
    job_id = await works.take_in(SHEET)
    working = await at_work(works, job_id)
    await cancel_job(works.services.store, UUID(job_id), METADATA)
    assert LOOK_SECONDS < 1  # and what is in the way of a busy machine comes on top
    await asyncio.wait_for(working, 10)
    assert (await works.job(job_id)).state.status is JobStatus.CANCELLED
    assert works.reader.reading == 0
    assert await games(works.services) == []


async def test_a_job_that_waits_can_be_cancelled_and_is_never_begun(works: Works) -> None:
    job_id = await works.take_in(SHEET)
    await cancel_job(works.services.store, UUID(job_id), METADATA)
    await works.queue().work_off()
    assert await works.topics(job_id) == ["ProcessingQueued", "ProcessingCancelled"]


async def test_a_job_whose_worker_died_is_taken_up_before_all_others(works: Works) -> None:
    job_id = await works.take_in(SHEET, priority=0)
    working = await at_work(works, job_id)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    reached = (await works.job(job_id)).state.progress_percent
    urgent = await works.take_in(sheet(row(10000, "Urgent")), priority=4)
    works.reader.at_page = lambda _: None
    works.reader.may_read.set()

    await works.queue().work_off()

    job = await works.job(job_id)
    assert (job.state.status, job.state.attempts) == (JobStatus.COMPLETED, 2)
    positions = await _positions(works, [job_id, urgent])
    assert positions[job_id] < positions[urgent]
    shown = [
        recorded.event.progress_percent
        for recorded in await works.services.store.history(job.id)
        if hasattr(recorded.event, "progress_percent")
    ]
    assert shown == sorted(shown)
    assert reached > 0
    assert len(await games(works.services)) == 4


async def test_a_job_that_somebody_has_is_left_to_them(works: Works) -> None:
    works.most_at_a_time = 2
    job_id = await works.take_in(SHEET)
    working = await at_work(works, job_id)
    await works.queue().work_off()
    assert (await works.job(job_id)).state.attempts == 1
    works.reader.may_read.set()
    await working
    assert (await works.job(job_id)).state.status is JobStatus.COMPLETED


async def test_whoever_lost_a_job_without_knowing_records_nothing_more(works: Works) -> None:
    job_id = await works.take_in(SHEET)
    first = await works.processor.take_up(job_id)
    second = await works.processor.take_up(job_id)
    assert first is not None
    assert second is not None
    await asyncio.gather(works.processor.process(first), works.processor.process(second))
    topics = await works.topics(job_id)
    assert topics.count("ProcessingStarted") == 2
    assert topics.count("ProcessingCompleted") == 1
    assert len(await games(works.services)) == 3


async def test_an_error_of_ours_is_tried_again_and_then_said(
    services: Services, settings: Settings
) -> None:
    def break_down(_: int) -> None:
        raise RuntimeError

    works = Works(services, settings, HeldUpReader(break_down), retry_attempts=1)
    job_id = await works.take_in(SHEET)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await works.queue().work_off()
    await works.queue().work_off()
    job = await works.job(job_id)
    assert (job.state.status, job.state.error_code) == (JobStatus.FAILED, "GIVEN_UP")
    assert (await works.topics(job_id)).count("ProcessingAttemptFailed") == 2


async def test_a_document_that_takes_too_long_fails_and_the_next_is_processed(
    services: Services, settings: Settings
) -> None:
    works = Works(services, settings, HeldUpReader(), timeout_seconds=0.2)
    works.reader.may_read.clear()
    job = await works.process(SHEET)
    assert (job.state.status, job.state.error_code) == (JobStatus.FAILED, "TIMEOUT")
    assert job.state.error == "The document took longer than 0.2 seconds"
    patient = Works(services, settings, HeldUpReader())
    assert (await patient.process(sheet(row(10001, "Next")))).state.status is JobStatus.COMPLETED


async def test_a_document_that_was_deleted_meanwhile_fails(works: Works) -> None:
    job_id = await works.take_in(SHEET)
    document = (await works.job(job_id)).state.document_id
    await delete_document(works.services.store, works.services.document_storage, document, METADATA)
    await works.queue().work_off()
    assert (await works.job(job_id)).state.error_code == "DELETED"


async def test_a_later_document_updates_the_odds_and_the_earlier_stay(works: Works) -> None:
    await works.process(sheet(row(15881, "Lech Poznan"), issued=date(2025, 7, 17)))
    later = sheet(row(15881, "Lech Poznan", "1,55 4,20 5,00"))
    assert (await works.process(later)).state.result.odds_updated == 1  # type: ignore[union-attr]
    [game] = await games(works.services)
    assert game.main_market is not None
    assert game.main_market["odds"] == [["1", 1.55], ["X", 4.2], ["2", 5.0]]
    offers = await works.services.games.offers_of(game.id)
    assert [offer.markets[0]["odds"][0][1] for offer in offers] == [1.6, 1.55]

    oldest = sheet(row(15881, "Lech Poznan", "1,70 4,00 4,50"), issued=date(2025, 7, 16))
    await works.process(oldest)
    [game] = await games(works.services)
    assert game.main_market is not None
    assert game.main_market["odds"][0] == ["1", 1.55]
    offers = await works.services.games.offers_of(game.id)
    assert [offer.markets[0]["odds"][0][1] for offer in offers] == [1.7, 1.6, 1.55]


async def test_two_documents_at_once_list_a_game_once(works: Works) -> None:
    works.most_at_a_time = 2
    jobs = [
        await works.take_in(sheet(row(15881, "Lech Poznan", odds), row(15882 + place, "Legia")))
        for place, odds in enumerate(["1,60 4,10 4,75", "1,65 4,10 4,70"])
    ]
    await asyncio.gather(works.queue().work_off(), works.queue().work_off())
    assert {(await works.job(job)).state.status for job in jobs} == {JobStatus.COMPLETED}
    listed = await games(works.services)
    assert sorted(game.offers for game in listed) == [2, 2]


async def test_only_the_main_market_is_kept_if_no_more_is_wanted(works: Works) -> None:
    content = sheet(
        row(15881, "Lech Poznan"),
        "P 20:30 15791 Lech Poznan - Cracovia Krakkó Kétesély (H: 1X, D: 12, V: X2) 1,16 1,21 1,87",
    )
    main_only = ProcessingParameters(main_matches_only=True)
    await works.take_in(content, parameters=main_only)
    await works.queue().work_off()
    [game] = await games(works.services)
    assert game.main_market is not None
    assert game.additional_markets == []

    # Read again for all of it, the same document says more than before.
    await works.process(content)
    [game] = await games(works.services)
    assert [market["market_type"] for market in game.additional_markets] == ["double_chance"]

    nothing = ProcessingParameters(extract_football=False)
    job_id = await works.take_in(sheet(row(1, "Nobody")), parameters=nothing)
    await works.queue().work_off()
    assert (await works.job(job_id)).state.result.games_processed == 0  # type: ignore[union-attr]


async def test_anomalies_are_those_of_the_last_job(works: Works) -> None:
    content = sheet(row(15881, "Lech Poznan"), "P 20:30 99 what is this 1,1")
    for _ in range(2):
        await works.process(content)
    services = works.services
    await services.freshness.reach_head(["documents"])
    [document] = (await services.documents.newest(1, 10)).items
    anomalies = await services.documents.anomalies_of(document.id)
    assert document.anomalies == len(anomalies) == 1
    assert (anomalies[0].page, anomalies[0].text) == (3, "P 20:30 99 what is this 1,1")
    assert document.id == document_id(document.sha256)


async def test_trends_count_a_document_once_and_each_of_its_jobs(works: Works) -> None:
    for _ in range(2):
        await works.process(SHEET)
    await works.process(sheet(row(15881, "Lech Poznan"), "nonsense at 20:30"))
    await works.services.freshness.reach_head(["documents"])
    trends = await works.services.reports.trends(datetime.now(UTC).date(), 2)
    assert sum(trends.games.values()) == 4
    assert trends.leagues == {"Lengyel bajnokság": 4}
    assert sum(trends.anomalies.values()) == sum(trends.anomaly_kinds.values()) > 0
    assert sum(day.jobs_completed for day in trends.days) == 3


async def test_trends_go_by_what_the_last_job_found(works: Works) -> None:
    await works.take_in(SHEET, parameters=ProcessingParameters(extract_football=False))
    await works.queue().work_off()
    await works.process(SHEET)
    await works.services.freshness.reach_head(["documents"])
    trends = await works.services.reports.trends(datetime.now(UTC).date(), 2)
    assert sum(trends.games.values()) == 3


async def test_a_document_that_is_deleted_while_it_is_read_is_not_called_damaged(
    works: Works,
) -> None:
    def cannot_be_read(_: int) -> None:
        raise UnreadableDocumentError(RefusalCode.CORRUPT_PDF, "The PDF is damaged")

    job_id = await works.take_in(SHEET)
    working = await at_work(works, job_id)
    services = works.services
    key = (await works.job(job_id)).state.document_id
    await delete_document(services.store, services.document_storage, key, METADATA)
    works.reader.at_page = cannot_be_read
    works.reader.may_read.set()
    await working
    job = await works.job(job_id)
    assert (job.state.status, job.state.error_code) == (JobStatus.FAILED, RefusalCode.DELETED)
