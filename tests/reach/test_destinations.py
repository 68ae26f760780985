"""Destinations: what goes out, where, and that it is the same however often it is run or dies on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests import databases

from onepool import apply
from onepool.clock import FakeClock
from onepool.layout import columns_of
from onepool.pool.schema import create
from onepool.privacy import audit
from onepool.reach import DestinationError, Destinations, Outcome, changes, latest, parse, preview, run
from onepool.reach.definition import check
from onepool.workspace import Workspace, init_workspace

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
COLUMNS = {
    "customer_id": "customer_id", "姓名": "attribute.name", "city": "attribute.city", "phone": "identifier.phone",
    "level": "tag.level", "vip": "segment.vip", "seen": "last_seen",
}  # fmt: skip
BODY: dict[str, Any] = {
    "destination": "crm", "what": "profiles", "columns": COLUMNS, "purpose": "service calls",
    "to": {"kind": "folder", "path": "crm", "format": "parquet"}, "mode": "full",
}  # fmt: skip
SEGMENT = {"segment": "vip", "title": "VIP", "condition": {"did": "order_paid"}}
TAG = {
    "tag": "level", "title": "Level", "says": "behaviour", "kind": "state",
    "states": [{"value": "gold", "when": {"did": "order_paid"}}], "otherwise": "none",
}  # fmt: skip


@dataclass
class World:
    """A workspace with a few customers, and a way to change them."""

    ws: Workspace
    clock: FakeClock

    def sql(self, *statements: str, **params: Any) -> None:
        with self.ws.pool.write() as session:
            for one in statements:
                session.execute(one, params)

    def customer(self, number: int, city: str, *, vip: bool = False, name: str | None = "王芳") -> None:
        tables = ("profiles", "customer_of", "tag_values", "segment_members")
        self.sql(
            *[f"DELETE FROM {table} WHERE customer_id = {number}" for table in tables],
            f"DELETE FROM identifiers WHERE identifier_id = {number}",
            f"INSERT INTO customer_of VALUES ({number}, {number})",
        )
        self.sql("INSERT INTO profiles BY NAME SELECT $id AS customer_id, $at AS last_seen, $city AS city, $n AS name",
                 id=number, at=NOW + timedelta(microseconds=number), city=city, n=name)  # fmt: skip
        self.sql(
            """INSERT INTO identifiers BY NAME SELECT $id AS identifier_id, 'phone' AS type, '' AS scope,
            $phone AS value, $at AS first_seen, $at AS last_seen""",
            id=number, phone=f"+86138000000{number:02d}", at=NOW,
        )  # fmt: skip
        self.sql("INSERT INTO tag_values BY NAME SELECT $id AS customer_id, 'level' AS tag, $v AS value, $at AS as_of",
                 id=number, v="gold" if vip else "none", at=NOW)  # fmt: skip
        if vip:
            self.sql("INSERT INTO segment_members VALUES ($id, 'vip', $at)", id=number, at=NOW)

    def save(self, **changes: Any) -> str:
        body = {**BODY, **changes}
        self.ws.save("destination", body["destination"], body, author="test")
        return str(body["destination"])

    def run(self, name: str = "crm", **options: Any) -> Outcome:
        self.clock.advance(timedelta(minutes=1))
        return run(self.ws, name, actor="test", **options)

    def good(self, name: str = "crm", **options: Any) -> Outcome:
        outcome = self.run(name, **options)
        assert outcome.error == ""
        return outcome


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = FakeClock(NOW)
    ws = init_workspace(tmp_path / "brand", clock=clock)
    ws.save("segment", "vip", SEGMENT, author="test")
    ws.save("tag", "level", TAG, author="test")
    with ws.pool.write() as session:
        create(session, columns_of(ws.standard()))
    made = World(ws, clock)
    made.customer(1, "上海", vip=True)
    made.customer(2, '杭"州,\n')
    made.customer(3, "", name=None)
    yield made
    ws.close()


@pytest.fixture(scope="module", params=("sqlite", "postgres", "mariadb"))
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with databases.server(request.param) as url:
        yield url


@pytest.fixture
def target(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("ONEPOOL_TEST_TARGET", address)
    engine = create_engine(address, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS people"))
    yield lambda sql: [tuple(row) for row in _rows(engine, sql)]
    engine.dispose()


def _rows(engine: Any, sql: str) -> Any:
    with engine.begin() as connection:
        answer = connection.execute(text(sql))
        return answer.all() if answer.returns_rows else []


TABLE = {"kind": "database", "url": "env:ONEPOOL_TEST_TARGET", "table": "people"}


def test_a_table_is_made_filled_and_kept_true(world: World, target: Any) -> None:
    world.save(to=TABLE)
    outcome = world.good()
    assert (outcome.rows, outcome.gone, outcome.total, outcome.where) == (3, 0, 3, "people")
    found = target("SELECT customer_id, 姓名, city, phone, level FROM people ORDER BY customer_id")
    assert found == [
        (1, "王芳", "上海", "+8613800000001", "gold"), (2, "王芳", "杭\"州,\n", "+8613800000002", "none"),
        (3, None, "", "+8613800000003", "none"),
    ]  # fmt: skip
    assert [bool(row[0]) for row in target("SELECT vip FROM people ORDER BY customer_id")] == [True, False, False]
    (seen,) = target("SELECT seen FROM people WHERE customer_id = 1")[0]
    assert "2026-03-01" in str(seen) and "00:00.000001" in str(seen)
    world.customer(2, "苏州")
    world.sql("DELETE FROM customer_of WHERE customer_id = 1", "DELETE FROM identifiers WHERE identifier_id = 1")
    for _ in range(2):
        outcome = world.good()
        assert target("SELECT customer_id, city FROM people ORDER BY customer_id") == [(2, "苏州"), (3, "")]


def test_only_what_changed_is_written_and_what_left_is_marked(world: World, target: Any) -> None:
    world.save(to=TABLE, mode="changes", gone="mark")
    assert world.good().rows == 3
    assert world.good().rows == 0
    target("UPDATE people SET city = 'by hand' WHERE customer_id = 2")
    world.customer(3, "苏州")
    assert world.good().rows == 1
    world.sql("DELETE FROM customer_of WHERE customer_id = 1")
    assert (world.good().gone, target("SELECT customer_id FROM people WHERE left_at IS NOT NULL")) == (1, [(1,)])
    world.sql("INSERT INTO customer_of VALUES (1, 1)")
    assert world.good().rows == 1
    assert target("SELECT customer_id FROM people WHERE left_at IS NOT NULL") == []
    assert target("SELECT city FROM people WHERE customer_id = 2") == [("by hand",)]


def test_a_table_of_the_brands_own_is_not_wiped(world: World, target: Any) -> None:
    target("CREATE TABLE people (customer_id BIGINT PRIMARY KEY, city VARCHAR(50))")
    target("INSERT INTO people VALUES (77, 'kept')")
    columns = {"customer_id": "customer_id", "city": "attribute.city"}
    world.save(to=TABLE, columns=columns)
    assert "rows that were not written from here" in world.run().error
    world.save(to=TABLE, columns={**columns, "level": "tag.level"})
    assert "the table has no column level" in world.run().error
    assert target("SELECT * FROM people") == [(77, "kept")]
    world.save(to={**TABLE, "adopt": True}, columns=columns, mode="changes")
    assert world.good().rows == 3
    assert len(target("SELECT * FROM people")) == 4


def test_a_run_that_fails_in_the_middle_leaves_the_table_as_it_was(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.save(to=TABLE)
    world.good()
    world.customer(2, "苏州")
    with monkeypatch.context() as patched:
        patched.setattr(changes, "keep", lambda *_: (_ for _ in ()).throw(DestinationError("died")))
        assert "died" in world.run().error  # after the commit, before it is remembered: done again, harmlessly
    world.sql("DELETE FROM customer_of WHERE customer_id = 3")
    monkeypatch.setenv("ONEPOOL_TEST_TARGET", "postgresql://nobody:opensesame@127.0.0.1:1/none")
    failed = world.run()
    assert failed.error and "opensesame" not in failed.error
    assert len(target("SELECT * FROM people")) == 3
    assert [one.failed for one in latest(world.ws.state, "crm")] == [True, True, False]


def test_files_hold_everything_or_what_changed(world: World) -> None:
    world.save()
    assert world.good().where == "exports/crm/crm.parquet"
    path = world.ws.root / "exports" / "crm" / "crm.parquet"
    assert pq.read_table(path).column("姓名").to_pylist() == ["王芳", "王芳", None]
    assert path.stat().st_mode & 0o777 == 0o600
    ordered = [{name: source} for name, source in COLUMNS.items()]
    world.save(destination="diff", mode="changes", to={"kind": "folder", "format": "csv"}, columns=ordered)
    world.good("diff")
    world.customer(2, "苏州")
    world.sql("DELETE FROM customer_of WHERE customer_id = 1")
    outcome = world.good("diff")
    assert (outcome.rows, outcome.gone, outcome.where) == (1, 1, "exports/diff-00000002.csv")
    found = pacsv.read_csv(world.ws.root / outcome.where).to_pylist()
    assert [*found[0]] == [*COLUMNS, "change_kind"]
    assert [(row["customer_id"], row["change_kind"], row["city"] or None) for row in found] == [
        (2, "upsert", "苏州"), (1, "delete", None),
    ]  # fmt: skip


def test_a_run_without_changes_leaves_no_file(world: World) -> None:
    world.save(**{**BODY, "to": {"kind": "folder", "path": "out", "format": "csv"}, "mode": "changes"})
    folder = world.ws.root / "exports" / "out"
    for expected in (1, 1, 1):
        world.good()
        assert len(list(folder.glob("crm-*.csv"))) == expected
    world.sql("UPDATE profiles SET city = '北京' WHERE customer_id = 1")
    assert world.good().rows == 1
    assert len(list(folder.glob("crm-*.csv"))) == 2


def test_a_run_after_a_death_writes_the_same_file_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.save(mode="changes")
    with monkeypatch.context() as patched:
        patched.setattr(changes, "keep", lambda *_: (_ for _ in ()).throw(OSError("power")))
        assert world.run().failed
    assert world.good().where == "exports/crm/crm-00000001.parquet"
    assert len(list((world.ws.root / "exports" / "crm").iterdir())) == 1


def test_segment_changes_go_out_once(world: World) -> None:
    columns = {"id": "change_id", "who": "customer_id", "what": "change"}
    world.save(what="changes", columns=columns, segments=["vip"], mode="changes")
    insert = "INSERT INTO segment_changes VALUES ($n, $who, $segment, 'enter', $at)"
    # One evaluation moves several customers under one number.
    for who in (1, 2):
        world.sql(insert, n=1, who=who, segment="vip", at=NOW)
    world.sql(insert, n=2, who=2, segment="other", at=NOW)
    assert (world.good().rows, world.good().rows) == (2, 0)
    world.sql(insert, n=3, who=3, segment="vip", at=NOW)
    assert world.good().rows == 1


def test_changes_of_many_customers_at_once_fit_a_table(world: World, target: Any) -> None:
    columns = {"id": "change_id", "who": "customer_id", "where_to": "segment", "what": "change"}
    world.save(what="changes", columns=columns, to=TABLE, segments=["vip"], mode="changes")
    for who in (1, 2, 3):
        world.sql("INSERT INTO segment_changes VALUES (1, $who, 'vip', 'enter', $at)", who=who, at=NOW)
    assert world.good().rows == 3
    assert target("SELECT who FROM people ORDER BY who") == [(1,), (2,), (3,)]
    with pytest.raises(DestinationError, match="a column for segment"):
        parse({**BODY, "what": "changes", "columns": {"id": "change_id", "who": "customer_id"}})


def test_what_went_out_before_a_death_is_taken_out_when_it_is_no_more(
    world: World, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.save(
        what="members", columns={"who": "customer_id", "segment": "segment"}, segments=["vip"], to=TABLE, mode="changes"
    )
    with monkeypatch.context() as patched:
        patched.setattr(changes, "keep", lambda *_: (_ for _ in ()).throw(OSError("power")))
        assert world.run().failed
    assert target("SELECT who FROM people") == [(1,)]
    world.sql("DELETE FROM segment_members")
    assert world.good().rows == 1, "the run that died is done again as it was"
    assert world.good(force=True).gone == 1
    assert target("SELECT who FROM people") == []
    assert not list((world.ws.data / "destinations").glob("*.pending"))


def test_members_of_lists_go_out_and_who_left_is_taken_out(world: World, target: Any) -> None:
    world.ws.save("list", "press", {"list": "press", "title": "press"}, author="test")
    world.save(
        what="list_members", columns={"who": "customer_id", "list": "list", "since": "since"}, lists=["press"],
        to=TABLE, mode="changes",
    )  # fmt: skip
    put = """INSERT INTO list_entries BY NAME SELECT 'press' AS list, 'phone' AS type, '' AS scope,
        $value AS value, $at AS time, $id AS identifier_id"""
    world.sql(put, value="a", id=1, at=NOW)
    world.sql(put, value="b", id=1, at=NOW + timedelta(hours=1))
    world.sql(put, value="c", id=2, at=NOW)
    world.sql(put, value="d", id=None, at=NOW)
    assert world.good().rows == 2
    assert target("SELECT who FROM people ORDER BY who") == [(1,), (2,)]
    world.sql("DELETE FROM list_entries WHERE value = 'c'")
    assert world.good(force=True).gone == 1
    assert target("SELECT who FROM people") == [(1,)]
    world.save(columns={"customer_id": "customer_id", "press": "list.press"}, to={"kind": "folder", "format": "csv"})
    world.good()
    rows = pacsv.read_csv(world.ws.root / "exports" / "crm.csv").to_pylist()
    assert [row["press"] for row in rows] == [True, False, False]


def test_what_would_take_out_most_rows_is_not_done_unasked(world: World) -> None:
    for number in range(10, 130):
        world.sql("INSERT INTO customer_of VALUES ($id, $id)", id=number)
        world.sql("INSERT INTO profiles BY NAME SELECT $id AS customer_id", id=number)
    world.save(mode="changes", columns={"customer_id": "customer_id"})
    assert world.good().rows == 123
    world.sql("DELETE FROM customer_of WHERE customer_id >= 20")
    assert "would be taken out at once" in world.run().error
    assert world.good(force=True).gone == 110


def test_s3_with_keys_by_reference(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("ONEPOOL_S3_KEY", "made-up")
        monkeypatch.setenv("ONEPOOL_S3_SECRET", "made-up-too")
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        from pyarrow import fs

        store = fs.S3FileSystem(
            access_key="made-up", secret_key="made-up-too", endpoint_override=f"{host}:{port}", scheme="http",
            region="us-east-1", allow_bucket_creation=True,
        )  # fmt: skip
        store.create_dir("brand-exports")
        to = {
            "kind": "s3", "bucket": "brand-exports", "path": "daily", "endpoint": f"http://{host}:{port}",
            "access_key": "env:ONEPOOL_S3_KEY", "secret_key": "env:ONEPOOL_S3_SECRET",
        }  # fmt: skip
        world.save(to=to)
        assert world.good().where == "s3://brand-exports/daily/crm.parquet"
        with store.open_input_file("brand-exports/daily/crm.parquet") as file:
            assert pq.read_table(file).num_rows == 3
        world.save(to={**to, "bucket": "nowhere"})
        assert "can't be written" in world.run().error
    finally:
        server.stop()


def test_when_it_is_due(world: World) -> None:
    world.save(every=600)
    world.save(destination="by_hand", every=0)
    scheduler = Destinations(world.ws)
    assert scheduler.due() == ["crm"]
    world.good()
    assert scheduler.due() == []
    world.clock.advance(timedelta(seconds=600))
    assert scheduler.due() == ["crm"]
    world.save(every=600, to={**TABLE, "url": "env:ONEPOOL_NOT_THERE"})
    assert "ONEPOOL_NOT_THERE" in world.run().error
    assert scheduler.due() == []
    world.clock.advance(timedelta(seconds=61))
    assert scheduler.due() == ["crm"]


def test_an_export_is_on_the_audit_trail_and_a_preview_writes_nothing(world: World) -> None:
    world.save()
    shown = preview(world.ws, parse(BODY))
    assert (shown.rows, shown.gone, shown.total, shown.sample.num_rows) == (3, 0, 3, 3)
    assert not (world.ws.root / "exports").exists()
    world.good()
    entry = next(one for _, one in audit.trail(world.ws.state, limit=5) if one.action == "export")
    assert entry.subject == "destination:crm"
    assert entry.detail["personal"] == ["phone", "姓名"] and entry.detail["purpose"] == "service calls"
    assert "138" not in json.dumps(entry.detail)


@pytest.mark.parametrize(
    ("changes_", "words"),
    [
        ({"columns": {"city": "attribute.city"}}, "need a column for customer_id"),
        ({"columns": {"customer_id": "customer_id", "x; DROP": "attribute.city"}}, "no column's name"),
        ({"columns": {"customer_id": "customer_id", "x": "attribute.shoe"}}, "there is no attribute shoe"),
        ({"columns": {"customer_id": "customer_id", "x": "order_id"}}, "is no source"),
        ({"purpose": ""}, "hold personal data"),
        ({"to": {"kind": "folder", "path": "../../etc"}}, "below the folder of exports"),
        ({"to": {**TABLE, "url": "postgresql://a:b@c/d"}}, "never as it is"),
        ({"to": {**TABLE, "table": "a; DROP TABLE b"}}, "name or schema.name"),
        (
            {"to": TABLE, "columns": {"customer_id": "customer_id", "客" * 22: "attribute.city"}},
            "longer than databases take",
        ),
        ({"to": {**TABLE, "table": "客" * 22}}, "at most 63 bytes"),
        ({"to": {"kind": "webhook", "touchpoint": "nobody"}}, "no touchpoint nobody"),
        ({"segments": ["nobody"]}, "there is no segment nobody"),
        ({"sql": "SELECT 1"}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told_before_it_is_saved(world: World, changes_: dict[str, Any], words: str) -> None:
    with pytest.raises(DestinationError, match=words):
        check(parse({**BODY, **changes_}), world.ws.standard(), {"level"}, {"vip"}, {})


def test_destinations_are_definitions_in_files(world: World, tmp_path: Path) -> None:
    root = tmp_path / "files"
    (root / "destinations").mkdir(parents=True)
    (root / "destinations" / "crm.yaml").write_text(json.dumps(BODY, ensure_ascii=False), encoding="utf-8")
    (change,) = apply.apply(world.ws, author="test", root=root)
    assert (change.kind, change.name, change.action) == ("destination", "crm", "add")
    assert world.good().rows == 3
    assert (root / "destinations" / "crm.yaml") in apply.export(world.ws, root)
    (root / "destinations" / "crm.yaml").write_text(json.dumps({**BODY, "purpose": ""}), encoding="utf-8")
    with pytest.raises(DestinationError, match="hold personal data"):
        apply.plan(world.ws, root)
