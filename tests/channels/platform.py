"""A platform's server on loopback: answers by path, remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answering = Callable[["Asked"], Any]


@dataclass(frozen=True)
class Asked:
    """One call that arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass
class Platform:
    """``answers``: by the end of the path, what to answer as JSON, or a function that makes it."""

    answers: dict[str, Any]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def calls(self, ending: str) -> list[Asked]:
        return [one for one in self.asked if one.path.endswith(ending)]


@contextmanager
def running_platform(answers: dict[str, Any]) -> Iterator[Platform]:
    platform = Platform(answers)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            parts = urlsplit(self.path)
            form = "form" in (self.headers.get("content-type") or "")
            body = dict(parse_qsl(raw.decode())) if form else json.loads(raw) if raw else None
            asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), body)
            platform.asked.append(asked)
            answer = next((one for end, one in platform.answers.items() if parts.path.endswith(end)), None)
            body = json.dumps(answer(asked) if callable(answer) else answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _serve

        def log_message(self, *args: Any) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
