from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, Browser, sync_playwright
from tests.e2e.console import MILLISECONDS, SignedIn, launch, opened
from tests.e2e.server import Commands, Server, admin_in, environment, serving
from tests.e2e.shop import open_shop

from onepool.workspace import init_workspace


@dataclass(frozen=True)
class Brand:
    """A workspace (of the small brand, where a module says nothing else) and its admin."""

    commands: Commands
    email: str
    password: str


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of all commands of this test run."""
    base = tmp_path_factory.getbasetemp()
    return environment((base.parent if base.name.startswith("popen-") else base) / "compiled")


@pytest.fixture(scope="package")
def brand(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Brand:
    """Made once by the real `init`; definitions and people come in as `apply` and `import` do it."""
    folder = tmp_path_factory.mktemp("brand")
    commands = Commands(folder / "ws", env)
    email, password = admin_in(commands.run("init", str(commands.root), folder=False))
    open_shop(commands.root, folder)
    return Brand(commands, email, password)


# It is gone before the tests of other folders run: even a server that rests looks around now and then.
@pytest.fixture(scope="package")
def server(brand: Brand) -> Iterator[Server]:
    """The real server over that workspace, started once."""
    with serving(brand.commands) as running:
        yield running


# Not longer than this folder: while Playwright runs, its event loop is in the way of tests that run their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser without a window; `signed_in` gives people in it."""
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="module")
def session(browser: Browser, server: Server, brand: Brand) -> Any:
    """The admin's session, as the browser keeps it."""
    context = browser.new_context(base_url=server.url)
    context.set_default_timeout(MILLISECONDS)
    credentials = {"email": brand.email, "password": brand.password}
    answer = context.request.post("/api/v1/session", data=credentials, headers={"X-OnePool": "1"})
    assert answer.ok, answer.text()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def signed_in(browser: Browser, server: Server, session: Any) -> SignedIn:
    """A browser of the admin: `with signed_in() as console`."""
    return lambda **options: opened(browser, server.url, state=session, **options)


@pytest.fixture(scope="module")
def api(browser: Browser, server: Server, session: Any) -> Iterator[APIRequestContext]:
    """The admin's own calls."""
    context = browser.new_context(base_url=server.url, storage_state=session)
    context.set_default_timeout(MILLISECONDS)
    yield context.request
    context.close()


@pytest.fixture
def bare(tmp_path: Path, env: dict[str, str]) -> Commands:
    """A workspace of one test alone: one touchpoint, one segment, nobody in it, no admin yet."""
    workspace = init_workspace(tmp_path / "ws")
    workspace.save("touchpoint", "shop", {"channel": "web", "title": "shop", "write_key": "wk_bare"}, author="test")
    segment = {"segment": "in_cart", "title": "cart", "condition": {"did": "cart_added", "within": {"last": "7 days"}}}
    workspace.save("segment", "in_cart", segment, author="test")
    workspace.close()
    return Commands(tmp_path / "ws", env)
