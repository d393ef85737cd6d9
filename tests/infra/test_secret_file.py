import stat
import subprocess
import sys
from pathlib import Path

from infra.event_store.keys import KeyFile
from infra.secret_file import SecretFile

STARTERS = 8

STARTER = """
import secrets, sys
from pathlib import Path
from infra.secret_file import SecretFile
sys.stdin.readline()
print(SecretFile(Path(sys.argv[1])).read_or_create(secrets.token_hex))
"""


def test_the_text_is_made_once(tmp_path: Path) -> None:
    file = SecretFile(tmp_path / "secret")
    assert file.read_or_create(lambda: "first") == "first"
    assert file.read_or_create(lambda: "second") == "first"


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    file = SecretFile(tmp_path / "secret")
    file.read_or_create(lambda: "first")
    file.replace("second")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_replacing_leaves_nothing_of_the_old_text(tmp_path: Path) -> None:
    file = SecretFile(tmp_path / "secret")
    file.read_or_create(lambda: "a longer text than the next")
    file.replace("short")
    assert file.read_or_create(lambda: "") == "short"
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_processes_that_start_at_once_read_the_same(tmp_path: Path) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, tmp_path / "secret"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(STARTERS)
    ]
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()
    read = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert read == {(tmp_path / "secret").read_text()}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_file_keeps_its_keys_in_order(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "master.key")
    [made] = file.read()
    file.write([bytes(32), made])
    assert KeyFile(tmp_path / "master.key").read() == [bytes(32), made]
    assert len((tmp_path / "master.key").read_text().splitlines()) == 2
