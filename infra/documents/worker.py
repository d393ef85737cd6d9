"""``python -m infra.documents.worker``: a process that reads documents, and may be killed.

It takes requests from its input and answers them one by one. It ends with whoever asked: when its
input does, whatever it is doing.
"""

import os
import queue
import resource
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from application.documents.ports import RefusalCode, UnreadableDocumentError
from infra.documents.gate import inspect
from infra.documents.messages import (
    REQUESTS,
    Answer,
    AreYouThere,
    Inspect,
    Inspected,
    Read,
    ReadPages,
    Ready,
    Refused,
    Request,
    frame,
    read_frame,
)

MEMORY_VARIABLE = "ANNALS_READER_MEGABYTES"


def main() -> None:
    """Answer requests until the input ends."""
    _limit_memory(int(os.environ[MEMORY_VARIABLE]) * 1024 * 1024)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=[requests], daemon=True).start()
    answers.write(frame(Ready()))
    while True:
        answers.write(frame(_answer(requests.get())))


def _listen(requests: "queue.SimpleQueue[Request]") -> None:
    while (content := read_frame(sys.stdin.buffer)) is not None:
        requests.put(REQUESTS.decode(content))
    os._exit(0)


def _limit_memory(size: int) -> None:
    with suppress(ValueError):  # not every system limits the address space
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(request: Request) -> Answer:
    match request:
        case AreYouThere():
            return Ready()
        case Inspect():
            return _outcome(lambda: Inspected(inspect(Path(request.path), request.most_pages)))
        case Read():
            # Slow to import, and not needed to inspect.
            from infra.documents.tables import read_pages  # noqa: PLC0415

            return _outcome(lambda: ReadPages(tuple(read_pages(Path(request.path), request.pages))))


def _outcome(do: Callable[[], Answer]) -> Answer:
    try:
        return do()
    except UnreadableDocumentError as error:
        return Refused(error.code, error.message)
    except MemoryError:
        return Refused(RefusalCode.RESOURCE_LIMIT, "Reading the PDF takes more memory than it may")
    except Exception:  # noqa: BLE001 - a damaged file makes the libraries raise whatever they like
        return Refused(RefusalCode.CORRUPT_PDF, "The PDF is damaged, and its tables cannot be read")


if __name__ == "__main__":
    main()
