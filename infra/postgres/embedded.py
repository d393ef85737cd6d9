"""PostgreSQL without an operator: one server per home, shared by all that hold it open.

Who holds it open only the kernel knows for certain: each holder keeps a shared lock on
`postgres.users`, which is freed however the holder ends. Starting, joining, leaving and stopping
happen one at a time, under `postgres.lock`; who leaves and can then lock `postgres.users`
exclusively is the last, and stops the server. A server whose last holder was killed runs on until
the next one has come and gone.
"""

import atexit
import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from infra.postgres.cluster import Cluster, EmbeddedPostgresError

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]


class EmbeddedPostgres:
    """A PostgreSQL 18 in a data directory, shared by every process that holds one open.

    A forked child holds nothing: it may use the URL for as long as its parent holds.
    """

    def __init__(self, home: Path) -> None:
        self._home = home.expanduser().resolve()
        self._cluster = Cluster(self._home)
        self._users: int | None = None
        self._url: str | None = None
        _instances.add(self)

    @property
    def url(self) -> str:
        """The URL of the database; raises EmbeddedPostgresError unless open."""
        if self._url is None:
            message = f"the PostgreSQL of {self._home} is not open"
            raise EmbeddedPostgresError(message)
        return self._url

    @property
    def bin_path(self) -> Path:
        """The directory of the bundled PostgreSQL tools."""
        return self._cluster.bin_path

    def open(self) -> str:
        """Start the server or join it, and return the URL of a database that answers.

        Opening again revives a server that died. Raises EmbeddedPostgresError.
        """
        _forget_other_servers()
        with self._turn():
            if self._users is None:
                self._users = self._lock("postgres.users", fcntl.LOCK_SH)
            try:
                self._url = url = self._cluster.ensure_running()
            except BaseException:
                self._leave()
                raise
        atexit.register(self.close)
        return url

    def close(self) -> None:
        """Leave; the last to leave stops the server. Raises EmbeddedPostgresError."""
        atexit.unregister(self.close)
        if self._users is not None:
            with self._turn():
                self._leave()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def forget(self) -> None:
        """Let go, in a forked child, of what its parent holds."""
        if self._users is not None:
            os.close(self._users)
            self._users = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            self._home.mkdir(0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            turn = self._lock("postgres.lock", fcntl.LOCK_EX)
            try:
                yield
            finally:
                _unlock(turn)
        except OSError as error:
            message = f"cannot use {self._home}: {error}"
            raise EmbeddedPostgresError(message) from error

    def _leave(self) -> None:
        users, self._users, self._url = self._users, None, None
        if users is None:
            return
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            self._cluster.stop()
        finally:
            _unlock(users)

    def _lock(self, name: str, kind: int) -> int:
        """Open and lock a file of the home, which root leaves usable to the home's owner."""
        lock = os.open(self._home / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            owner = self._home.stat()
            os.fchown(lock, owner.st_uid, owner.st_gid)
        fcntl.flock(lock, kind)
        return lock


def _forget_other_servers() -> None:
    """Take away what libpq would mix into every connection, like PGSERVICE and PGOPTIONS."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def _unlock(lock: int) -> None:
    """Free a lock even if a fork on its way to an exec has a copy of its descriptor."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)


_instances: weakref.WeakSet[EmbeddedPostgres] = weakref.WeakSet()


def _forget_all() -> None:
    for instance in _instances:
        instance.forget()


os.register_at_fork(after_in_child=_forget_all)
