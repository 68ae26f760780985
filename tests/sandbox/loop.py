"""The sandbox in a test's own time: calls without a network, pushes given to whoever shall take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from onepool.channels import registry
from onepool.channels.base import Account, Message, Receipt, Request
from onepool.channels.connection import Connection
from onepool.clock import Clock, FakeClock
from onepool.sandbox import Sandbox, parse
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.wire import Asked

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
BASE = "http://127.0.0.1:8100"

SETTINGS: dict[str, dict[str, Any]] = {
    "wechat_oa": {"appid": "wx00000000000000aa", "secret": "s1", "token": "t1", "encoding_aes_key": KEY},
    "wechat_mini": {"appid": "wx00000000000000bb", "secret": "s2", "token": "t2", "encoding_aes_key": KEY,
                    "server_secret": "mine"},
    "wecom": {"corpid": "ww0000000000000001", "secret": "s3", "token": "t3", "encoding_aes_key": KEY},
    "youzan": {"client_id": "cid", "client_secret": "csecret-of-sixteen", "kdt_id": "55",
               "appid": "wx00000000000000aa"},
    "tmall": {"app_key": "33907741", "app_secret": "s4", "session": "sess", "shop": "shop-a", "member_scope": "brand"},
    "taobao": {"app_key": "33907742", "app_secret": "s5", "session": "sess5", "sign_method": "md5"},
    "jd": {"app_key": "AK", "app_secret": "SEC", "access_token": "AT"},
    "xiaohongshu": {"app_id": "APP", "app_secret": "xs", "access_token": "xt"},
    "webhook": {"verify": "hmac_sha256", "secret": "s6", "signature_in": "header:X-Signature",
                "url": f"{BASE}/webhook/in"},
}  # fmt: skip


def account(channel: str, name: str = "", **settings: Any) -> Account:
    """An account of a channel that uses the sandbox."""
    manifest = registry.channel(channel).manifest
    defaults = {one.name: one.default for one in manifest.settings if one.default is not None}
    return pointed(Account(name or channel, channel, {**defaults, **SETTINGS.get(channel, {}), **settings}))


def pointed(one: Account) -> Account:
    """An account whose endpoints are those of the sandbox, as `sandbox: true` makes them."""
    names = registry.channel(one.channel).manifest.endpoints
    return replace(one, endpoints={name: f"{BASE}/{one.channel}/{name}" for name in names})


def sandbox(*accounts: Account, clock: Clock | None = None, **scenario: Any) -> Sandbox:
    """A sandbox whose world has the test's time."""
    clock = clock or FakeClock(NOW)
    content = {"scenario": "test", "people": {"count": 0}, **scenario}
    return Sandbox(parse(content), accounts, clock, clock)


def client(box: Sandbox) -> httpx.Client:
    """An HTTP client whose other side is the sandbox."""

    def answer(request: httpx.Request) -> httpx.Response:
        parts = request.url.path.split("/", 3)
        asked = Asked(
            request.method,
            parts[2] if len(parts) > 2 else "",
            "/" + (parts[3] if len(parts) > 3 else ""),
            request.url.query.decode(),
            {name.lower(): value for name, value in request.headers.items()},
            request.read(),
            request.url.raw_path.partition(b"?")[0].decode(),
        )
        told, entry, _ = box.call(parts[1], asked)
        if entry.fault == "lost":
            raise httpx.ReadError("the answer broke off", request=request)
        return httpx.Response(told.status, content=told.body, headers={"content-type": told.content_type})

    return httpx.Client(transport=httpx.MockTransport(answer))


def connect(box: Sandbox, one: Account) -> Connection:
    """The real connection of an account, to the sandbox."""
    return Connection(registry.channel(one.channel), one, box.clock, client(box))


def send(box: Sandbox, one: Account, kind: str, to: Mapping[str, str], content: Mapping[str, Any], key: str) -> Receipt:
    """Send one message with a connection of its own."""
    return connect(box, one).send(Message(kind, to, content, key))


def request_of(outgoing: Outgoing) -> Request:
    """A push as the collector gives it to the channel."""
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    return Request(outgoing.method, outgoing.rest, outgoing.query, headers, outgoing.body, "127.0.0.1")


def pushes(box: Sandbox) -> list[Outgoing]:
    """What is to be pushed now; each is answered as the platform wants it."""
    found: list[Outgoing] = []

    def take(outgoing: Outgoing) -> tuple[int, bytes]:
        found.append(outgoing)
        return 200, b'{"code": 0, "success": true}' if b"{" in outgoing.body[:2] or b"[" in outgoing.body[:2] else b""

    box.deliver(take)
    return found


Taking = Callable[[Outgoing], tuple[int, bytes] | None]
