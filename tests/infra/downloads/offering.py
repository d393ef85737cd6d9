"""A real server that offers a file, answers as it is told and keeps what it was asked."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PDF = b"%PDF-1.7\n" + b"a row of the sheet\n" * 1000 + b"%%EOF\n"


class Answer(NamedTuple):
    """What is answered; ``length`` is what is said of it, if that is not so."""

    status: int = 200
    body: bytes = PDF
    headers: Mapping[str, str] = {}
    length: int | None = None
    endless: bool = False


@dataclass
class Offering:
    """Answers by path, of which the last one repeats."""

    port: int = 0
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/sheet.pdf", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def answer(self, path: str) -> Answer:
        answers = self.answers.get(path, [Answer()])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextlib.contextmanager
def offering() -> Iterator[Offering]:
    """Offer until the block ends."""
    offered = Offering()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            offered.asked.append((self.path, headers))
            self.close_connection = True
            with contextlib.suppress(OSError):
                self._answer(offered.answer(self.path))

        def _answer(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.endless:
                self.end_headers()
                while not offered.ended.is_set():
                    self.wfile.write(PDF)
            self.send_header("Content-Length", str(answer.length or len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    offered.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield offered
    finally:
        offered.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
