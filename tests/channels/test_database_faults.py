"""Reading tables under whatever happens between: changes, late commits, deaths at any point. And SQL Server's words."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymssql import _mssql
from sqlalchemy import Column as SqlColumn
from sqlalchemy import Integer, String, create_engine
from sqlalchemy import MetaData as SqlMetaData
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import mssql
from sqlalchemy.dialects.mssql import DATETIME2

from onepool.channels import registry
from onepool.channels.base import Account, PullFailed, Push
from onepool.channels.base.database import Table
from onepool.channels.base.database_engine import connect_options, open_engine, parse, reading
from onepool.channels.base.database_pull import pull
from onepool.channels.base.database_query import Source
from onepool.channels.base.database_read import _joined

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OVERLAP = 30
SPEC: dict[str, Any] = {
    "name": "things", "table": "thing", "kind": "profile", "key": "id", "cursor": "at", "overlap": OVERLAP, "batch": 2,
    "ids": {"member_no": "id"}, "traits": {"name": "word"},
}  # fmt: skip

_ids = st.integers(1, 12)
_steps = st.one_of(
    st.tuples(st.just("write"), _ids, st.integers(0, 3)),
    st.tuples(st.just("late"), _ids, st.integers(1, OVERLAP - 5)),
    st.tuples(st.just("wait"), st.integers(1, 100), st.just(0)),
    st.tuples(st.just("run"), st.integers(0, 4), st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_steps, max_size=30))
def test_nothing_is_lost_and_nothing_counts_twice(steps: list[tuple[str, int, Any]]) -> None:
    """Every row's last state arrives, whatever died between a page and its cursor, and no id says two things."""
    with tempfile.TemporaryDirectory() as folder:
        _play(Path(folder) / "things.db", steps)


def _play(path: Path, steps: list[tuple[str, int, Any]]) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, word TEXT, at DATETIME)")
    account = Account("erp", "erp", {"url": f"sqlite:///{path}", "tables": [SPEC]})
    now, words = NOW, 0
    cursor: dict[str, Any] = {}
    taken: dict[str, tuple[str, str]] = {}
    order: list[str] = []

    def run(pages: int | None, *, keep: bool) -> None:
        """One pass; it may die behind a page, with that page's cursor stored or not."""
        nonlocal cursor
        for number, page in enumerate(pull(msgspec.convert(SPEC, Table), account, dict(cursor), now), 1):
            if page.body:
                for item in _read(page.body):
                    said = (item.ids[0][2], str(item.traits["name"]))
                    assert item.message_id is not None
                    assert taken.setdefault(item.message_id, said) == said
                    order.append(item.message_id)
            if pages is not None and number >= pages:
                if keep and page.cursor is not None:
                    cursor = page.cursor
                return
            if page.cursor is not None:
                cursor = page.cursor

    for what, one, other in steps:
        if what == "wait":
            now += timedelta(seconds=one)
        elif what == "run":
            run(one or None, keep=bool(other))
            now += timedelta(seconds=1)
        else:
            words += 1
            now += timedelta(seconds=other if what == "write" else 0)
            # Late: it took its time a while ago and is committed only now.
            at = now - timedelta(seconds=other if what == "late" else 0)
            written = at.replace(tzinfo=None).isoformat(" ", "microseconds")
            before = database.execute("SELECT at FROM thing WHERE id = ?", (one,)).fetchone()
            if before is None or before[0] <= written:
                database.execute("INSERT OR REPLACE INTO thing VALUES (?, ?, ?)", (one, f"w{words}", written))
    now += timedelta(seconds=1)
    run(None, keep=True)
    database_rows = {(str(number), word) for number, word in database.execute("SELECT id, word FROM thing")}
    database.close()
    assert database_rows <= set(taken.values())
    now += timedelta(hours=1)
    run(None, keep=True)
    count = len(order)
    now += timedelta(hours=1)
    run(None, keep=True)
    assert len(order) == count, "a quiet table is not kept again"


def _read(body: bytes) -> Any:
    read = registry.channel("erp").read
    assert read is not None
    decoded = read(Push("pull", "erp", {"tables": [SPEC]}, {}, body, call="things"))
    assert decoded.broken == []
    return decoded.items


def test_a_page_that_can_not_be_read_waits_in_words() -> None:
    read = registry.channel("crm").read
    assert read is not None
    for body in (b"", b"{}", b"\x28\xb5\x2f\xfd junk"):
        (broken,) = read(Push("pull", "crm", {}, {}, body)).broken
        assert broken.rule == "database.page"


class _SqlServer:
    """What stands for a connection: there is no server here, so what the driver would send is looked at instead."""

    dialect = create_engine("mssql+pymssql://").dialect


def _sent(statement: Any) -> str:
    """The very text that the driver sends, values in their places."""
    compiled = statement.compile(dialect=_SqlServer.dialect, compile_kwargs={"render_postcompile": True})
    values = {
        name: processor(value) if (processor := compiled._bind_processors.get(name)) is not None else value
        for name, value in compiled.params.items()
    }
    text: bytes = _mssql.substitute_params(str(compiled), values, "UTF-8")
    return " ".join(text.decode().split())


def _source(monkeypatch: Any, cursor: str) -> Source:
    table = SqlTable(
        "orders", SqlMetaData(), SqlColumn("id", Integer, primary_key=True), SqlColumn("no", String(20)),
        SqlColumn("changed", DATETIME2()), SqlColumn("placed", mssql.DATETIME()), SqlColumn("名]称", String(20)),
        schema="dbo",
    )  # fmt: skip
    monkeypatch.setattr(Source, "_reflect", lambda self, connection, name: table)
    spec = msgspec.convert(
        {
            "name": "orders", "table": "dbo.orders", "kind": "order", "key": "id", "cursor": cursor,
            "fields": {"order_id": "no", "order_name": "名]称"}, "steps": {"placed": "placed"},
            "where": [{"column": "no", "op": "starts", "value": "X'--"}],
        },
        Table,
    )  # fmt: skip
    return Source(_SqlServer(), spec)  # type: ignore[arg-type]


AT = datetime(2026, 1, 2, 3, 4, 5, 123456)  # noqa: DTZ001 as databases keep it


def test_sql_server_pages_by_top_with_bound_values(monkeypatch: Any) -> None:
    sent = _sent(_source(monkeypatch, "changed").segment([AT, 7], None, AT, 100))
    cursor = "CAST(dbo.orders.changed AS DATETIME2(6))"
    assert sent.startswith("SELECT TOP 100 ") and sent.endswith(f"ORDER BY {cursor}, dbo.orders.id")
    # DATETIME2 reads this way of writing alike in every language, with up to seven digits.
    at = "'2026-01-02 03:04:05.123456'"
    assert f"{cursor} <= {at}" in sent
    assert f"{cursor} >= {at} AND ({cursor} > {at} OR {cursor} = {at} AND dbo.orders.id > 7)" in sent
    # A name is quoted as the documents say (a bracket doubled), a text closed as it must be.
    assert "[名]]称]" in sent and "LIKE N'X''--' + '%'" in sent


def test_sql_servers_old_times_are_sent_as_it_reads_them(monkeypatch: Any) -> None:
    """DATETIME refuses more than three digits, and reads `2026-01-02 …` as the second of January or the first of
    February by the login's language; with a T between it is one date everywhere."""
    source = _source(monkeypatch, "placed")
    sent = _sent(source.segment([AT, 7], None, AT, 10))
    at = "N'2026-01-02T03:04:05.123'"
    assert f"dbo.orders.placed >= {at} AND (dbo.orders.placed > {at} OR dbo.orders.placed = {at}" in sent
    assert f"dbo.orders.placed <= {at}" in sent and "'2026-01-02 " not in sent and ".123456" not in sent
    assert f"dbo.orders.placed >= {at}" in _sent(source.segment(None, AT, None, 10))
    assert _sent(source.top()) == "SELECT max(dbo.orders.placed) AS max_1 FROM dbo.orders"
    assert _sent(source.unfilled()).startswith("SELECT TOP 1 1 AS ")


def test_an_address_of_sql_server_becomes_an_engine_with_limits(monkeypatch: Any) -> None:
    url, arguments = connect_options(parse("mssql://u:p@h:1433/d"), 30)
    assert (url.drivername, arguments["login_timeout"], arguments["timeout"]) == ("mssql+pymssql", 10, 30)
    engine = open_engine("sqlserver://u:p@127.0.0.1:9/d")
    with pytest.raises(PullFailed, match=r"it can't be reached \(20009\)"), reading(engine):
        pass
    monkeypatch.setitem(sys.modules, "pymssql", None)
    with pytest.raises(PullFailed, match="the driver for mssql databases is missing: install pymssql"):
        open_engine("sqlserver://u:p@127.0.0.1:9/d")


def test_values_of_several_columns_are_told_apart() -> None:
    pairs = [("A-1", "2"), ("A", "1-2"), ("A\\", "1-2"), ("A\\-1", "2"), ("A-", "1-2")]
    assert len({_joined(one) for one in pairs}) == len(pairs)
    assert (_joined(("S1", "0001")), _joined((7, " 2-x ")), _joined(("S1", None))) == ("S1-0001", "7-2-x", None)
