"""Where nothing is sent to: neither written in another way, nor by a name that answers differently the next time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from tests.channels import cases

from onepool.channels import registry
from onepool.channels.base import Message, Receipt
from onepool.channels.base.destinations import forbidden
from onepool.channels.connection import Connection
from onepool.clock import FakeClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "host",
    [
        "64:ff9b::a9fe:a9fe", "[64:ff9b::169.254.169.254]", "2002:a9fe:a9fe::1", "::ffff:169.254.169.254",
        "::169.254.169.254", "64:ff9b::6464:64c8",
    ],
)  # fmt: skip
def test_an_address_within_an_address_is_that_address(host: str) -> None:
    assert forbidden(host)


def test_others_are_not() -> None:
    assert not any(forbidden(one) for one in ("64:ff9b::808:808", "2002:808:808::1", "127.0.0.1", "::1", "10.0.0.1"))


class _Asked(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.hosts.append(self.headers["host"])  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def server() -> Iterator[Any]:
    with HTTPServer(("127.0.0.1", 0), _Asked) as found:
        found.hosts = []  # type: ignore[attr-defined]
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def send(port: int) -> Receipt:
    url = f"http://hooks.brand.test:{port}/in"
    table = cases.Table("webhook", {"account": {"verify": "token", "secret": "x", "url": url}})
    connection = Connection(registry.channel("webhook"), table.account({}), FakeClock(NOW))
    try:
        return connection.send(Message("webhook", {"phone": "1"}, {}, "k"))
    finally:
        connection.close()


def test_a_name_is_looked_up_once_and_its_answer_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = socket.getaddrinfo, []

    def answers(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name != "hooks.brand.test":
            return real(host, port, *more, **named)
        asked.append(name)
        # The first time the brand's own address, then the cloud's (here: one that refuses).
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.99"
        return real(address, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with server() as there:
        assert send(there.server_port).state == "sent"
        assert there.hosts == [f"hooks.brand.test:{there.server_port}"]
    assert len(asked) == 1


def test_the_next_address_is_tried_where_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def answers(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host not in ("hooks.brand.test", b"hooks.brand.test"):
            return real(host, port, *more, **named)
        return real("127.0.0.99", port, *more, **named) + real("127.0.0.1", port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with server() as there:
        assert send(there.server_port).state == "sent"
        assert len(there.hosts) == 1


def test_a_name_without_an_address_is_not_asked_for_again() -> None:
    receipt = send(80)
    assert (receipt.state, receipt.reason) == ("retry", "transient")
    assert "has no address" in receipt.detail
