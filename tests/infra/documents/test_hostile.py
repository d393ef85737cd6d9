"""Every hostile file ends as ``expected.json`` says, soon, with little memory, in plain words."""

import asyncio
import json
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from application.documents.ports import RefusalCode, UnreadableDocumentError
from domain.documents.parsing import parse_sheet
from domain.games.detection import detect_anomalies
from domain.games.listing import ListedGame
from domain.games.teams import normalize_teams
from infra.documents.aliases import shipped_aliases
from infra.documents.processes import ProcessLimits
from infra.documents.reader import PdfSheetReader, ReadingLimits
from tests.corpus import EXPECTED, HOSTILE

# One process reads them all, so that each must leave it fit for the next.
pytestmark = pytest.mark.xdist_group("hostile")

MOST_SECONDS = 20
MOST_BYTES = 1_000_000_000

# Of those that may be refused or read.
READ_ALL_THE_SAME = frozenset({"broken_xref.pdf"})

EXPECTATIONS: Mapping[str, Mapping[str, Any]] = json.loads(EXPECTED.read_text())


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def reader(runner: asyncio.Runner) -> Iterator[PdfSheetReader]:
    reader = PdfSheetReader()
    yield reader
    runner.run(reader.__aexit__(None, None, None))


def read(runner: asyncio.Runner, reader: PdfSheetReader, path: Path) -> list[ListedGame]:
    """Read a document to the end, in time, and find what is odd about it."""

    async def in_time() -> list[ListedGame]:
        facts = await reader.inspect(path)
        pages = [page async for page in reader.pages(path, facts)]
        sheet = parse_sheet(facts.issue_date, pages)
        unread.extend(anomaly.kind.value for anomaly in sheet.anomalies)
        normalized = normalize_teams(sheet.games, shipped_aliases())
        return list(detect_anomalies(normalized.games))

    unread.clear()
    began = time.monotonic()
    try:
        return runner.run(in_time())
    finally:
        assert time.monotonic() - began < MOST_SECONDS


unread: list[str] = []


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_a_hostile_file_ends_as_expected(
    name: str, runner: asyncio.Runner, reader: PdfSheetReader
) -> None:
    expected = EXPECTATIONS[name]
    if "reject" in expected["outcome"] and name not in READ_ALL_THE_SAME:
        with pytest.raises(UnreadableDocumentError) as refusal:
            read(runner, reader, HOSTILE / name)
        assert refusal.value.code == expected["code"]
        _check_message(refusal.value.message)
        return
    games = read(runner, reader, HOSTILE / name)
    least, most = expected.get("games_lenient", [expected["games"]] * 2)
    assert least <= len(games) <= most
    kinds = Counter(anomaly.kind.value for game in games for anomaly in game.anomalies)
    assert {kind: kinds[kind] for kind in expected.get("anomalies", {})} == expected.get(
        "anomalies", {}
    )


def test_every_row_that_is_malformed_is_reported(
    runner: asyncio.Runner, reader: PdfSheetReader
) -> None:
    games = read(runner, reader, HOSTILE / "odds_malformed.pdf")
    whole = [game.code for game in games if not game.anomalies]
    assert whole == []
    assert Counter(unread) == {
        "odds_malformed": 7,
        "row_unparsed": 3,
        "code_invalid": 2,
        "odds_count_mismatch": 1,
        "time_invalid": 1,
    }
    kinds = Counter(anomaly.kind.value for game in games for anomaly in game.anomalies)
    assert kinds == {
        "odds_out_of_range": 3,
        "overround_out_of_range": 4,
        "odds_count_mismatch": 1,
        "unknown_market": 1,
    }


def test_a_bomb_ends_its_reader_and_the_next_document_is_read(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.pdf"
    bomb.write_bytes(flate_bomb(600_000_000))
    limits = ReadingLimits(process=ProcessLimits(megabytes=500), inspect_seconds=3)

    async def both() -> int:
        async with PdfSheetReader(limits) as reader:
            with pytest.raises(UnreadableDocumentError) as refusal:
                await reader.inspect(bomb)
            assert refusal.value.code == RefusalCode.RESOURCE_LIMIT
            _check_message(refusal.value.message)
            facts = await reader.inspect(HOSTILE / "no_football.pdf")
            return facts.page_count

    assert runner.run(both()) == 1


def test_no_reader_has_taken_more_memory_than_it_may(
    runner: asyncio.Runner, reader: PdfSheetReader
) -> None:
    read(runner, reader, HOSTILE / "duplicate_games.pdf")
    readers = [
        child
        for child in psutil.Process().children()
        if "infra.documents.worker" in child.cmdline()
    ]
    assert readers
    assert all(_most_memory(process.pid) < MOST_BYTES for process in readers)


def flate_bomb(size: int) -> bytes:
    """Make a PDF of some megabytes whose one page unfolds to so many bytes of text."""
    compressor = zlib.compressobj(1)
    block = b"BT /F1 9 Tf 40 780 Td (P 20:30 15881) Tj ET\n" * 25_000
    stream = b"".join(compressor.compress(block) for _ in range(size // len(block)))
    stream += compressor.flush()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    file, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        file
        + b"xref\n0 5\n0000000000 65535 f \n"
        + table
        + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(file)
    )


def _most_memory(pid: int) -> int:
    (line,) = (
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024


def _check_message(message: str) -> None:
    """Check that a message is for people: a short sentence without anything of the machine's."""
    assert message[0].isupper()
    assert 10 < len(message) < 120
    assert not any(word in message for word in ("Error", "Traceback", "/", "0x", "pdfium", "None"))
