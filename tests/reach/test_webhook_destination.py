"""Rows posted to a webhook: in batches, signed, with the same keys when a run is repeated."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from onepool.reach import posts

from .test_destinations import BODY, World, world

__all__ = ["world"]


class Receiver(HTTPServer):
    """Takes requests and answers ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.taken: list[tuple[dict[str, str], Any]] = []
        self.limit = 0
        """Requests taken before each 429, which says to come again after ``after`` seconds; 0: no limit."""
        self.after = 1


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.limit and len(self.server.taken) % (self.server.limit + 1) == self.server.limit:
            self.server.taken.append(({}, None))
            self.send_response(429)
            self.send_header("retry-after", str(self.server.after))
            self.send_header("content-length", "0")
            self.end_headers()
            return
        self.server.taken.append(({key.lower(): value for key, value in self.headers.items()}, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_rows_are_posted_in_parts_that_keep_their_keys(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(world, receiver, monkeypatch, batch=2, mode="changes")
    receiver.status = 503
    assert "part 0 of 2 was not taken" in world.run().error
    receiver.status = 200
    world.sql("UPDATE profiles SET city = '北京' WHERE customer_id = 1")
    assert world.good().rows == 3
    keys = [headers["idempotency-key"] for headers, _ in receiver.taken]
    assert keys == ["crm-1-0", "crm-1-0", "crm-1-1"]
    assert all(headers["x-onepool-signature"].startswith("t=") for headers, _ in receiver.taken)
    first = receiver.taken[1][1]["content"]["body"]
    assert [row["customer_id"] for row in first["upsert"]] == [1, 2] and first["upsert"][0]["city"] == "上海"
    assert world.good().rows == 1, "what changed between the tries goes out after, under a key of its own"
    assert receiver.taken[-1][1]["content"]["body"]["upsert"][0]["city"] == "北京"
    world.sql("DELETE FROM customer_of WHERE customer_id = 1")
    assert world.good().gone == 1
    assert receiver.taken[-1][1]["content"]["body"]["delete"] == [{"customer_id": 1}]


def connected(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, *, batch: int = 1, mode: str = "full"
) -> None:
    monkeypatch.setenv("ONEPOOL_TEST_SECRET", "shared")
    settings = {
        "verify": "token", "secret": "env:ONEPOOL_TEST_SECRET",
        "url": f"http://127.0.0.1:{receiver.server_address[1]}/in",
    }  # fmt: skip
    world.ws.save("touchpoint", "partner", {"channel": "webhook", "settings": settings}, author="test")
    world.save(**{**BODY, "to": {"kind": "webhook", "touchpoint": "partner", "batch": batch}, "mode": mode})


def test_a_receiver_that_asks_to_wait_is_waited_for(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(world, receiver, monkeypatch)
    waited: list[float] = []
    monkeypatch.setattr(posts.write, "__kwdefaults__", {**(posts.write.__kwdefaults__ or {}), "wait": waited.append})
    receiver.limit = 1
    assert world.good().rows == 3
    keys = [headers["idempotency-key"] for headers, content in receiver.taken if content]
    assert (keys, waited) == (["crm-1-0", "crm-1-1", "crm-1-2"], [1.0, 1.0])


def test_a_run_under_a_limit_goes_on_where_it_was_stopped(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(world, receiver, monkeypatch)
    receiver.limit, receiver.after = 1, 3600
    assert "part 1 of 3" in world.run().error
    assert "part 2 of 3" in world.run().error
    assert world.good().rows == 3
    keys = [headers["idempotency-key"] for headers, content in receiver.taken if content]
    assert keys == ["crm-1-0", "crm-1-1", "crm-1-2"]
    receiver.limit = 0
    assert world.good().rows == 3
    assert [headers["idempotency-key"] for headers, _ in receiver.taken[-3:]] == ["crm-2-0", "crm-2-1", "crm-2-2"]
