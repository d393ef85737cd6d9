"""Has imported Annals once, and forks a process of it for whoever asks: see `tests.starting`.

It serves the socket whose descriptor is its argument, for as long as its standard input is open.
Who connects sends a `Start` with three descriptors, and is told the process id and, once that has
ended, how: each an integer of `NUMBER_BYTES`. What is forked is a process like any other, except
that /proc shows the server's command line and environment, and that passwords are hashed lightly.
"""

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

NUMBER_BYTES = 8
MOST_BYTES = 1 << 20


class Start(msgspec.Struct):
    """What to start: the arguments, of which the first is the program, and where."""

    arguments: list[str]
    environment: dict[str, str]
    directory: str
    leads_session: bool


def next_who_asks() -> socket.socket:
    """Fork for each who asks until standard input ends, and exit; return in the children alone."""
    with (
        socket.socket(fileno=int(sys.argv[1])) as listener,
        told_of_ends() as ends,
        selectors.DefaultSelector() as selector,
    ):
        for source in (sys.stdin, listener, ends):
            selector.register(source, selectors.EVENT_READ)
        asked: dict[int, socket.socket] = {}
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if ends in ready:
                ends.recv(MOST_BYTES)
                tell_ends(asked)
            if sys.stdin in ready:
                sys.exit()
            if listener in ready:
                connection, _ = listener.accept()
                child = os.fork()
                if child == 0:
                    for other in asked.values():
                        other.close()
                    return connection
                asked[child] = connection


@contextlib.contextmanager
def told_of_ends() -> Iterator[socket.socket]:
    """Give a socket that can be read when a child has ended; signals are as usual after it."""
    ends, heard = socket.socketpair()
    heard.setblocking(False)
    with ends, heard:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(heard.fileno(), warn_on_full_buffer=False)
        yield ends
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def tell_ends(asked: dict[int, socket.socket]) -> None:
    """Tell those who asked for a process that has ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                break
            with asked.pop(child) as connection:
                tell(connection, os.waitstatus_to_exitcode(status))


def tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # who asked may have ended
        connection.sendall(number.to_bytes(NUMBER_BYTES, signed=True))


def become_what_is_asked_for(connection: socket.socket) -> None:
    """Take over all that a new program would find."""
    message, streams, _, _ = socket.recv_fds(connection, MOST_BYTES, 3)
    while more := connection.recv(MOST_BYTES):
        message += more
    start = msgspec.json.decode(message, type=Start)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if start.leads_session:
        os.setsid()
    os.chdir(start.directory)
    os.environ.clear()
    os.environ.update(start.environment)
    time.tzset()
    sys.argv = start.arguments


if __name__ == "__main__":
    gc.disable()
    import interfaces.cli.main  # noqa: F401 - what takes the time
    from interfaces.cli.entry import main
    from tests.hashing import hash_lightly

    [_] = Path("/proc/self/task").iterdir()  # any other thread would be missing in what is forked
    hash_lightly()
    __package__ = ""  # so that usage does not call the program a module
    with next_who_asks() as asking:
        become_what_is_asked_for(asking)
        tell(asking, os.getpid())
    main()
