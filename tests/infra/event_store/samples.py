"""One stored sample of every event version ever released.

``python -m tests.infra.event_store.samples`` writes the samples that are missing, from what
``examples`` makes happen. A sample that is there is never written again: it stands for events that
somebody has stored. When an event type gets a new version, its older samples keep ``stored``, and
``reads`` is changed by hand to what the upcaster makes of them.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

import domain
from domain.aggregate import Aggregate
from domain.configuration.configuration import Configuration
from domain.documents.document import Document
from domain.documents.events import FoundAnomaly, NormalizedName, Source
from domain.documents.file_path import DocumentPath
from domain.documents.processing import ProcessingJob
from domain.documents.processing_events import (
    LeagueFigures,
    ProcessingParameters,
    ProcessingResult,
)
from domain.documents.stages import Stage
from domain.downloads.download import Download
from domain.downloads.events import FailedBecause, Validators
from domain.events import DomainEvent, Metadata, Recorded
from domain.games.alias_events import LeftOutAlias
from domain.games.aliases import TeamAliases
from domain.games.events import Offer, OfferedMarket
from domain.games.game import Game
from domain.games.listing import GameIdentity
from domain.games.teams import AliasTable, TeamAlias
from domain.identity.api_key import ApiKey
from domain.identity.roles import Role
from domain.identity.user import User
from domain.processes.process import Process
from domain.processes.rerun import RerunConfig
from domain.projections.oversight import Oversight
from domain.runs.run import Run, StepRunChange
from domain.runs.status import StepRunStatus
from domain.system.incident import Incident
from domain.webhooks.address import WebhookAddress
from domain.webhooks.events import DisabledBecause
from domain.webhooks.webhook import Webhook
from infra.event_store.codec import decode, encode, encode_metadata, needs_key
from infra.event_store.keys import Keyring, SubjectKey
from infra.event_store.record import StoredRecord
from tests.infra.event_store.stewardship_examples import stewardships
from tests.infra.event_store.workflow_samples import workflow_samples

DIRECTORY = Path(__file__).with_name("samples")
MASTER_KEY = bytes(range(32))

METADATA = Metadata(
    actor="user-ann", correlation_id="correlation", causation_id="causation", request_id="request"
)
DIGEST = "3f" * 32
JOB_ID = UUID("550e8400-e29b-41d4-a716-446655440000")
RECORDED_AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


SAMPLE_RESULT = ProcessingResult(
    games_processed=1,
    games_listed=1,
    odds_updated=0,
    markets=2,
    odds=5,
    anomalies_detected=1,
    pages=27,
    offer_pages=19,
    rows_read=3,
    rows_unreadable=0,
    teams=2,
    names_normalized=1,
    games_without_main_market=0,
    leagues={"Lengyel bajnokság": LeagueFigures(games=1, markets=2)},
    anomaly_kinds={"conflicting_odds": 1},
)


class Stored(msgspec.Struct, kw_only=True):
    """The columns of a row of the log, with the wrapped data key of its subject."""

    stream_id: str
    version: int
    topic: str
    schema_version: int
    event_id: UUID
    metadata: dict[str, Any]
    state: dict[str, Any]
    subject: str | None
    protected: bytes | None
    wrapped_key: bytes | None
    master_key_id: str | None


class Sample(msgspec.Struct, kw_only=True):
    """An event as it was stored once, and as it has to be read for ever."""

    stored: Stored
    reads: dict[str, Any]

    def read(self, *, erased: bool = False) -> Recorded[DomainEvent]:
        """Read it as the event store does, with its data key or after that was destroyed."""
        columns = msgspec.structs.asdict(self.stored)
        columns["state"] = msgspec.json.encode(self.stored.state)
        columns["metadata"] = msgspec.json.encode(self.stored.metadata).decode()
        if erased:
            columns["wrapped_key"] = columns["master_key_id"] = None
        record = StoredRecord(position=1, recorded_at=RECORDED_AT, **columns)
        return decode(record, Keyring(lambda: [MASTER_KEY]))


def samples() -> dict[str, Sample]:
    """Give every sample by its name."""
    decoder = msgspec.json.Decoder(Sample)
    return {path.stem: decoder.decode(path.read_bytes()) for path in DIRECTORY.glob("*.json")}


def sample_name(topic: str, schema_version: int) -> str:
    """Name the sample of a version of an event type."""
    return f"{topic}.v{schema_version}"


def released_event_types() -> Iterator[type[DomainEvent]]:
    """Give every event type of the domain that has a name to be stored under."""
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    waiting: list[type[DomainEvent]] = [DomainEvent]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "TOPIC" in kind.__dict__ and kind.__module__.startswith("domain."):
            yield kind


def examples() -> Iterator[DomainEvent]:
    """Make everything happen that can happen, at least once."""
    for aggregate in aggregates():
        yield from aggregate.pending()


def recorded_as(event: DomainEvent) -> Recorded[DomainEvent]:
    """Give an event as the log would have it."""
    return Recorded(
        event=event,
        position=1,
        event_id=str(UUID(int=1)),
        topic=type(event).TOPIC,
        recorded_at=RECORDED_AT,
        metadata=METADATA,
        redacted=False,
    )


def aggregates() -> Iterator[Aggregate]:
    """Give aggregates to which everything happened that can happen."""
    yield _process()
    yield from _runs()
    yield _user()
    yield _api_key()
    yield _oversight()
    yield from _webhooks()
    yield _webhook_address()
    yield from stewardships()
    yield from workflow_samples()
    yield _configuration()
    yield _team_aliases()
    yield _download()
    yield from _documents()
    yield from _processing_jobs()
    yield _game()
    yield Incident.occur(
        "parked-runs-17",
        component="projections",
        error="A stream is parked at an event that could not be applied",
        details={"projection": "runs", "stream_id": "run-42", "position": 17},
    )


def _process() -> Aggregate:
    process = Process.create(1, name="Onboarding", meta={"safe_meta_fields": ["team"]})
    config = RerunConfig(
        subprocess_id="sub-1",
        api_endpoint="https://example.org/rerun",
        retry_delays=[1, 60],
        failure_conditions=["timeout"],
    )
    process.add_step(1, index=1, name="Check", is_rerunnable=True, rerun_config=config)
    process.keep_for(12)
    process.delete()
    process.restore()
    return process


def _runs() -> Iterator[Aggregate]:
    process = _process()
    assert isinstance(process, Process)
    steps = list(enumerate(process.active_steps, start=70))
    for run_id, statuses in enumerate(
        (
            ["running", "success", "pending"],
            ["running", "failed"],
            ["cancelled", "optional"],
        ),
        start=42,
    ):
        run = Run.start(
            run_id,
            process_id=1,
            entity_id="010203-4050",
            entity_name="Ann Example",
            meta={"department": "HR", "email": "ann@example.org"},
            safe_meta_fields=process.safe_meta_fields,
            steps=steps,
        )
        for status in statuses:
            change = StepRunChange(status=StepRunStatus(status), meta={"note": f"Ann {status}"})
            run.record_step(70, change)
        run.record_step(70, StepRunChange(meta={"note": "Ann again", "priority": "high"}))
        run.neutralize(reason="asked to", policy="test")
        yield run
    yield _changed_run(process)
    yield _rerun(process)


def _changed_run(process: Process) -> Aggregate:
    run = _run(process, 52, 80)
    run.change_meta({"email": None, "phone": "+45 12 34 56 78", "region": "EMEA"})
    run.call_off()
    run.delete()
    run.restore()
    return run


def _rerun(process: Process) -> Aggregate:
    run = _run(process, 62, 90)
    run.record_step(90, StepRunChange(status=StepRunStatus.FAILED))
    run.request_rerun(90, 91, step=process.active_steps[0], meta={"rerun_reason": "Ann asked"})
    run.begin_attempt(91, 1)
    run.fail_attempt(91, 1, condition="timeout", detail="after 300 s", at=RECORDED_AT)
    run.begin_attempt(91, 2)
    run.accept_attempt(91, 2)
    run.record_step(91, StepRunChange(status=StepRunStatus.FAILED))
    run.request_rerun(91, 92, step=process.active_steps[0], meta={})
    run.begin_attempt(92, 1)
    run.succeed_attempt(92, 1, {"records": 7})
    return run


def _run(process: Process, run_id: int, step_run_id: int) -> Run:
    return Run.start(
        run_id,
        process_id=1,
        entity_id="010203-4050",
        entity_name="Ann Example",
        meta={"department": "HR", "email": "ann@example.org"},
        safe_meta_fields=process.safe_meta_fields,
        steps=[(step_run_id, process.active_steps[0])],
    )


def _user() -> Aggregate:
    user = User.register(
        "ann", email="ann@example.org", password_hash="$argon2id$one", roles=[Role.USER]
    )
    user.change_email("ann.example@example.org")
    user.change_password("$argon2id$two")
    user.change_roles([Role.ADMIN])
    user.deactivate()
    user.reactivate()
    return user


def _api_key() -> Aggregate:
    key = ApiKey.create(
        5,
        "pd_" + "k" * 40,
        name="importer",
        description="imports",
        role=Role.USER,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )
    key.toggle()
    key.toggle()
    key.revoke()
    return key


def _oversight() -> Aggregate:
    oversight = Oversight.begin("runs")
    oversight.skip(
        stream_id="run-1", version=3, position=9, type="StepRunBegan", reason="malformed"
    )
    return oversight


def _webhooks() -> Iterator[Aggregate]:
    webhook = Webhook.register(
        7, url="https://example.org/hook", patterns=["run.*"], secret="whsec_" + "QUJD" * 8
    )
    webhook.change_patterns(["*"])
    webhook.rotate_secret("whsec_" + "REVG" * 8)
    webhook.disable(DisabledBecause.FAILING, failing_since=RECORDED_AT)
    webhook.enable()
    webhook.unregister()
    yield webhook
    kept = Webhook.register(8, url="https://example.org/kept", patterns=["*"], secret="kept")
    kept.disable(DisabledBecause.ASKED_FOR)
    yield kept


def _webhook_address() -> Aggregate:
    address = WebhookAddress.begin("https://example.org/hook", 7)
    address.free()
    address.take(8)
    return address


def _download() -> Aggregate:
    download = Download.begin("https://example.org/sheets?token=secret")
    download.complete(
        file_path="source/sheet.pdf",
        document_id=DIGEST[:32],
        job_id=str(JOB_ID),
        sha256=DIGEST,
        size_bytes=240_189,
        validators=Validators(etag='"one"', last_modified="Fri, 18 Jul 2025 06:00:00 GMT"),
    )
    download.find_unchanged(Validators(etag='"two"'))
    download.fail(FailedBecause.BAD_STATUS, 503)
    return download


def _team_aliases() -> Aggregate:
    aliases = TeamAliases.begin()
    shipped = AliasTable(version=1, aliases=(TeamAlias(alias="FTC", name="Ferencváros"),))
    added = TeamAlias(alias="Fradi", name="Ferencváros", league="NB I")
    aliases.change(shipped, [added], [LeftOutAlias(alias="FTC")])
    return aliases


def _configuration() -> Aggregate:
    configuration = Configuration.begin()
    downloader = {"check_interval": 600, "headers": {"Authorization": "Bearer secret"}}
    configuration.configure("web_downloader", downloader)
    configuration.reload()
    return configuration


def _documents() -> Iterator[Aggregate]:
    document = Document.store(
        DIGEST, size_bytes=240_189, file_path="source/sheet.pdf", source=Source.UPLOAD
    )
    document.arrive_again(file_path="source/sheet-again.pdf", source=Source.WATCHER)
    anomaly = FoundAnomaly(
        kind="conflicting_odds",
        severity="medium",
        message="The row says other odds than the one before",
        page=2,
        line=17,
        text="P 20:30 15881 Lech Poznan - Cracovia 1,60 4,10 4,75",
        other_text="P 20:30 15881 Lech Poznan - Cracovia 1,55 4,10 4,95",
        game_id="0" * 32,
    )
    name = NormalizedName(
        league="Lengyel bajnokság",
        printed="Cracovia Krakkó",
        name="Cracovia",
        score=1.0,
        basis="alias",
    )
    document.record_processing(
        str(JOB_ID),
        pages=27,
        issue_date=date(2025, 7, 18),
        games=1,
        markets=2,
        odds=5,
        names=[name],
        anomalies=[anomaly],
    )
    document.delete()
    yield document
    yield DocumentPath.take("source/sheet.pdf", document.key)


def _processing_jobs() -> Iterator[Aggregate]:
    completed = _processing_job()
    completed.start()
    completed.enter(Stage.EXTRACTION)
    completed.progress(Stage.EXTRACTION, 1, 19, is_told=True)
    completed.complete_stage(Stage.EXTRACTION, {"pages": 19, "rows": 1174}, 4.2)
    completed.complete(SAMPLE_RESULT)
    yield completed
    failed = _processing_job(1)
    failed.start()
    failed.fail_attempt()
    failed.start()
    failed.fail("NOT_A_PDF", "The file is no PDF")
    yield failed
    cancelled = _processing_job(2)
    cancelled.cancel()
    yield cancelled
    yield _processing_job(3, Source.WATCHER)
    yield _processing_job(4, Source.DOWNLOADER)


def _processing_job(number: int = 0, source: Source = Source.UPLOAD) -> ProcessingJob:
    return ProcessingJob.queue(
        UUID(int=JOB_ID.int + number),
        document_id=DIGEST[:32],
        file_path="source/sheet.pdf",
        priority=3,
        parameters=ProcessingParameters(),
        source=source,
    )


def _game() -> Aggregate:
    identity = GameIdentity(
        date=date(2025, 7, 18), time="20:30", home_team="Lech Poznan", away_team="Cracovia"
    )
    game = Game.begin(identity, str(JOB_ID), _offer(DIGEST[:32], "1.60"))
    game.update_odds(str(JOB_ID), _offer("f" * 32, "1.55"))
    return game


def _offer(document_id: str, home_odds: str) -> Offer:
    market = OfferedMarket(
        code="15881",
        market_type="1X2",
        label="1X2",
        period="FT",
        scope="match",
        line=None,
        player=None,
        odds={"1": Decimal(home_odds), "X": Decimal("4.10"), "2": Decimal("4.75")},
        is_main=True,
        pages=[2],
    )
    return Offer(
        document_id=document_id,
        issue_date=date(2025, 7, 18),
        arrived_at=RECORDED_AT,
        league="Lengyel bajnokság",
        printed_home_team="Lech Poznan",
        printed_away_team="Cracovia Krakkó",
        venue_note=None,
        code="15881",
        sheet_day=date(2025, 7, 18),
        page=2,
        markets=[market],
    )


def write_missing() -> None:
    """Write a sample of each event version that has none."""
    DIRECTORY.mkdir(exist_ok=True)
    ring = Keyring(lambda: [MASTER_KEY])
    for event in examples():
        kind = type(event)
        path = DIRECTORY / f"{sample_name(kind.TOPIC, kind.class_version)}.json"
        if not path.exists():
            sample = Sample(stored=_stored(event, ring), reads=msgspec.to_builtins(event))
            path.write_bytes(msgspec.json.format(msgspec.json.encode(sample), indent=2) + b"\n")


def _stored(event: DomainEvent, ring: Keyring) -> Stored:
    key = SubjectKey.generate(event.subject) if needs_key(event) else None
    record = encode(event, encode_metadata(METADATA), key)
    return Stored(
        stream_id=record.stream_id,
        version=record.version,
        topic=record.topic,
        schema_version=record.schema_version,
        event_id=record.event_id,
        metadata=msgspec.json.decode(record.metadata),
        state=msgspec.json.decode(record.state),
        subject=record.subject,
        protected=record.protected,
        wrapped_key=ring.wrap(key, ring.current_id) if key is not None else None,
        master_key_id=ring.current_id if key is not None else None,
    )


if __name__ == "__main__":
    write_missing()
