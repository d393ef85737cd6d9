"""The erasure ledger is only ever added to, and shows what was changed or taken out."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from infra.backups.ledger_file import GENESIS, Erasure, LedgerError, LedgerFile, LedgerHead

BEGAN = UUID(int=7)


def erasure(subject: str) -> Erasure:
    return Erasure(
        log="f" * 64,
        subject=subject,
        stream_id=subject,
        began=BEGAN,
        topic="RunNeutralized",
        schema_version=1,
        event_id=uuid4(),
        payload={"reason": 'said "please"\n'},
        metadata={"actor": "user:admin"},
        position=12,
        erased_at=datetime(2026, 11, 22, tzinfo=UTC),
        fingerprint=None,
        sequences={"run_ids": 12},
    )


@pytest.fixture
def ledger(tmp_path: Path) -> LedgerFile:
    made = LedgerFile(tmp_path / "backups")
    made.add([erasure("run-1"), erasure("run-2"), erasure("run-3")])
    return made


def subjects(file: LedgerFile) -> list[str]:
    return [one.subject for one in LedgerFile(file.path.parent).read()]


def test_without_erasures_there_is_no_file(tmp_path: Path) -> None:
    ledger = LedgerFile(tmp_path / "backups")
    assert ledger.add([]) == 0
    assert ledger.read() == []
    assert ledger.head() == LedgerHead(0, GENESIS)
    assert list(tmp_path.iterdir()) == []


def test_what_was_added_is_read_as_it_was(tmp_path: Path) -> None:
    wanted = [erasure("run-1"), erasure("run-2")]
    LedgerFile(tmp_path).add(wanted)
    assert LedgerFile(tmp_path).read() == wanted


def test_only_its_owner_can_read_it(ledger: LedgerFile) -> None:
    assert ledger.path.stat().st_mode & 0o777 == 0o600
    assert ledger.path.parent.stat().st_mode & 0o777 == 0o700


def test_an_erasure_is_in_it_once(ledger: LedgerFile) -> None:
    assert LedgerFile(ledger.path.parent).add([erasure("run-2"), erasure("run-4")]) == 1
    assert ledger.add([erasure("run-4")]) == 0
    assert subjects(ledger) == ["run-1", "run-2", "run-3", "run-4"]


def test_a_line_that_a_kill_cut_off_is_written_over(ledger: LedgerFile) -> None:
    with ledger.path.open("ab") as file:
        file.write(b'{"log":"ffff\x00\x00')
    assert subjects(ledger) == ["run-1", "run-2", "run-3"]
    LedgerFile(ledger.path.parent).add([erasure("run-4")])
    assert subjects(ledger) == ["run-1", "run-2", "run-3", "run-4"]
    assert ledger.path.read_bytes().count(b"\n") == 4


def change_a_word(text: bytes) -> bytes:
    return text.replace(b'"subject":"run-2"', b'"subject":"run-9"')


def take_out_a_line(text: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    return lines[0] + lines[2]


def cut_the_beginning(text: bytes) -> bytes:
    return text.split(b"\n", 1)[1]


def swap_lines(text: bytes) -> bytes:
    first, second, third = text.splitlines(keepends=True)
    return first + third + second


def add_a_line(text: bytes) -> bytes:
    return text + text.splitlines(keepends=True)[-1]


def write_nonsense(text: bytes) -> bytes:
    return text + b"\xff\x00{}[[[\n"


def nest_deeply(text: bytes) -> bytes:
    return text + b"[" * 100_000 + b"\n"


def add_an_empty_line(text: bytes) -> bytes:
    return text + b"\n"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (change_a_word, 2),
        (take_out_a_line, 2),
        (cut_the_beginning, 1),
        (swap_lines, 2),
        (add_a_line, 4),
        (write_nonsense, 4),
        (nest_deeply, 4),
        (add_an_empty_line, 4),
    ],
)
def test_a_ledger_that_was_tampered_with_is_refused_naming_the_line(
    ledger: LedgerFile, change: Callable[[bytes], bytes], line: int
) -> None:
    before = change(ledger.path.read_bytes())
    ledger.path.write_bytes(before)
    for use in (LedgerFile(ledger.path.parent).read, lambda: _add(ledger.path.parent)):
        with pytest.raises(LedgerError, match=f"line {line}: it"):
            use()
    assert ledger.path.read_bytes() == before


def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file where the directory should be")
    with pytest.raises(LedgerError, match="cannot use the erasure ledger"):
        _add(tmp_path / "backups")


def test_a_ledger_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "erasures.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError):
        _add(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_ledger_that_was_put_in_place_of_another_is_read_anew(
    ledger: LedgerFile, tmp_path: Path
) -> None:
    LedgerFile(tmp_path / "other").add([erasure("run-8")])
    (tmp_path / "other" / "erasures.jsonl").replace(ledger.path)
    ledger.add([erasure("run-9")])
    assert subjects(ledger) == ["run-8", "run-9"]


def test_processes_that_write_at_the_same_time_take_turns(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as processes:
        list(processes.map(_add_many, [(tmp_path, number) for number in range(4)]))
    found = subjects(LedgerFile(tmp_path))
    assert sorted(found) == sorted(f"run-{n}-{i}" for n in range(4) for i in range(20))


def _add(directory: Path) -> None:
    LedgerFile(directory).add([erasure("run-77")])


def _add_many(task: tuple[Path, int]) -> None:
    directory, number = task
    ledger = LedgerFile(directory)
    for index in range(20):
        ledger.add([erasure(f"run-{number}-{index}")])
