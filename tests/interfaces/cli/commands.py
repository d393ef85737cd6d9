"""Runs commands in the test's own process, where each costs no start of its own."""

import json
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
import structlog

from infra.logs import configure_logs
from interfaces.cli.main import main
from tests.serving import Served


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one line of JSON that a command that went well has printed, and nothing else."""
        assert (self.code, self.err) == (0, "")
        [line] = self.out.splitlines()
        return json.loads(line)


class Terminal:
    """Runs ``annals`` as a shell would, with these variables."""

    def __init__(
        self,
        environment: Mapping[str, str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> Done:
        self._monkeypatch.setattr(sys, "argv", ["annals", *arguments])
        self._capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            structlog.reset_defaults()
        said = self._capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Done(code or 0, said.out, said.err)

    def json(self, *arguments: str) -> Any:
        return self.run(*arguments, "--json").json


def configure_logs_for_now(level: str) -> None:
    """Configure as a command does, but let no logger keep a standard error that is soon closed."""
    configure_logs(level)
    structlog.configure(cache_logger_on_first_use=False)


def settings_of(served: Served) -> Mapping[str, str]:
    """Give the variables that lead commands to where a server serves."""
    wanted = ("ANNALS_HOME", "DATABASE_URL", "ADMIN_API_KEY", "ADMIN_PASSWORD")
    return {name: served.environment[name] for name in wanted}
