"""A process that is forked is started, told, ended and heard of like one of its own program."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.starting import ANNALS, run, start

NO_DATABASE = {"DATABASE_URL": "postgresql://annals@127.0.0.1:1/annals"}


@pytest.mark.parametrize("arguments", [("keys", "--help"), ("nonsense",), ("users", "list")])
def test_it_says_and_exits_as_the_program_does(arguments: tuple[str, ...], tmp_path: Path) -> None:
    environment = {"ANNALS_HOME": str(tmp_path), "PATH": os.defpath} | NO_DATABASE
    program = subprocess.run(
        [ANNALS, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    forked = run(*arguments, environment=environment)
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        program.returncode,
        program.stdout,
        program.stderr,
    )


def test_a_signal_that_ends_it_is_told_and_others_live_on(tmp_path: Path) -> None:
    environment = {"ANNALS_HOME": str(tmp_path)} | NO_DATABASE
    with (tmp_path / "output").open("wb") as output:
        killed, other = (
            start("events", "tail", environment=environment, output=output, leads_session=True)
            for _ in range(2)
        )
    for process in (killed, other):
        psutil.Process(process.pid).suspend()
        assert process.poll() is None
        assert os.getsid(process.pid) == process.pid
    with pytest.raises(subprocess.TimeoutExpired):
        killed.wait(0.01)
    killed.kill()
    assert killed.wait(10) == -signal.SIGKILL
    killed.kill()  # nobody else by now
    assert other.poll() is None
    other.terminate()
    psutil.Process(other.pid).resume()
    assert other.wait(10) != 0
