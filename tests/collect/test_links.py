"""Short links: codes nobody guesses, redirects that nobody steers, clicks on disk before the redirect."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clients.server import Running, running_collector

from onepool.clock import FakeClock
from onepool.collect import links
from onepool.collect.clicks import Clicks, machine
from onepool.collect.links import CODE, Finder, Link, LinkError, LinksBusy, NewLink
from onepool.collect.log import LogUnavailable, NewRecord
from onepool.state import State

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PHONE = ("phone", "", "+8613811110000")
SHOP = NewLink("https://shop.example/p?id=1&b=中", "sms", "sms", PHONE, "900^0", "spring")
BROWSER = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.40"}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State.at(tmp_path / "state.sqlite")
    yield made
    made.close()


def _make(state: State, *new: NewLink, **options: Any) -> list[str]:
    with state.write() as connection:
        return links.make(connection, list(new), options.pop("now", NOW), **options)


def test_codes_are_of_their_own_and_evenly_spread(state: State) -> None:
    codes = _make(state, *[SHOP] * 5000)
    assert len(set(codes)) == 5000
    assert all(CODE.fullmatch(code) and len(code) == 8 for code in codes)
    counts = Counter("".join(codes))
    assert len(counts) == 62
    # 40,000 letters, 645 of each expected: six standard deviations are 152.
    assert all(abs(count - 645) < 152 for count in counts.values())


def test_a_code_that_somebody_has_is_not_given_again(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = _make(state, SHOP)
    drawn = iter([[first, "AAAAAAAA", "AAAAAAAA"], ["BBBBBBBB", first], ["CCCCCCCC"]])
    monkeypatch.setattr(links, "_random_codes", lambda count, length: next(drawn))
    assert _make(state, SHOP, SHOP, SHOP) == ["AAAAAAAA", "BBBBBBBB", "CCCCCCCC"]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "ftp://a.example/", "//a.example/x", "/x", "", "data:text/html,x", "https://", "http:///x",
     "https://good.example@evil.example/", "https://a.example/" + "x" * 2048, "https://a.example/\r\nSet-Cookie: a=b",
     "https://a b.example/", "https://[::1/"],
)  # fmt: skip
def test_a_link_leads_to_web_pages_only(state: State, url: str) -> None:
    with pytest.raises(LinkError):
        _make(state, NewLink(url, "sms", "sms"))
    with state.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM short_links").scalar_one() == 0


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://shop.example/p?id=1&b=中#x", "https://shop.example/p?id=1&b=%E4%B8%AD#x"),
        ("http://商城.example/路", "http://xn--czru2d.example/%E8%B7%AF"),
        (" https://a.example ", "https://a.example"),
    ],
)
def test_addresses_are_stored_as_they_are_sent(url: str, sent: str) -> None:
    assert links.check_url(url) == sent


def test_what_is_kept_of_a_link_and_how_it_ends(state: State) -> None:
    first, second = _make(state, SHOP, NewLink("https://b.example/", "sms", "sms"), lifetime=timedelta(days=2))
    with state.write() as connection:
        links.note_arrivals(connection, [("900^0", NOW + timedelta(seconds=9)), ("", NOW)])
    with state.read() as connection:
        one, other = links.find(connection, first), links.find(connection, second)
    assert one is not None and other is not None
    assert (one.id, one.message_id, one.campaign, one.created) == (PHONE, "900^0", "spring", NOW)
    assert (one.expires, one.arrived) == (NOW + timedelta(days=2), NOW + timedelta(seconds=9))
    assert other.arrived is None
    with state.write() as connection:
        links.forget(connection, [PHONE])
        assert links.find(connection, first) is None
        assert links.expire(connection, NOW + timedelta(days=2)) == 0
        assert links.expire(connection, NOW + timedelta(days=2, seconds=1)) == 1


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def server(tmp_path: Path, state: State, clock: FakeClock) -> Iterator[Running]:
    with running_collector(tmp_path, clock=clock, links=Finder(lambda: state, clock)) as running:
        yield running


def test_a_click_is_on_disk_and_leads_where_it_was_meant(server: Running, state: State, clock: FakeClock) -> None:
    (code,) = _make(state, SHOP)
    clock.advance(timedelta(minutes=5))
    answer = httpx.get(f"{server.url}/l/{code}?url=https://evil.example/&next=//evil.example", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example/p?id=1&b=%E4%B8%AD")
    assert answer.headers["cache-control"] == "no-store, private"
    assert answer.headers["referrer-policy"] == "no-referrer"
    (record,) = server.records()
    assert (record.touchpoint, record.protocol, record.received_at) == ("sms", "click", clock.now())
    (item,) = server.items()
    assert (item.kind, item.name, item.ids) == ("event", "message_clicked", [PHONE])
    assert item.fields == {
        "message_id": "900^0", "message_channel": "sms", "link_url": "https://shop.example/p?id=1&b=%E4%B8%AD",
        "campaign": "spring", "bot": False, "user_agent": BROWSER["user-agent"], "ip": "127.0.0.1",
    }  # fmt: skip


def test_links_that_are_none_or_have_ended(server: Running, state: State, clock: FakeClock) -> None:
    (code,) = _make(state, SHOP, lifetime=timedelta(hours=1))
    for path in (
        "AAAAAAAA",
        "short",
        "https:%2F%2Fevil.example",
        "..%2F..%2Fetc%2Fpasswd",
        "",
        "%00",
        code + "/x",
        code + "0",
    ):
        answer = httpx.get(f"{server.url}/l/{path}", headers=BROWSER)
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
        assert "失效" in answer.text
    assert httpx.get(f"{server.url}/l/{code}", headers=BROWSER).status_code == 302
    clock.advance(timedelta(hours=1))
    assert httpx.get(f"{server.url}/l/{code}", headers=BROWSER).status_code == 404
    assert len(server.records()) == 1


def test_machines_are_kept_with_a_mark(server: Running, state: State, clock: FakeClock) -> None:
    (code,) = _make(state, SHOP)
    assert httpx.post(f"{server.url}/l/{code}").status_code == 405
    head = httpx.head(f"{server.url}/l/{code}", headers=BROWSER)
    assert (head.status_code, head.content) == (302, b"")
    assert httpx.get(f"{server.url}/l/{code}", headers=BROWSER).status_code == 302
    clock.advance(timedelta(seconds=10))
    httpx.get(f"{server.url}/l/{code}", headers={**BROWSER, "sec-purpose": "prefetch;prerender"})
    httpx.get(f"{server.url}/l/{code}")
    httpx.get(f"{server.url}/l/{code}", headers=BROWSER)
    assert [item.fields.get("bot_reason") for item in server.items()] == ["head", "soon", "prefetch", "agent", None]
    assert [item.fields["bot"] for item in server.items()] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("agent", "why"),
    [
        (BROWSER["user-agent"], ""),
        ("Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) Chrome/120 Mobile Safari/537.36", ""),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "agent"),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", "agent"),
        ("WhatsApp/2.23", "agent"),
        ("TelegramBot (like TwitterBot)", "agent"),
        ("okhttp/4.9", "agent"),
        ("", "agent"),
    ],
)
def test_known_machines(agent: str, why: str) -> None:
    link = Link("https://a.example/", "sms", "sms", created=NOW)
    assert machine("GET", {"user-agent": agent}, NOW + timedelta(minutes=1), link) == why


def test_a_click_right_after_the_delivery_is_a_scanners() -> None:
    link = Link("https://a.example/", "sms", "sms", created=NOW, arrived=NOW + timedelta(minutes=10))
    assert machine("GET", BROWSER, NOW + timedelta(minutes=10, seconds=2), link) == "soon"
    assert machine("GET", BROWSER, NOW + timedelta(minutes=10, seconds=3), link) == ""


async def _ask(app: Any, path: str) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await app(scope, receive, send)
    return sent


class _Full:
    """A log whose disk is full."""

    async def append(self, record: NewRecord) -> int:
        raise LogUnavailable("the disk is full")


def test_people_arrive_when_clicks_cannot_be_kept(state: State, clock: FakeClock) -> None:
    (code,) = _make(state, SHOP)
    app = Clicks(None, _Full(), Finder(lambda: state, clock), clock)  # type: ignore[arg-type]
    start, _ = asyncio.run(_ask(app, f"/l/{code}"))
    assert start["status"] == 302


def test_a_state_that_cannot_be_read_is_said_and_not_remembered(state: State, clock: FakeClock) -> None:
    (code,) = _make(state, SHOP)
    states: list[Any] = [OSError("gone"), state]

    def opened() -> State:
        found = states.pop(0)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, State)
        return found

    app = Clicks(None, _Full(), Finder(opened, clock), clock)  # type: ignore[arg-type]

    async def twice() -> list[int]:
        return [(await _ask(app, f"/l/{code}"))[0]["status"] for _ in range(2)]

    assert asyncio.run(twice()) == [503, 302]


def test_what_was_looked_up_is_remembered_for_a_while_and_asked_once(state: State, clock: FakeClock) -> None:
    (code,) = _make(state, SHOP)
    opened: list[int] = []

    def counted() -> State:
        opened.append(1)
        return state

    async def many() -> None:
        finder = Finder(counted, clock)
        found = await asyncio.gather(*(finder.find(code) for _ in range(50)))
        assert all(link is not None for link in found) and len(opened) == 1
        for _ in range(3):
            assert await finder.find("AAAAAAAA") is None
        assert len(opened) == 2
        clock.advance(timedelta(seconds=31))
        assert await finder.find(code) is not None
        assert len(opened) == 3
        small = Finder(counted, clock, size=2, waiting=1)
        asked = [asyncio.create_task(small.find(one)) for one in ("AAAAAAA1", "AAAAAAA2")]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in results] == [type(None), LinksBusy]

    asyncio.run(many())
