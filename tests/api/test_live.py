"""The live feed: order, bounds, and the stream over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from onepool.api.live import FeedFull, LiveFeed
from onepool.api.models.live import Applied, Missed, SegmentMoved
from onepool.api.routers import live
from onepool.privacy.roles import Role
from onepool.privacy.sessions import IDLE

from .conftest import NOW, World


@dataclass
class Tick:
    offset: int
    changes: list[tuple[int, str, str]] = field(default_factory=list)
    at: Any = NOW
    untold: dict[str, int] = field(default_factory=dict)


def test_messages_come_in_order_from_another_thread() -> None:
    async def run() -> list[Any]:
        feed = LiveFeed()
        client = feed.join()
        worker = threading.Thread(
            target=lambda: [feed.publish(Tick(n, [(n, "vip", "enter" if n % 2 else "exit")])) for n in range(1, 51)]
        )
        worker.start()
        worker.join()
        return await client.take(5)

    taken = asyncio.run(run())
    assert [m.customer_id for m in taken if isinstance(m, SegmentMoved)] == list(range(1, 51))
    assert [m.type for m in taken[:2]] == ["segment_entered", "segment_left"]
    # Of the offsets only the latest is of interest.
    assert [m.applied for m in taken if isinstance(m, Applied)] == [50]


def test_slow_client_is_told_what_it_missed() -> None:
    async def run() -> tuple[list[Any], list[Any]]:
        feed = LiveFeed(buffer=3)
        slow, quick = feed.join(), feed.join()
        feed.publish(Tick(1, [(n, "vip", "enter") for n in range(2)]))
        first = await quick.take(5)
        feed.publish(Tick(2, [(n, "vip", "enter") for n in range(5)]))
        return await slow.take(5), first + await quick.take(5)

    slow, quick = asyncio.run(run())
    assert [type(m) for m in slow] == [SegmentMoved] * 3 + [Missed, Applied]
    assert slow[3].count == 4
    assert sum(isinstance(m, SegmentMoved) for m in quick) == 5 and quick[-2].count == 2


def test_what_a_tick_leaves_out_counts_as_missed() -> None:
    async def run() -> list[Any]:
        feed = LiveFeed()
        watcher = feed.join("vip")
        feed.publish(Tick(1, [(1, "vip", "enter")], untold={"vip": 7, "other": 100}))
        return await watcher.take(5)

    moved, missed, _ = asyncio.run(run())
    assert (moved.customer_id, missed.count) == (1, 7)


def test_clients_are_bounded_and_gone_ones_forgotten() -> None:
    feed = LiveFeed(max_clients=2)

    async def run() -> None:
        feed.join()
        client = feed.join()
        with pytest.raises(FeedFull):
            feed.join()
        feed.leave(client)
        feed.join()

    asyncio.run(run())
    assert len(feed) == 2
    feed.publish(Tick(1))  # the loop of both is closed by now
    assert len(feed) == 0


def test_nothing_to_tell_is_an_empty_answer() -> None:
    async def run() -> list[Any]:
        return await LiveFeed().join().take(0.01)

    assert asyncio.run(run()) == []


class Stream:
    """A request to /live, driven by hand: the answer never ends by itself."""

    def __init__(self, world: World, cookies: dict[str, str], query: bytes = b"") -> None:
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.gone = asyncio.Event()
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/api/v1/live",
            "raw_path": b"/api/v1/live",
            "query_string": query,
            "headers": [(b"cookie", cookie.encode())],
            "client": ("203.0.113.7", 1),
            "server": ("onepool.test", 80),
            "root_path": "",
        }
        self.task = asyncio.create_task(world.app(scope, self.receive, self.sent.put))

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def next(self) -> Any:
        return await asyncio.wait_for(self.sent.get(), 10)

    async def data(self) -> list[dict[str, Any]]:
        body = (await self.next())["body"].decode()
        return [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]

    async def close(self) -> None:
        self.gone.set()
        await asyncio.wait_for(self.task, 10)


def test_stream(world: World) -> None:
    cookies = dict(world.signed_in(Role.MARKETER).cookies)

    async def run() -> None:
        stream = Stream(world, cookies, b"segment=vip")
        start = await stream.next()
        headers = dict(start["headers"])
        assert start["status"] == 200 and headers[b"content-type"].startswith(b"text/event-stream")
        assert (await stream.data())[0]["log_end"] == world.ws.log.end()
        world.feed.publish(Tick(8, [(1, "vip", "enter"), (3, "other", "enter")]))
        moved, applied = await stream.data()
        assert (moved["type"], moved["customer_id"], applied["applied"]) == ("segment_entered", 1, 8)
        assert len(world.feed) == 1
        await stream.close()
        assert len(world.feed) == 0

    asyncio.run(run())


def test_busy_stream_ends_with_the_session_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.2)
    cookies = dict(world.signed_in().cookies)

    async def run() -> None:
        stream = Stream(world, cookies)
        await stream.next()
        await stream.next()
        world.clock.advance(IDLE + timedelta(seconds=1))
        offset = 0
        while not stream.task.done():
            offset += 1
            world.feed.publish(Tick(offset))
            await asyncio.wait({stream.task}, timeout=0.02)
            assert offset < 500
        assert len(world.feed) == 0

    asyncio.run(run())


def test_stream_ends_with_the_session(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
    cookies = dict(world.signed_in().cookies)

    async def run() -> None:
        stream = Stream(world, cookies)
        await stream.next()
        await stream.next()
        assert (await stream.next())["body"].startswith(b":")
        world.clock.advance(IDLE + timedelta(seconds=1))
        while (await stream.next()).get("more_body"):
            pass
        await asyncio.wait_for(stream.task, 10)
        assert len(world.feed) == 0

    asyncio.run(run())
