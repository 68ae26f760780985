"""A workspace with three customers and a signed-in browser."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from onepool.api.app import create_app
from onepool.api.live import LiveFeed
from onepool.clock import FakeClock
from onepool.layout import columns_of
from onepool.pool import DuckDBEngine, schema, views
from onepool.privacy import users
from onepool.privacy.roles import Role
from onepool.privacy.users import create_user
from onepool.standards import load_standard
from onepool.workspace import Workspace, init_workspace

from . import people
from .routes import kept_routes as kept_routes

PASSWORD = "correct horse battery"
PERSONAL = frozenset({"phone", "email", "receiver_phone", "latitude"})
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@dataclass
class Browser:
    """Requests of one browser: keeps cookies, sends the console's header."""

    app: Any
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    headers: dict[str, str] = field(default_factory=lambda: {"X-OnePool": "1"})
    address: str = "203.0.113.7"

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, client=(self.address, 4711))
            headers = {**self.headers, **options.pop("headers", {})}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://onepool.test", cookies=self.cookies, headers=headers
            ) as client:
                response = await client.request(method, path, **options)
                self.cookies = client.cookies
                return response

        return asyncio.run(send())

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.request("GET", path, **({"params": params} if params else {}))

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, json=body, **options)

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.request("PUT", path, json=body)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


@dataclass
class World:
    """A workspace, its app, and ways in."""

    ws: Workspace
    clock: FakeClock
    feed: LiveFeed
    app: Any

    def browser(self) -> Browser:
        return Browser(self.app)

    def user(self, role: Role) -> str:
        """Make a user of that role; the e-mail address."""
        email = f"{role.value}@brand.test"
        create_user(self.ws.state, self.clock, email=email, name=role.value, role=role, password=PASSWORD)
        return email

    def signed_in(self, role: Role = Role.ADMIN) -> Browser:
        self.user(role)
        return self.signed_in_again(role)

    def signed_in_again(self, role: Role = Role.ADMIN) -> Browser:
        browser = self.browser()
        answer = browser.post("/api/v1/session", {"email": f"{role.value}@brand.test", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return browser


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Password hashes that cost next to nothing; that the real ones cost enough is tested with the accounts."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "_hasher", hasher)
    nobody = hasher.hash("nobody")
    monkeypatch.setattr(users, "_nobody", lambda: nobody)


@functools.cache
def _made_pool(filled: bool) -> bytes:
    """A pool's file with tables and views, with the three customers when `filled`: made once, copied for each test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.duckdb"
        pool = DuckDBEngine(path, threads=1)
        columns = columns_of(load_standard())
        with pool.write() as session:
            schema.create(session, columns)
            views.create(session, columns, {"product": {"name": "VARCHAR"}}, PERSONAL)
            if filled:
                people.fill_pool(session)
        pool.close()
        return path.read_bytes()


@pytest.fixture
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A new workspace without anything."""
    clock = FakeClock(NOW)
    ws = init_workspace(tmp_path / "brand", clock=clock)
    # Whoever asks for `world` beside this one has its customers.
    pool = tmp_path / "brand.duckdb"
    pool.write_bytes(_made_pool("world" in request.fixturenames))
    ws.pool = DuckDBEngine(pool, ws.settings.time_zone, threads=1)
    feed = LiveFeed()
    yield World(ws, clock, feed, create_app(ws, feed, clock))
    ws.close()


@pytest.fixture
def world(empty: World) -> World:
    """The workspace with three customers in it."""
    people.define(empty.ws)
    return empty
