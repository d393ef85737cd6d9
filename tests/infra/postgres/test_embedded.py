import os
import pwd
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest

from infra.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.conftest import HOME

ROOT = Path(__file__).parents[3]

IMPORTS = """
import sys
from pathlib import Path
from infra.postgres.embedded import EmbeddedPostgres
"""

HOLDER = f"""{IMPORTS}
server = EmbeddedPostgres(Path(sys.argv[1]))
server.open()
"""

HOLD_UNTIL_TOLD = "print('open', flush=True); sys.stdin.readline()"


class Holder:
    """Another process that holds a server open."""

    def __init__(self, home: Path, then: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "\n".join([HOLDER, then, HOLD_UNTIL_TOLD]), home],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )

    def wait_until_open(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"open\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def exit_without_closing(self) -> None:
        self.process.communicate(b"\n", timeout=30)
        assert self.process.returncode == 0


Hold = Callable[..., Holder]


@pytest.fixture
def new_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="annals-test-", dir=HOME) as directory:
        home = Path(directory) / "home"
        yield home
        if pid_file(home).exists():
            with EmbeddedPostgres(home):
                pass


@pytest.fixture(scope="module")
def made_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="annals-test-", dir=HOME) as directory:
        home = Path(directory) / "home"
        with EmbeddedPostgres(home) as server:
            query(server.url, "CREATE TABLE facts AS SELECT 'kept' AS fact")
        yield home


@pytest.fixture
def home(new_home: Path, made_home: Path) -> Path:
    subprocess.run(["cp", "-a", made_home, new_home], check=True)
    return new_home


@pytest.fixture
def hold(new_home: Path) -> Iterator[Hold]:
    with ExitStack() as stack:

        def hold(then: str = "") -> Holder:
            holder = Holder(new_home, then)
            stack.callback(holder.kill)
            return holder

        yield hold


def pid_file(home: Path) -> Path:
    return home / "postgres" / "postmaster.pid"


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int(pid_file(home).read_text().splitlines()[0]))


def socket_directory(home: Path) -> Path:
    return Path(pid_file(home).read_text().splitlines()[4])


def query(url: str, sql: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def fact(url: str) -> object:
    return query(url, "SELECT fact FROM facts")


def kill_postmaster(home: Path) -> None:
    server = postmaster(home)
    server.kill()
    psutil.wait_procs([server])


def test_the_url_is_that_of_a_database_that_answers(new_home: Path) -> None:
    with EmbeddedPostgres(new_home) as server:
        assert query(server.url, "SELECT current_database()") == "annals"
        assert str(query(server.url, "SHOW server_version")).startswith("18.")


def test_data_outlives_the_server(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        query(server.url, "UPDATE facts SET fact = 'changed'")
    assert not pid_file(home).exists()
    with EmbeddedPostgres(home) as server:
        assert fact(server.url) == "changed"


def test_the_url_of_a_closed_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="not open"):
        _ = EmbeddedPostgres(tmp_path).url


def test_the_bundled_tools_are_those_of_the_server(tmp_path: Path) -> None:
    tool = EmbeddedPostgres(tmp_path).bin_path / "pg_dump"
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
    assert "PostgreSQL) 18." in version.stdout


def test_processes_opening_at_once_share_one_server(new_home: Path, hold: Hold) -> None:
    pid = "print(Path(sys.argv[1], 'postgres/postmaster.pid').read_text().split()[0], flush=True)"
    holders = [hold(pid) for _ in range(5)]
    pids = set()
    for holder in holders:
        assert holder.process.stdout is not None
        pids.add(int(holder.process.stdout.readline()))
        holder.wait_until_open()
    assert pids == {postmaster(new_home).pid}


def test_only_the_last_to_leave_stops_the_server(home: Path, hold: Hold) -> None:
    holders = [hold() for _ in range(3)]
    for holder in holders:
        holder.wait_until_open()
    server = postmaster(home)
    for holder in holders[:-1]:
        holder.exit_without_closing()
        assert postmaster(home) == server
        assert server.is_running()
    holders[-1].exit_without_closing()
    assert not pid_file(home).exists()


def test_comings_and_goings_never_meet_a_stopping_server(home: Path) -> None:
    script = HOLDER + (
        "import psycopg\n"
        "for _ in range(8):\n"
        "    psycopg.connect(server.open()).close()\n"
        "    server.close()\n"
    )
    comers = [subprocess.Popen([sys.executable, "-c", script, home], cwd=ROOT) for _ in range(4)]
    assert [comer.wait(timeout=60) for comer in comers] == [0] * 4
    assert not pid_file(home).exists()


def test_two_objects_of_one_process_count_as_two(home: Path) -> None:
    first, second = EmbeddedPostgres(home), EmbeddedPostgres(home)
    assert first.open() == second.open()
    first.close()
    assert query(second.url, "SELECT 1") == 1
    second.close()
    assert not pid_file(home).exists()


def test_opening_and_closing_twice_is_once(home: Path) -> None:
    server = EmbeddedPostgres(home)
    assert server.open() == server.open()
    server.close()
    assert not pid_file(home).exists()
    server.close()


def test_a_killed_holder_no_longer_counts(home: Path, hold: Hold) -> None:
    holder = hold()
    holder.wait_until_open()
    with EmbeddedPostgres(home):
        holder.kill()
    assert not pid_file(home).exists()


def test_a_server_whose_last_holder_was_killed_is_joined(home: Path, hold: Hold) -> None:
    holder = hold()
    holder.wait_until_open()
    server = postmaster(home)
    holder.kill()
    with EmbeddedPostgres(home):
        assert postmaster(home) == server
    assert not pid_file(home).exists()


def test_a_forked_child_does_not_count(home: Path, hold: Hold) -> None:
    forking = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)"
    holder = hold(forking)
    holder.wait_until_open()
    (child,) = psutil.Process(holder.process.pid).children()
    with EmbeddedPostgres(home):
        holder.process.kill()
        holder.process.wait()
    assert child.is_running()
    assert not pid_file(home).exists()
    child.kill()


def test_a_forked_child_that_exits_does_not_leave_for_its_parent(home: Path, hold: Hold) -> None:
    forking = "import os\nif os.fork() == 0:\n    sys.exit()\nos.wait()"
    holder = hold(forking)
    holder.wait_until_open()
    assert postmaster(home).is_running()
    with EmbeddedPostgres(home):
        pass
    assert postmaster(home).is_running()


def test_an_interrupt_from_the_terminal_spares_the_server(home: Path, hold: Hold) -> None:
    holder = hold()
    holder.wait_until_open()
    with EmbeddedPostgres(home) as server:
        os.killpg(holder.process.pid, signal.SIGINT)
        holder.process.wait()
        assert query(server.url, "SELECT 1") == 1


def test_a_killed_server_comes_back_with_its_data(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        kill_postmaster(home)
        assert fact(server.open()) == "kept"
    assert not pid_file(home).exists()


def test_queries_that_a_killed_server_left_running_do_not_keep_it_down(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        busy = psutil.Process(connection.info.backend_pid)
        busy.suspend()
        kill_postmaster(home)
        assert busy.is_running()
        assert fact(server.open()) == "kept"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt a server")
def test_a_killed_server_that_nobody_reaps_comes_back(home: Path, hold: Hold) -> None:
    adopting = "import ctypes\nctypes.CDLL(None).prctl(36, 1)\nserver.close()\nserver.open()"
    hold(adopting).wait_until_open()
    server = postmaster(home)
    server.kill()
    with EmbeddedPostgres(home) as joined:
        assert server.status() == psutil.STATUS_ZOMBIE
        assert fact(joined.url) == "kept"


def test_a_pid_file_naming_an_unrelated_process_is_stale(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        remains = pid_file(home).read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as unrelated:
        pid_file(home).write_text("\n".join([str(unrelated.pid), *remains[1:]]) + "\n")
        socket_lock = home / "postgres" / ".s.PGSQL.5432.lock"
        socket_lock.write_text("\n".join([str(unrelated.pid), *remains[1:5]]) + "\n")
        with EmbeddedPostgres(home) as server:
            assert fact(server.url) == "kept"
        assert unrelated.poll() is None
        unrelated.kill()


def test_a_pid_file_that_was_never_finished_is_stale(home: Path) -> None:
    for lines in ("", "\n", "\0\0\0", "4194000\n", "4194000\n/nowhere\n1700000000\n"):
        pid_file(home).write_text(lines)
        with EmbeddedPostgres(home) as server:
            assert fact(server.url) == "kept"


def test_a_half_made_data_directory_is_made_anew(new_home: Path) -> None:
    abandoned = new_home / "postgres.new-abandoned"
    abandoned.mkdir(parents=True)
    (abandoned / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(new_home) as server:
        assert query(server.url, "SELECT 1") == 1
    assert not abandoned.exists()


def test_a_path_too_long_for_a_socket_has_a_private_one_elsewhere(home: Path) -> None:
    long = home.rename(home.parent / ("long" * 40))
    first, second = EmbeddedPostgres(long), EmbeddedPostgres(long)
    assert first.open() == second.open()
    sockets = socket_directory(long)
    assert quote(str(sockets), safe="") in first.url
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert sockets.stat().st_uid == postmaster(long).uids().real
    kill_postmaster(long)
    assert fact(second.open()) == "kept"
    assert first.url == second.url  # who had joined the killed server finds the new one
    first.close()
    second.close()
    assert not sockets.exists()


@pytest.mark.parametrize("name", ['it\'s "so" $HOME 100% ü\\n', "a,b"])
def test_any_character_may_be_in_the_path(home: Path, name: str) -> None:
    with EmbeddedPostgres(home.rename(home.parent / name)) as server:
        assert fact(server.url) == "kept"


def test_what_is_stored_does_not_reach_the_log(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        connection.autocommit = True
        connection.execute("CREATE TABLE people (email text PRIMARY KEY)")
        for failing in (
            "INSERT INTO people VALUES ('ada@example.org'), ('ada@example.org')",
            "SELECT 'ada@example.org'::integer",
            "SELECT ada@example.org",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(failing)
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT %s::text::integer", ["ada@example.org"])
    log = (home / "postgres" / "log").read_text()
    assert "ready to accept connections" in log
    assert "example.org" not in log


def test_the_server_is_not_given_our_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNALS_SECRET", "secret")
    monkeypatch.setenv("PGPORT", "1")
    with EmbeddedPostgres(home):
        assert {"ANNALS_SECRET", "PGPORT"}.isdisjoint(postmaster(home).environ())


def test_what_keeps_the_server_from_starting_is_told(home: Path) -> None:
    with (home / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("max_wal_senders = many\n")
    server = EmbeddedPostgres(home)
    with pytest.raises(EmbeddedPostgresError, match='"max_wal_senders": "many"'):
        server.open()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match="Not a directory"):
        EmbeddedPostgres(tmp_path / "file" / "home").open()


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

NOBODY = pwd.getpwnam("nobody")


def as_nobody(*command: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])},
        user=NOBODY.pw_uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
    )


@pytest.fixture(scope="module")
def python_of_nobody() -> str:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        with suppress(OSError), as_nobody(candidate, "-c", IMPORTS) as tried:
            tried.communicate()
            if tried.returncode == 0:
                return candidate
    pytest.skip(f"user nobody can run no {version} with the dependencies of this project")


@pytest.fixture
def home_of_nobody(new_home: Path) -> Path:
    new_home.parent.chmod(0o711)
    private = new_home.parent / "nobody"
    private.mkdir(0o700)
    os.chown(private, NOBODY.pw_uid, NOBODY.pw_gid)
    return private / "home"


@needs_root
def test_an_ordinary_user_runs_the_server_as_themselves(
    python_of_nobody: str, home_of_nobody: Path
) -> None:
    script = "\n".join([HOLDER, HOLD_UNTIL_TOLD])
    with as_nobody(python_of_nobody, "-c", script, home_of_nobody) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert postmaster(home_of_nobody).uids().real == NOBODY.pw_uid
        assert stat.S_IMODE(home_of_nobody.stat().st_mode) == 0o700
        assert holder.communicate("\n") == ("", "")
    assert not pid_file(home_of_nobody).exists()


@needs_root
def test_root_and_the_owner_of_a_home_share_a_server(
    python_of_nobody: str, home_of_nobody: Path
) -> None:
    with as_nobody(python_of_nobody, "-c", HOLDER, home_of_nobody) as first:
        assert first.communicate() == ("", "")
    with EmbeddedPostgres(home_of_nobody) as server:
        query(server.url, "CREATE TABLE facts AS SELECT 'kept' AS fact")
        assert postmaster(home_of_nobody).uids().real == NOBODY.pw_uid
        look = "import psycopg; print(*psycopg.connect(server.url).execute('TABLE facts'))"
        with as_nobody(python_of_nobody, "-c", HOLDER + look, home_of_nobody) as second:
            assert second.communicate() == ("('kept',)\n", "")
        assert fact(server.url) == "kept"
    assert not pid_file(home_of_nobody).exists()


@needs_root
@pytest.mark.parametrize("name", ["short", "long" * 40])
def test_others_cannot_connect_to_the_server_of_root(home: Path, name: str) -> None:
    home = home.rename(home.parent / name)
    with EmbeddedPostgres(home) as server:
        assert postmaster(home).uids().real != 0
        with as_nobody(server.bin_path / "psql", server.url, "-c", "SELECT 1") as intruder:
            _, refusal = intruder.communicate()
    assert "Permission denied" in refusal


@needs_root
def test_the_home_of_another_user_is_refused(python_of_nobody: str, home: Path) -> None:
    with (
        EmbeddedPostgres(home),
        as_nobody(python_of_nobody, "-c", HOLDER, home) as intruder,
    ):
        _, refusal = intruder.communicate()
    assert "EmbeddedPostgresError: cannot use" in refusal
