from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.server import Commands, Server, admin_in, environment, serving
from tests.e2e.shop import open_shop

from onepool.workspace import init_workspace


@dataclass(frozen=True)
class Brand:
    """The workspace of the small brand and its admin."""

    commands: Commands
    email: str
    password: str


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of all commands of this test run."""
    base = tmp_path_factory.getbasetemp()
    return environment((base.parent if base.name.startswith("popen-") else base) / "compiled")


@pytest.fixture(scope="session")
def brand(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Brand:
    """Made once by the real `init`; definitions and people come in as `apply` and `import` do it."""
    folder = tmp_path_factory.mktemp("brand")
    commands = Commands(folder / "ws", env)
    email, password = admin_in(commands.run("init", str(commands.root), folder=False))
    open_shop(commands.root, folder)
    return Brand(commands, email, password)


@pytest.fixture(scope="session")
def server(brand: Brand) -> Iterator[Server]:
    """The real server over that workspace, started once."""
    with serving(brand.commands) as running:
        yield running


@pytest.fixture
def bare(tmp_path: Path, env: dict[str, str]) -> Commands:
    """A workspace of one test alone: one touchpoint, one segment, nobody in it, no admin yet."""
    workspace = init_workspace(tmp_path / "ws")
    workspace.save("touchpoint", "shop", {"channel": "web", "title": "shop", "write_key": "wk_bare"}, author="test")
    segment = {"segment": "in_cart", "title": "cart", "condition": {"did": "cart_added", "within": {"last": "7 days"}}}
    workspace.save("segment", "in_cart", segment, author="test")
    workspace.close()
    return Commands(tmp_path / "ws", env)
