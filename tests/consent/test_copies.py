"""A person's copy holds what is kept about them, in clear, and nothing of anybody else."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from onepool.api.copying import copy_customer
from onepool.cli.app import app
from onepool.clock import from_micros
from onepool.privacy import audit, copies
from onepool.reach.states import SendState
from onepool.state.coupons import coupon_codes
from onepool.state.journeys import journey_versions, runs, tasks
from onepool.state.outbox import send_attempts, sends, suppressions
from onepool.state.schema import allowances

from .conftest import EMAIL, PHONE, Brand
from .test_erasure import send

OTHER = "13912340002"
MARK = "of-the-other-one"


def taken(brand: Brand, who: str = "u1", form: copies.Form = "json") -> zipfile.ZipFile:
    file, ws = io.BytesIO(), brand.world.workspace
    copy_customer(ws, ws.clock, brand.customer(who), file, form=form, actor="user:p@brand.test", reason="asked")
    return zipfile.ZipFile(file)


def sections(copy: zipfile.ZipFile) -> dict[str, Any]:
    return {name.removesuffix(".json"): json.loads(copy.read(name)) for name in copy.namelist()}


def fill(brand: Brand) -> None:
    """One row of each kind for both customers; those of the other bear a mark."""
    with brand.world.workspace.state.write() as connection:
        version = {"id": 1, "journey": "recall", "version": 3, "hash": "h", "body": "{}", "nodes": "[]",
                   "published_at": 1, "published_by": "staff@brand.test"}  # fmt: skip
        connection.execute(insert(journey_versions).values(**version))
        for number, (who, value, mark) in enumerate((("u1", PHONE, "=mine"), ("u2", OTHER, MARK)), 1):
            customer, node = brand.customer(who), brand.node(value)
            row = send((1 << 60) + number, customer, node, SendState.DELIVERED) | {"vars": json.dumps({"m": mark})}
            connection.execute(insert(sends).values(**row))
            tried = {"send_id": row["send_id"], "number": 1, "at": 1, "state": "sent", "detail": mark}
            connection.execute(insert(send_attempts).values(**tried))
            run = {"run_id": number, "version_id": 1, "customer_id": customer, "node": 0, "state": 9, "entered": 7,
                   "arrived": 7, "reason": "goal", "vars": json.dumps({"m": mark})}  # fmt: skip
            connection.execute(insert(runs).values(**run))
            task = {"key": number, "customer_id": customer, "journey": "recall", "title": mark, "status": "open",
                    "created": 8, "staff_id": "staff-7"}  # fmt: skip
            connection.execute(insert(tasks).values(**task))
            code = {"batch": "b", "code": mark, "status": "issued", "customer_id": customer, "loaded": 1, "issued": 9}
            connection.execute(insert(coupon_codes).values(**code))
            left = {"touchpoint": "texts", "identifier_id": node, "allowance": mark[:64], "per": "", "left_count": 1}
            connection.execute(insert(allowances).values(**left, updated=1))
            stop = {"customer_id": customer, "reason": "manual", "source": mark, "at": 5, "author": "staff@brand.test"}
            connection.execute(insert(suppressions).values(**stop))


def test_everything_of_the_person_and_nothing_of_another(brand: Brand) -> None:
    fill(brand)
    copy = taken(brand)
    assert [*copy.namelist()] == [f"{name}.json" for name in (*copies.SECTIONS, "about")]
    found, text = sections(copy), "".join(copy.read(name).decode() for name in copy.namelist())
    assert {(one["type"], one["value"]) for one in found["identifiers"]} >= {
        ("phone", f"+86{PHONE}"), ("email", EMAIL), ("user_id", "u1"),
    }  # fmt: skip
    assert [one["event"] for one in found["events"]] == ["signed_in", "consent_granted"]
    assert found["events"][1]["fields"]["purpose"] == "marketing, service"
    assert {one["purpose"] for one in found["consents"]} == {"marketing", "service"}
    (message,) = found["messages"]
    assert message["send_id"] == str((1 << 60) + 1) and message["state"] == "delivered"
    assert message["sent_to"] == f"+86{PHONE}" and message["vars"] == {"m": "=mine"}
    assert message["planned"] == from_micros(1).isoformat()
    (run,) = found["journeys"]
    assert (run["journey"], run["version"], run["state"], run["reason"]) == ("recall", 3, "ended", "goal")
    for name in ("message_attempts", "tasks", "coupons", "allowances", "message_stops"):
        assert len(found[name]) == 1, name
    assert found["about"]["rows"] == {name: len(found[name]) for name in copies.SECTIONS}
    assert MARK not in text and OTHER not in text and "staff" not in text
    assert MARK in "".join(taken(brand, "u2").read(f"{name}.json").decode() for name in copies.SECTIONS)


def test_what_went_to_anothers_identifier_is_theirs(brand: Brand) -> None:
    """After a split a message of the old number went to an identifier that somebody else bears now."""
    first, other = brand.customer(), brand.node(OTHER)
    with brand.world.workspace.state.write() as connection:
        connection.execute(insert(sends).values(**send(1, first, other, SendState.DELIVERED)))
    assert sections(taken(brand))["messages"] == []
    assert [one["send_id"] for one in sections(taken(brand, "u2"))["messages"]] == ["1"]


def test_tables_for_spreadsheets_run_no_formula(brand: Brand) -> None:
    fill(brand)
    copy = taken(brand, form="csv")
    (row,) = csv.DictReader(io.StringIO(copy.read("coupons.csv").decode("utf-8-sig")))
    assert row["code"] == "'=mine"
    events = list(csv.DictReader(io.StringIO(copy.read("events.csv").decode("utf-8-sig"))))
    assert json.loads(events[1]["fields"])["purpose"] == "marketing, service"


def test_portions_change_nothing(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        brand.world.send({"event": "page_viewed", "userId": "u1", "properties": {"title": f"page {number}"}})
    brand.world.drain()
    whole = sections(taken(brand))["events"]
    monkeypatch.setattr(copies, "PORTION", 7)
    monkeypatch.setattr("onepool.privacy.kept_rows._CHUNK", 1)
    again = sections(taken(brand))
    assert again["events"] == whole and len(whole) == 42
    assert len(again["consents"]) == 2


def test_the_reason_is_noted_though_the_copy_fails(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> dict[str, int]:
        raise RuntimeError("disk")

    monkeypatch.setattr(copies, "write", broken)
    with pytest.raises(RuntimeError):
        taken(brand)
    (entry,) = [one for _, one in audit.trail(brand.world.workspace.state) if one.action == "customer.copy"]
    assert entry.subject == f"customer:{brand.customer()}" and entry.detail == {"reason": "asked", "format": "json"}
    assert entry.actor == "user:p@brand.test"


def test_command(brand: Brand, tmp_path: Path) -> None:
    folder, to = brand.world.workspace.root, tmp_path / "copy.zip"
    number = brand.customer()
    brand.world.workspace.pool.close()
    words = ["customer", "copy", f"phone:{PHONE}", "--to", str(to), "--reason", "by letter", "-w", str(folder)]
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 0, first.output
    assert stat.S_IMODE(os.stat(to).st_mode) == 0o600
    assert json.loads(zipfile.ZipFile(to).read("about.json"))["customer_id"] == number
    again = CliRunner().invoke(app, words)
    assert again.exit_code != 0, "a file that is there is not written over"
