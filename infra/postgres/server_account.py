"""The account that PostgreSQL runs as, which refuses to run as root, and the paths open to it."""

import os
import pwd
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

NAME = "pgserver"
NAME_IN_USE = 9
READ_AND_ENTER = stat.S_IROTH | stat.S_IXOTH


class Account(NamedTuple):
    """A user and a group of the operating system."""

    uid: int
    gid: int


def server_account(home: Path, data: Path) -> Account | None:
    """Tell whom the server runs as if that cannot be ourselves.

    For root that is the owner of the data, else the owner of the home, else an account that is
    made for it. Raises OSError if it cannot be made.
    """
    if os.geteuid() != 0:
        return None
    version = data / "PG_VERSION"
    if version.exists():
        owner = version.stat()
        return Account(owner.st_uid, owner.st_gid)
    with suppress(KeyError):
        entry = pwd.getpwuid(home.stat().st_uid)
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    return _made_account()


def let_enter(account: Account, path: Path) -> None:
    """Let the account through to a directory, by what others may do on the way, if not its own."""
    if path.stat().st_uid == account.uid:
        return
    for directory in (path, *path.parents):
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            directory.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_use(account: Account, tools: Path) -> None:
    """Let the account run the tools of an installation that a strict umask kept for root."""
    let_enter(account, tools)
    if (tools / "postgres").stat().st_mode & READ_AND_ENTER != READ_AND_ENTER:
        for path in (tools.parent, *tools.parent.rglob("*")):
            path.chmod(stat.S_IMODE(path.stat().st_mode) | READ_AND_ENTER)


def _made_account() -> Account:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        made = subprocess.run(  # noqa: S603 - constants only
            ["/usr/sbin/useradd", "--system", "--no-create-home", NAME],
            check=False,
            capture_output=True,
            text=True,
        )
        if made.returncode not in (0, NAME_IN_USE):
            message = f"cannot make the account {NAME} for PostgreSQL: {made.stderr.strip()}"
            raise OSError(message) from None
        entry = pwd.getpwnam(NAME)
    return Account(entry.pw_uid, entry.pw_gid)
