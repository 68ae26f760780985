"""`onepool user` and `onepool key`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onepool.cli import admin
from onepool.clock import SystemClock
from onepool.errors import OnePoolError
from onepool.privacy import api_keys, audit, users
from onepool.privacy.roles import Role
from onepool.workspace import Workspace, init_workspace

run = CliRunner()


@pytest.fixture
def brand(tmp_path: Path) -> Workspace:
    return init_workspace(tmp_path / "brand")


def call(app: object, brand: Workspace, *arguments: str, text: str | None = None) -> str:
    result = run.invoke(app, [*arguments, "--workspace", str(brand.root)], input=text)  # type: ignore[arg-type]
    if isinstance(result.exception, OnePoolError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_users(brand: Workspace) -> None:
    made = json.loads(call(admin.users, brand, "add", "Mei@brand.test", "--role", "analyst", "--name", "梅", "--json"))
    assert users.verify(brand.state, made["email"], made["password"]) is not None
    rows = json.loads(call(admin.users, brand, "list", "--json"))
    assert [(row["email"], row["name"], row["role"]) for row in rows] == [("mei@brand.test", "梅", "analyst")]
    output = call(admin.users, brand, "password", "mei@brand.test", "--password-stdin", text="a much better one\n")
    assert "a much better one" not in output
    assert users.verify(brand.state, "mei@brand.test", "a much better one") is not None
    call(admin.users, brand, "disable", "mei@brand.test")
    assert users.verify(brand.state, "mei@brand.test", "a much better one") is None
    assert {entry.action for _, entry in audit.trail(brand.state)} == {"user.add", "user.password", "user.disable"}


def test_wrong_use(brand: Workspace) -> None:
    for arguments, text in (
        (("add", "no address"), None),
        (("add", "a@b.test", "--password-stdin"), "short\n"),
        (("add", "a@b.test", "--password-stdin"), ""),
        (("password", "nobody@b.test"), None),
    ):
        with pytest.raises(OnePoolError):
            call(admin.users, brand, *arguments, text=text)
    with pytest.raises(OnePoolError):
        call(admin.keys, brand, "revoke", "7")


def test_keys(brand: Workspace) -> None:
    made = json.loads(call(admin.keys, brand, "add", "report", "--role", "engineer", "--json"))
    found = api_keys.find_key(brand.state, SystemClock(), made["key"])
    assert found is not None and found.role is Role.ENGINEER
    listed = call(admin.keys, brand, "list", "--json")
    assert made["key"] not in listed and json.loads(listed)[0]["last_used"]
    assert "revoked" in call(admin.keys, brand, "revoke", str(made["id"]))
    assert api_keys.find_key(brand.state, SystemClock(), made["key"]) is None
    assert "report" in call(admin.keys, brand, "list")
