"""Terminals: one beside the served Annals, and one on a database that nobody serves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from infra.event_store.keys import encode_master_key
from tests.interfaces.cli.commands import Terminal, configure_logs_for_now, settings_of
from tests.serving import Served


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands configure the logs of the test's own process: for as long as they take."""
    for module in ("running", "backups", "doctor"):
        monkeypatch.setattr(f"interfaces.cli.{module}.configure_logs", configure_logs_for_now)
    yield
    structlog.reset_defaults()


@pytest.fixture
def terminal(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """A terminal beside a server."""
    return Terminal(settings_of(served), monkeypatch, capsys)


@pytest.fixture
def lone_terminal(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Terminal:
    """A terminal on a database that no server serves."""
    settings = {
        "ANNALS_HOME": str(tmp_path),
        "DATABASE_URL": database,
        "ANNALS_MASTER_KEY": encode_master_key(bytes(32)),
    }
    return Terminal(settings, monkeypatch, capsys)
