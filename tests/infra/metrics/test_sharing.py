"""The values that processes share are kept in the home, and gone when nobody counts any more."""

import os
import stat
from pathlib import Path

from infra.metrics.sharing import DIRECTORY_VARIABLE, shared_values

NOBODY = 2**22 + 1  # beyond every process id


def test_they_are_there_for_as_long_as_the_server(tmp_path: Path) -> None:
    with shared_values(tmp_path):
        directory = Path(os.environ[DIRECTORY_VARIABLE])
        assert directory == tmp_path / "metrics" / str(os.getpid())
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert DIRECTORY_VARIABLE not in os.environ
    assert list((tmp_path / "metrics").iterdir()) == []


def test_what_a_killed_server_left_goes_with_the_next_one_and_that_of_others_stays(
    tmp_path: Path,
) -> None:
    for process_id in (NOBODY, os.getpid(), os.getppid()):
        left = tmp_path / "metrics" / str(process_id)
        left.mkdir(parents=True)
        (left / "counter.db").touch()

    with shared_values(tmp_path):
        kept = {path.name: list(path.iterdir()) for path in (tmp_path / "metrics").iterdir()}

    assert kept.keys() == {str(os.getpid()), str(os.getppid())}
    assert kept[str(os.getpid())] == []
