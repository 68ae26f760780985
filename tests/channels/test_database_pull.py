"""Databases as touchpoints: what is read, from where it stood, on every kind of server that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    create_engine,
    delete,
    insert,
    text,
    update,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests import databases

from onepool.channels import registry
from onepool.channels.base import Account, Item, PullFailed, Push
from onepool.channels.base.database import problems
from onepool.channels.base.database_engine import open_engine, parse, reading
from onepool.channels.base.database_shape import attempt, shape, tables

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
AT = datetime(2026, 3, 1, 11, 30)  # noqa: DTZ001 as databases keep it
KINDS = ("sqlite", "postgres", "mariadb")

_meta = MetaData()
MEMBER = Table(
    "member", _meta, Column("id", Integer, primary_key=True), Column("mobile", String(30)),
    Column("full_name", String(50)), Column("sex", Integer),
    Column("updated_at", DateTime), Column("created_at", DateTime),
)  # fmt: skip
SALE = Table(
    "sale", _meta, Column("id", Integer, primary_key=True), Column("order_no", String(30)),
    Column("member_id", Integer), Column("total", Numeric(12, 2)), Column("total_fen", Integer),
    Column("shop", String(20)), Column("created", DateTime), Column("paid", DateTime),
    Column("returned", DateTime), Column("version", Integer),
)  # fmt: skip
LINE = Table(
    "sale_line", _meta, Column("id", Integer, primary_key=True), Column("sale_id", Integer), Column("sku", String(20)),
    Column("qty", Integer), Column("price", Integer),
)  # fmt: skip

MEMBERS: dict[str, Any] = {
    "name": "members", "table": "member", "kind": "profile", "key": "id", "cursor": ["updated_at", "created_at"],
    "batch": 3, "time": "updated_at", "ids": {"phone": "mobile", "member_no@crm": "id"},
    "traits": {"name": "full_name", "gender": {"column": "sex", "values": {"1": "male", "2": "female"}}},
}  # fmt: skip
SALES: dict[str, Any] = {
    "name": "sales", "table": "sale", "kind": "order", "key": "id", "cursor": "version", "overlap": 2, "batch": 2,
    "zone": "Asia/Shanghai", "join": [{"table": "member", "name": "m", "on": {"member_id": "id"}}],
    "where": [{"column": "shop", "op": "in", "value": ["S1", "S'2"]}],
    "ids": {"phone": "m.mobile"}, "steps": {"placed": "created", "paid": "paid", "refunded": "returned"},
    "fields": {"order_id": "order_no", "amount": {"column": "total_fen", "unit": "fen"}, "store_id": "shop",
               "refund_amount": "total"},
    "lines": {"table": "sale_line", "on": {"id": "sale_id"},
              "fields": {"sku_id": "sku", "quantity": "qty", "price": {"column": "price", "unit": "fen"}}},
}  # fmt: skip


@dataclass
class Shop:
    """A database and what was read of it so far."""

    url: str
    engine: Engine
    cursors: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: datetime = NOW
    bodies: list[bytes] = field(default_factory=list)

    def account(self, *tables: dict[str, Any], **settings: Any) -> Account:
        return Account("erp", "erp", {"url": self.url, "tables": list(tables), **settings})

    def run(self, table: dict[str, Any], pages: int | None = None, **settings: Any) -> list[Item]:
        """Read a table; with ``pages`` the reader dies behind so many pages, the last one's cursor not stored."""
        account = self.account(table, **settings)
        stream = registry.channel("erp").streams_for(account.settings)[table["name"]]
        assert stream.rows is not None
        found: list[Item] = []
        count = 0
        for page in stream.rows(account, dict(self.cursors.get(table["name"], {})), self.now):
            if page.body:
                found += self.read(page.body, account)
                count += 1
                if count == pages:
                    return found
            if page.cursor is not None:
                self.cursors[table["name"]] = page.cursor
        return found

    def read(self, body: bytes, account: Account) -> list[Item]:
        channel = registry.channel("erp")
        assert channel.read is not None
        open_ = {name: value for name, value in account.settings.items() if name != "url"}
        decoded = channel.read(Push("pull", "erp", open_, {}, body, call="x"))
        assert decoded.broken == []
        return decoded.items

    def do(self, *statements: Any) -> None:
        with self.engine.begin() as connection:
            for one in statements:
                connection.execute(one)


@pytest.fixture(scope="module", params=KINDS)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with databases.server(request.param) as url:
        yield url


@pytest.fixture
def shop(address: str) -> Iterator[Shop]:
    engine = create_engine(address, poolclass=NullPool)
    _meta.drop_all(engine)
    _meta.create_all(engine)
    yield Shop(address, engine)
    _meta.drop_all(engine)
    engine.dispose()


def _member(number: int, seconds: int, **more: Any) -> Any:
    values = {
        "mobile": f"1380000{number:04d}",
        "full_name": "王芳",
        "sex": 2,
        "updated_at": AT + timedelta(seconds=seconds),
    }
    return insert(MEMBER).values(id=number, **{**values, **more})


def _numbers(items: list[Item]) -> list[str]:
    return [value for item in items for kind, _, value in item.ids if kind == "member_no"]


def test_rows_of_one_instant_are_neither_lost_nor_repeated_between_pages(shop: Shop) -> None:
    shop.do(*[_member(number, 0) for number in range(1, 9)], _member(20, -500))
    items = shop.run(MEMBERS)
    assert _numbers(items) == ["20", "1", "2", "3", "4", "5", "6", "7", "8"]
    assert items[0].kind == "profile"
    assert items[0].traits == {"name": "王芳", "gender": "female"}
    assert items[0].ids == [("phone", "erp", "13800000020"), ("member_no", "crm", "20")]
    assert shop.run(MEMBERS) == []
    shop.do(_member(9, 0), _member(10, 90))
    assert _numbers(shop.run(MEMBERS)) == ["9", "10"]


def test_a_changed_row_comes_again_and_a_late_one_is_found(shop: Shop) -> None:
    shop.do(*[_member(number, number) for number in range(1, 6)])
    first = shop.run(MEMBERS)
    shop.do(
        update(MEMBER).where(MEMBER.c.id == 2).values(full_name="王芳芳", updated_at=AT + timedelta(seconds=60)),
        _member(30, -20),  # committed late: its time is before what was read
    )
    again = shop.run(MEMBERS)
    assert sorted(_numbers(again)) == ["2", "30"]
    assert not {item.message_id for item in first} & {item.message_id for item in again}
    # changed twice within one value of its cursor
    shop.do(update(MEMBER).where(MEMBER.c.id == 2).values(full_name="王芬"))
    (item,) = shop.run(MEMBERS)
    assert item.traits["name"] == "王芬"


def test_when_nothing_new_came_for_long_nothing_is_looked_at_again(shop: Shop) -> None:
    shop.do(*[_member(number, 0) for number in range(1, 4)])
    shop.run(MEMBERS)
    for _ in range(2):
        shop.now += timedelta(minutes=5)
        assert shop.run(MEMBERS) == []
    before = dict(shop.cursors["members"])
    assert "seen" not in before
    shop.do(_member(4, 0))  # of the same instant, with a greater key
    assert _numbers(shop.run(MEMBERS)) == ["4"]


def test_after_a_death_between_page_and_cursor_everything_comes(shop: Shop) -> None:
    shop.do(*[_member(number, number * 100) for number in range(1, 12)])
    first = shop.run(MEMBERS, pages=2)
    assert _numbers(first) == ["1", "2", "3", "4", "5", "6"]
    rest = shop.run(MEMBERS)
    assert set(_numbers(first + rest)) == {str(number) for number in range(1, 12)}
    ids = [item.message_id for item in [*first, *rest]]
    assert len(set(ids)) == 11


def test_orders_have_lines_money_and_times_as_instants(shop: Shop) -> None:
    shop.do(_member(1, 0))
    for number in range(1, 6):
        shop.do(
            insert(SALE).values(
                id=number, order_no=f"N{number}", member_id=1, total=12.5, total_fen=1250,
                shop="S1" if number < 5 else "S9", created=AT, paid=AT if number > 1 else None,
                returned=AT if number == 3 else None, version=number,
            ),
            insert(LINE).values(id=number * 10, sale_id=number, sku="A", qty=2, price=500),
            insert(LINE).values(id=number * 10 + 1, sale_id=number, sku="B", qty=1, price=250),
        )  # fmt: skip
    items = shop.run(SALES)
    assert [(item.name, item.fields["order_id"]) for item in items] == [
        ("order_placed", "N1"), ("order_placed", "N2"), ("order_paid", "N2"), ("order_placed", "N3"),
        ("order_paid", "N3"), ("order_refunded", "N3"), ("order_placed", "N4"), ("order_paid", "N4"),
    ]  # fmt: skip
    paid = items[2]
    assert paid.time == "2026-03-01T03:30:00+00:00"
    assert paid.ids == [("phone", "erp", "13800000001"), ("order_no", "erp", "N2")]
    assert paid.fields["amount"] == "12.50" and paid.fields["store_id"] == "S1"
    assert paid.fields["items"] == [
        {"sku_id": "A", "quantity": 2, "price": "5.00"}, {"sku_id": "B", "quantity": 1, "price": "2.50"},
    ]  # fmt: skip
    assert paid.message_id == "N2:order_paid"
    assert float(items[5].fields["amount"]) == 12.5
    shop.do(update(SALE).where(SALE.c.id == 1).values(paid=AT, version=6), delete(LINE).where(LINE.c.sale_id == 1))
    assert [item.name for item in shop.run(SALES)] == ["order_placed", "order_paid"]


def test_a_table_without_a_cursor_is_read_as_a_whole_and_resumed(shop: Shop) -> None:
    whole = {**MEMBERS, "cursor": None}
    shop.do(*[_member(number, 0) for number in range(1, 8)])
    begun = shop.run(whole, pages=2)
    assert len(begun) == 6
    shop.now += timedelta(minutes=1)
    rest = shop.run(whole)
    assert set(_numbers(begun + rest)) == {str(number) for number in range(1, 8)}
    assert len({item.message_id for item in [*begun, *rest]}) == 7
    shop.now += timedelta(minutes=1)
    assert len(shop.run(whole)) == 7


def test_what_would_lose_rows_is_refused_in_words(shop: Shop) -> None:
    shop.do(_member(1, 0), _member(2, 0), _member(3, 0, updated_at=None))
    with pytest.raises(PullFailed, match="without a value in updated_at"):
        shop.run({**MEMBERS, "cursor": "updated_at"})
    with pytest.raises(PullFailed, match="the same full_name"):
        shop.run({**MEMBERS, "cursor": None, "key": "full_name"})
    with pytest.raises(PullFailed, match="no column nobody; it has id, mobile"):
        shop.run({**MEMBERS, "ids": {"phone": "nobody"}})
    with pytest.raises(PullFailed, match="no table member; DROP"):
        shop.run({**MEMBERS, "table": "member; DROP TABLE member"})
    with pytest.raises(PullFailed, match="no column id = 1 OR 1"):
        shop.run({**MEMBERS, "where": [{"column": "id = 1 OR 1", "value": 1}]})


def test_conditions_are_bound_values(shop: Shop) -> None:
    shop.do(*[_member(number, number, full_name=name) for number, name in enumerate(["a'b", "a%c", "abc", "x"], 1)])

    def found(**condition: Any) -> list[str]:
        shop.cursors.clear()
        return _numbers(shop.run({**MEMBERS, "cursor": None, "where": [condition]}))

    assert found(column="full_name", value="a'b") == ["1"]
    assert found(column="full_name", op="starts", value="a%") == ["2"]
    assert found(column="full_name", op="not_in", value=["x", "a'b"]) == ["2", "3"]
    assert found(column="id", op="ge", value=3) == ["3", "4"]
    assert found(column="created_at", op="empty") == ["1", "2", "3", "4"]


def test_tables_can_be_looked_at_and_nothing_can_be_written(shop: Shop) -> None:
    shop.do(_member(1, 0))
    account = shop.account()
    attempt(account)
    assert {"member", "sale", "sale_line"} <= set(tables(account))
    found = shape(account, "member")
    assert [one.name for one in found.columns if one.key] == ["id"]
    assert found.rows[0][:3] == ["1", "13800000001", "王芳"]
    with pytest.raises(PullFailed, match="no table nothing"):
        shape(account, "nothing")
    with pytest.raises((PullFailed, DBAPIError)), reading(open_engine(shop.url)) as connection:
        connection.execute(text("DELETE FROM member"))
    with shop.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM member")).scalar() == 1


def test_a_statement_that_takes_too_long_ends(shop: Shop) -> None:
    if shop.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no limit of time")
    sleep = "pg_sleep(30)" if shop.engine.dialect.name == "postgresql" else "sleep(30)"
    with pytest.raises(PullFailed, match="longer than allowed"), reading(open_engine(shop.url, 1), 1) as connection:
        connection.execute(text(f"SELECT {sleep}"))


def test_a_wrong_password_is_told_without_it(shop: Shop) -> None:
    url = parse(shop.url)
    if url.get_backend_name() == "sqlite":
        pytest.skip("SQLite has no users")
    wrong = url.set(username="nobody", password="opensesame").render_as_string(hide_password=False)
    with pytest.raises(PullFailed) as failed:
        attempt(Account("erp", "erp", {"url": wrong}))
    assert "opensesame" not in str(failed.value) and "database" in str(failed.value)


def test_chinese_in_columns_that_call_themselves_latin1(shop: Shop) -> None:
    kept = "张三丰€".encode("gb18030")
    kind = shop.engine.dialect.name
    if kind == "mysql":
        shop.do(
            text("ALTER TABLE member MODIFY full_name VARCHAR(50) CHARACTER SET latin1"), _member(1, 0, full_name="")
        )
        with shop.engine.begin() as connection:
            connection.execute(text("SET NAMES latin1"))
            connection.execute(text("UPDATE member SET full_name = UNHEX(:hex)"), {"hex": kept.hex()})
    else:
        shop.do(_member(1, 0, full_name=kept.decode("latin-1")))
    (item,) = shop.run(MEMBERS, encoding="gb18030")
    assert item.traits["name"] == "张三丰€"


def test_settings_are_checked_before_they_are_saved() -> None:
    assert problems({"tables": [MEMBERS, SALES]}) == []

    def words(**changes: Any) -> str:
        return " ".join(text for _, text in problems({"tables": [{**SALES, **changes}]}))

    assert "needs order_id" in words(fields={})
    assert "name the columns with the time" in words(steps={})
    assert "takes a list" in words(where=[{"column": "a", "op": "in", "value": 1}])
    assert "no identifier type" in words(ids={"Phone Number": "a"})
    assert "no 'Mars/Base'" in words(zone="Mars/Base")
    assert "unknown field" in words(sql="SELECT 1")
    assert "two tables are called" in problems({"tables": [SALES, SALES]})[0][1]


def test_a_workspaces_own_files_are_no_touchpoint(tmp_path: Any) -> None:
    (tmp_path / "log.sqlite").touch()
    with pytest.raises(PullFailed, match="inside a workspace"):
        attempt(Account("erp", "erp", {"url": f"sqlite:///{tmp_path}/log.sqlite"}))
    with pytest.raises(PullFailed, match="no driver for oracle"):
        attempt(Account("erp", "erp", {"url": "oracle://a:secret@b/c"}))


def test_a_uri_does_not_open_a_workspaces_own_files(tmp_path: Path) -> None:
    own = tmp_path / "state.sqlite"
    own.touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.db").symlink_to(own)
    for address in (
        f"sqlite:///file:{own}?uri=true", f"sqlite:///file:{own}?mode=rw&uri=1", f"sqlite:///FILE:{own}",
        f"sqlite:///{tmp_path}/elsewhere/link.db", f"sqlite:///{own}?uri=true",
    ):  # fmt: skip
        with pytest.raises(PullFailed):
            open_engine(address)


@pytest.mark.parametrize(
    "address",
    [
        "mysql://u:p@db.example/d?local_infile=1",
        "mysql://u:p@db.example/d?read_default_file=/etc/my.cnf",
        "mariadb://u:p@db.example/d?unix_socket=/tmp/x",
        "mysql://u:p@db.example/d?charset=utf8mb4&ssl_key=/etc/key.pem",
        "postgresql://u:p@/d?host=169.254.169.254",
        "postgresql://u:p@db.example/d?hostaddr=169.254.169.254",
        "postgresql://u:p@db.example/d?service=x",
        "postgresql://u:p@db.example/d?passfile=/etc/passwd",
        "postgresql://u:p@127.0.0.1,169.254.169.254/d",
        "mssql://u:p@db.example/d?server=169.254.169.254",
        "mssql://u:p@db.example/d?conn_properties=x",
    ],
)
def test_arguments_of_an_address_name_no_files_and_no_other_hosts(address: str) -> None:
    with pytest.raises(PullFailed):
        open_engine(address)


def test_arguments_of_an_address_that_are_taken() -> None:
    assert parse("mysql://u:p@h/d?charset=gbk&ssl_ca=/etc/ca.pem").query["charset"] == "gbk"
    assert parse("postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=system").query["sslmode"] == "verify-full"
    assert parse("mssql://u:p@h/d?tds_version=7.4").query["tds_version"] == "7.4"


def test_a_cursor_that_a_joined_table_has_first(shop: Shop) -> None:
    """What belongs to it may not be there yet, and what changes there is a change of the row."""
    table = {
        **SALES, "where": [], "overlap": 0, "lines": None, "cursor": ["m.updated_at", "created"],
        "fields": {"order_id": "order_no"}, "steps": {"placed": "created"},
    }  # fmt: skip

    def sale(number: int, seconds: int) -> Any:
        at = AT + timedelta(seconds=seconds)
        return insert(SALE).values(id=number, order_no=f"N{number}", member_id=number, created=at, version=1)

    def read() -> list[str]:
        shop.now += timedelta(minutes=5)
        return [str(item.fields["order_id"]) for item in shop.run(table)]

    shop.do(sale(1, 100), sale(2, 200))
    assert read() == ["N1", "N2"]
    shop.do(_member(1, 250))
    assert read() == ["N1"]
    shop.do(sale(3, 300))
    assert read() == ["N3"]
    assert read() == []
