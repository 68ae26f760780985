"""`onepool consent …` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onepool.cli import app
from onepool.clock import SystemClock
from onepool.errors import OnePoolError

from .conftest import PHONE, Brand


def run(brand: Brand, *words: str) -> str:
    brand.world.close()
    outcome = CliRunner().invoke(app, ["consent", *words, "--workspace", str(brand.world.root)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    brand.world.restart()
    return outcome.output


def test_show_withdraw_grant_and_check(brand: Brand, tmp_path: Path) -> None:
    who = f"phone:{PHONE}"
    brand.world.clock.set(SystemClock().now())  # commands have the machine's
    shown = json.loads(run(brand, "show", who, "--json"))
    (yes,) = [one for one in shown["standings"] if (one["purpose"], one["channel"]) == ("marketing", "sms")]
    assert yes["granted"] is True and yes["source"] == "event"
    assert "withdrawn" in run(brand, "withdraw", who, "--channel", "sms", "--reason", "on the phone")
    assert brand.told("marketing", "sms") == (True, "opted_out")
    brand.world.clock.set(SystemClock().now())
    brand.world.settle()
    assert brand.told("marketing", "sms") == (False, "")
    run(brand, "grant", who, "--channel", "sms", "--reason", "form of today", "--notice", "welcome@1")
    brand.world.clock.set(SystemClock().now())
    brand.world.settle()
    assert brand.told("marketing", "sms") == (True, "")
    assert "is what the ledger says" in run(brand, "check")
    entries = json.loads(run(brand, "ledger", "--limit", "1", "--json"))
    assert entries[0]["notice"] == "welcome@1" and entries[0]["granted"] is True
    assert run(brand, "link", who).strip().startswith("/p/")
    text = tmp_path / "zh.txt"
    text.write_text("您好", encoding="utf-8")
    assert "preference_page@1: zh" in run(brand, "notices", "preference_page", "--text", f"zh={text}")
    assert json.loads(run(brand, "notices", "--json"))[0]["language"] == "zh"
    with pytest.raises(OnePoolError, match="nobody, or more than one"):
        run(brand, "show", "phone:13900000000")
