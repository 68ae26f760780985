"""Fetching: pages into the log, cursors behind them, failures noted and waited out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onepool.channels import registry
from onepool.channels.base import (
    Account,
    Answer,
    Call,
    Channel,
    Cursor,
    Decoded,
    Manifest,
    Page,
    Pulling,
    Push,
    Setting,
    Stream,
    Token,
)
from onepool.channels.connection import Connection
from onepool.clock import Clock, FakeClock
from onepool.collect import pulls
from onepool.collect.accounts import Accounts
from onepool.collect.again import try_again
from onepool.collect.log import SqliteLog
from onepool.collect.touchpoint import Touchpoint
from onepool.state import State

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SHOP = Touchpoint("shop", "pinduoduo", settings={"key": "env:ONEPOOL_TEST_KEY"})
TITLE: dict[Any, str] = {"zh": "订单", "en": "Orders"}


def _orders(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    page = int(cursor.get("page", 0))
    while True:
        answer = yield Call("GET", account.url("api", "orders"), query={"page": str(page)}, idempotent=True)
        assert answer is not None
        found = answer.json()
        page += 1
        yield Page("orders", answer.body, {"page": page})
        if not found["more"]:
            return


def _attach(call: Call, token: str) -> Call:
    return Call(call.method, call.url, {**call.query, "token": token})


CHANNEL = Channel(
    Manifest(
        name="pinduoduo",
        title=TITLE,
        settings=(Setting(name="key", kind="secret", title=TITLE, required=True),),
        endpoints={"api": "http://platform.test"},
    ),
    read=lambda push: Decoded([], []),
    streams={"orders": Stream("orders", TITLE, _orders, every=600)},
    token=Token(
        call=lambda account: Call("POST", account.url("api", "token"), form={"key": account.text("key")}, token=False),
        read=lambda answer: (answer.json()["token"], 7200.0) if answer.status == 200 else None,
        attach=_attach,
        rejected=lambda answer: answer.status == 401,
    ),
)


class Platform:
    """Answers like one; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tokens = 0
        self.good = 1
        self.pages = 3
        self.answer: Callable[[httpx.Request], httpx.Response] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.url.path}?{request.url.query.decode()}")
        if self.answer is not None:
            return self.answer(request)
        if request.url.path == "/token":
            self.tokens += 1
            return httpx.Response(200, json={"token": f"t{self.tokens}"})
        if request.url.params["token"] != f"t{self.good}":
            return httpx.Response(401)
        page = int(request.url.params["page"])
        return httpx.Response(200, json={"page": page, "more": page + 1 < self.pages})


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    known = registry.channel
    monkeypatch.setenv("ONEPOOL_TEST_KEY", "k")
    monkeypatch.setattr(registry, "names", lambda: ("pinduoduo",))
    monkeypatch.setattr(registry, "channel", lambda name: CHANNEL if name == "pinduoduo" else known(name))
    return Platform()


class Place:
    def __init__(self, folder: Path, platform: Platform) -> None:
        self.clock = FakeClock(NOW)
        self.state = State.at(folder / "state.sqlite")
        self.log = SqliteLog(folder / "log.sqlite")
        self.touchpoints = {"shop": SHOP}

        def connect(channel: Channel, account: Account, clock: Clock) -> Connection:
            return Connection(channel, account, clock, httpx.Client(transport=httpx.MockTransport(platform)))

        self.puller = pulls.Puller(
            folder, self.state, self.log, self.clock, Accounts(folder), lambda: self.touchpoints, connect
        )

    def bodies(self) -> list[int]:
        return [json.loads(record.body)["page"] for record in self.log.read(0, 1000, 1 << 20)]


@pytest.fixture
def place(tmp_path: Path, platform: Platform) -> Iterator[Place]:
    made = Place(tmp_path, platform)
    yield made
    made.puller.close()
    made.log.close()
    made.state.close()


def test_pages_go_into_the_log_and_the_next_run_goes_on(place: Place, platform: Platform) -> None:
    (run,) = place.puller.sync("shop")
    assert (run.pages, run.error) == (3, "")
    assert place.bodies() == [0, 1, 2]
    (state,) = pulls.states(place.state)
    assert (state.cursor, state.failures, state.done_at) == ({"page": 3}, 0, NOW)
    platform.pages = 5
    (run,) = place.puller.sync("shop")
    assert place.bodies() == [0, 1, 2, 3, 4]
    assert platform.tokens == 1
    assert not any("k=" in asked for asked in platform.asked)


def test_a_rejected_token_is_fetched_anew_once(place: Place, platform: Platform) -> None:
    list(place.puller.sync("shop"))
    platform.good, platform.pages = 2, 4
    (run,) = place.puller.sync("shop")
    assert (run.pages, run.error, platform.tokens) == (1, "", 2)
    platform.good = 9
    (run,) = place.puller.sync("shop")
    assert run.error == "the platform answered 401"
    assert platform.tokens == 3


def test_failures_are_noted_and_waited_out_longer_each_time(place: Place, platform: Platform) -> None:
    platform.answer = lambda request: httpx.Response(503)
    waits = []
    for failures in range(1, 9):
        (run,) = place.puller.sync("shop")
        (state,) = pulls.states(place.state)
        assert run.error and state.failures == failures and state.next_at is not None
        waits.append((state.next_at - place.clock.now()) / timedelta(minutes=1))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert place.puller.due() == []
    place.clock.advance(timedelta(hours=1))
    assert [stream.name for _, stream in place.puller.due()] == ["orders"]
    platform.answer = None
    (run,) = place.puller.sync("shop")
    (state,) = pulls.states(place.state)
    assert (run.pages, state.failures, state.error) == (3, 0, "")


def test_what_failed_is_due_at_once_when_the_touchpoint_is_mended(place: Place, platform: Platform) -> None:
    platform.answer = lambda request: httpx.Response(403)
    for _ in range(3):
        list(place.puller.sync("shop"))
    assert place.puller.due() == []
    try_again(place.state, "other")
    assert place.puller.due() == []
    try_again(place.state, "shop")
    (state,) = pulls.states(place.state)
    assert (state.error, state.failures) == ("", 0)
    assert [stream.name for _, stream in place.puller.due()] == ["orders"]
    platform.answer = None
    list(place.puller.sync("shop"))
    try_again(place.state, "shop")  # what went well keeps its time
    assert place.puller.due() == []


def test_what_was_kept_before_a_failure_stays_and_is_not_fetched_again(place: Place, platform: Platform) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/orders" and request.url.params["page"] == "2":
            raise httpx.ReadTimeout("slow")
        platform.answer = None
        try:
            return platform(request)
        finally:
            platform.answer = broken

    platform.answer = broken
    (run,) = place.puller.sync("shop")
    assert run.pages == 2 and "does not answer" in run.error
    platform.answer = None
    list(place.puller.sync("shop"))
    assert place.bodies() == [0, 1, 2]


def test_what_was_left_off_stays_due_and_goes_on(place: Place, platform: Platform) -> None:
    stop = threading.Event()
    stop.set()
    platform.pages = 5
    run = place.puller.fetch(SHOP, CHANNEL.streams["orders"], stop)
    (state,) = pulls.states(place.state)
    assert (run.pages, state.done_at, state.next_at, state.failures) == (1, None, NOW, 0), "the server stopped"
    assert [stream.name for _, stream in place.puller.due()] == ["orders"]
    run = place.puller.fetch(SHOP, CHANNEL.streams["orders"], None, timedelta(0))
    (state,) = pulls.states(place.state)
    assert (run.pages, state.cursor, state.done_at, state.next_at) == (1, {"page": 2}, None, NOW), "its turn was over"
    list(place.puller.sync("shop"))
    (state,) = pulls.states(place.state)
    assert place.bodies() == [0, 1, 2, 3, 4] and state.done_at == NOW


def test_a_platform_that_does_not_answer_holds_up_no_other(place: Place, platform: Platform) -> None:
    place.touchpoints["second"] = Touchpoint("second", "pinduoduo", settings=SHOP.settings)
    stop, first, second = threading.Event(), threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        if not first.is_set():
            first.set()
            assert second.wait(30)
        platform.answer = None
        try:
            return platform(request)
        finally:
            platform.answer = slow

    platform.answer = slow
    thread = threading.Thread(target=place.puller.run, args=(stop,))
    thread.start()
    try:
        assert first.wait(30)
        for _ in range(3000):
            if any(one.done_at is not None for one in pulls.states(place.state)):
                break
            stop.wait(0.01)
        else:
            raise AssertionError("the other one was not fetched from")
    finally:
        second.set()
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_the_same_stream_is_not_run_twice_at_once(place: Place, platform: Platform, tmp_path: Path) -> None:
    runs: list[pulls.Run] = []

    def nested(request: httpx.Request) -> httpx.Response:
        platform.answer = None
        runs.extend(place.puller.sync("shop"))
        return platform(request)

    platform.answer = nested
    (run,) = place.puller.sync("shop")
    assert [one.error for one in runs] == ["it is being fetched already"]
    assert run.error == ""


def test_who_can_not_be_fetched_from_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulls.SyncError, match="no touchpoint"):
        list(place.puller.sync("nobody"))
    with pytest.raises(pulls.SyncError, match="no stream"):
        list(place.puller.sync("shop", "followers"))
    place.touchpoints["shop"] = Touchpoint("shop", "pinduoduo", settings=SHOP.settings, paused=True)
    assert place.puller.due() == []
    monkeypatch.delenv("ONEPOOL_TEST_KEY")
    place.touchpoints["shop"] = Touchpoint("shop", "pinduoduo", settings={"key": "env:ONEPOOL_TEST_KEY"})
    (run,) = place.puller.sync("shop")
    assert "ONEPOOL_TEST_KEY" in run.error


def test_push_of_a_channel_without_reader_waits(place: Place) -> None:
    assert CHANNEL.read is not None
    assert CHANNEL.read(Push("pull", "shop", {}, {}, b"")).items == []
    assert Answer(200, b"{").json() is None
