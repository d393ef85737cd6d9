"""An executor of steps: a real HTTP server that answers as it is told, and keeps count."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

HANG_SECONDS = 30


@dataclass
class Executor:
    """What it answers next, and what it was asked; ``answers`` are statuses, or "hang"."""

    url: str
    answers: list[int | str]
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    correlations: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def executor(*answers: int | str) -> Iterator[Executor]:
    """Serve until the block ends; the last answer is given again and again."""
    executor = Executor("", list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            executor.asked.append(msgspec.json.decode(body))
            executor.keys.append(self.headers["Idempotency-Key"])
            executor.correlations.append(self.headers["X-Correlation-ID"])
            answers = executor.answers
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer == "hang":
                executor.ended.wait(HANG_SECONDS)
                return
            self.send_response(int(answer))
            content = b'{"records": 7}'
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    executor.url = f"http://127.0.0.1:{server.server_address[1]}/process"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield executor
    finally:
        executor.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
