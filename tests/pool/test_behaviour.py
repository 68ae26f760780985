"""The behaviour index is equal to the table at every version: appends, late events, merges, splits, rewritten history,
added columns, rollbacks, builds at any moment, reopening, crashes."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import Mock

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from onepool.clock import FakeClock
from onepool.pool import Columns, DuckDBEngine, customers, timeline
from onepool.pool.behaviour import BehaviourIndex, State
from onepool.pool.behaviour.files import Manifest
from onepool.pool.behaviour.view import Ordered, View
from onepool.pool.schema import create

COLUMNS = {"amount": "DECIMAL(18,4)", "score": "DOUBLE", "count": "BIGINT", "gift": "BOOLEAN", "day": "DATE",
           "word": "VARCHAR", "labels": "VARCHAR[]"}  # fmt: skip
ITEMS = {"category": "VARCHAR", "price": "DECIMAL(18,4)"}
ARRAYS = ("event", "channel", "identifier_id", "amount", "count", "word", "day", "gift")
NONE = pa.table({"identifier_id": pa.array([], pa.int64()), "customer_id": pa.array([], pa.int64()),
                 "was": pa.array([], pa.int64())})  # fmt: skip
CLOCK = FakeClock(datetime(2026, 11, 22, tzinfo=UTC))
EMPTY = np.empty(0, np.int64)


class Pool:
    """A pool and its index, changed as the tick changes them."""

    def __init__(
        self, folder: Path, budget: int = 1 << 20, path: Path | str = ":memory:", whole: tuple[int, int] = (1, 3)
    ) -> None:
        self.folder = folder
        self.budget = budget
        self.whole = whole
        self.engine = DuckDBEngine(path, "Asia/Shanghai", threads=2)
        self.columns = dict(COLUMNS)
        with self.engine.write() as session:
            create(session, Columns(self.columns, ITEMS, {}))
        self.number = 0
        self.open()

    def open(self) -> None:
        self.index = BehaviourIndex(self.folder, self.engine, CLOCK, budget=self.budget, whole=self.whole)
        self.index.want([*COLUMNS, "items", "fields"])
        self.attach()

    def attach(self) -> None:
        with self.engine.write() as session:
            self.index.attach(session)

    def commit(
        self,
        events: list[dict[str, Any]] | None = None,
        owners: dict[int, int] | None = None,
        retimed: tuple[int, int] | None = None,
        *,
        fail: bool = False,
        seqs: list[int] | None = None,
    ) -> State | None:
        """One transaction: events, the owners of identifiers, events of one identifier given to another."""
        rows = []
        for place, event in enumerate(events or []):
            self.number += 1
            rows.append({"event_id": uuid.UUID(int=self.number).hex, "seq": self.number * 10, **event})
            if seqs:
                rows[-1]["seq"] = seqs[place]
        try:
            with self.engine.write() as session:
                owned = session.query("SELECT * FROM customer_of").to_pylist()
                known = {row["identifier_id"]: row["customer_id"] for row in owned}
                unknown = {row["identifier_id"] for row in rows} - known.keys()
                wanted = {identifier: identifier for identifier in unknown}
                wanted |= {i: c for i, c in (owners or {}).items() if known.get(i) != c}
                if retimed and retimed[1] not in known:
                    wanted.setdefault(retimed[1], retimed[1])
                moved = [{"identifier_id": i, "customer_id": c, "was": known.get(i)} for i, c in wanted.items()]
                session.append("events", _events(rows, self.columns))
                for one in moved:
                    session.execute("DELETE FROM customer_of WHERE identifier_id = $i", {"i": one["identifier_id"]})
                    session.append("customer_of", pa.Table.from_pylist([one]).select(["identifier_id", "customer_id"]))
                if retimed:
                    session.execute(
                        "UPDATE events SET identifier_id = $to WHERE identifier_id = $was AND seq % 20 = 0",
                        {"was": retimed[0], "to": retimed[1]},
                    )
                table = pa.Table.from_pylist(moved, NONE.schema) if moved else NONE
                state = self.index.note(
                    session, np.array([row["seq"] for row in rows], np.int64), table,
                    np.array(retimed or (), np.int64),
                )  # fmt: skip
                if state is not None:
                    self.same(session, state)
                if fail:
                    raise _Failed
                return state
        except _Failed:
            return None

    def same(self, session: Any, state: State) -> None:
        """Everything that the state says is what the tables say."""
        names = [name for name in ("identifier_id", "event", "time", "seq", "channel", "touchpoint", *COLUMNS, "items")
                 if state.has([name])]  # fmt: skip
        listed = ", ".join(f'e."{name}"' for name in names)
        fields = ", e.fields::VARCHAR AS fields" if state.has(["fields"]) else ""
        wanted = session.query(
            f"""SELECT c.customer_id, {listed}{fields} FROM events e JOIN customer_of c USING (identifier_id)
            ORDER BY c.customer_id, e.time, e.seq"""
        )
        customers = np.unique(session.query("SELECT customer_id FROM customer_of").column("customer_id").to_numpy())
        asked = [*names, *(["fields"] if fields else [])]
        order = [("customer_id", "ascending"), ("time", "ascending"), ("seq", "ascending")]
        found = state.gather(customers, asked).sort_by(order)
        assert found.to_pylist() == wanted.to_pylist()
        some = customers[::2]
        part = state.gather(some, asked, {"seen": None, "bought": 5_000_000}).sort_by(order)
        expected = [
            row for row in wanted.to_pylist()
            if row["customer_id"] in some
            and (row["event"] == "seen" or (row["event"] == "bought" and row["time"].timestamp() >= 5))
        ]  # fmt: skip
        assert part.to_pylist() == expected


def _events(rows: list[dict[str, Any]], columns: dict[str, str]) -> pa.Table:
    instant = pa.timestamp("us", tz="UTC")
    types = {"seq": pa.int64(), "event_id": pa.string(), "identifier_id": pa.int64(), "event": pa.string(),
             "time": instant, "channel": pa.string(), "amount": pa.decimal128(18, 4), "score": pa.float64(),
             "count": pa.int64(), "gift": pa.bool_(), "day": pa.date32(), "word": pa.string(),
             "labels": pa.list_(pa.string()), "fields": pa.string(),
             "items": pa.list_(pa.struct([("category", pa.string()), ("price", pa.decimal128(18, 4))]))}  # fmt: skip
    schema = pa.schema([(name, kind) for name, kind in types.items() if name in columns or name not in COLUMNS])
    return pa.Table.from_pylist(rows, schema)


class _Failed(Exception):
    pass


class Busy(threading.Event):
    """A stop that is never set; each time the build looks at it, something else is committed."""

    def __init__(self, *deeds: Callable[[], object]) -> None:
        super().__init__()
        self._deeds = list(deeds)

    def is_set(self) -> bool:
        if self._deeds:
            self._deeds.pop()()
        return False


identifiers = st.integers(1, 8)
cents = st.decimals(-100, 100, places=2)
event = st.fixed_dictionaries(
    {"identifier_id": identifiers, "event": st.sampled_from(["seen", "bought", "left"]),
     "time": st.integers(0, 12).map(lambda s: datetime.fromtimestamp(s, UTC))},
    optional={"channel": st.sampled_from(["web", "shop", None]), "amount": st.none() | cents,
              "score": st.none() | st.floats(-5, 5), "count": st.none() | st.integers(-(2**63), 2**63 - 1),
              "gift": st.none() | st.booleans(), "day": st.none() | st.dates(), "word": st.none() | st.text(max_size=3),
              "labels": st.none() | st.lists(st.sampled_from(["a", "b"]), max_size=2),
              "fields": st.sampled_from(['{"a":1}', None]),
              "items": st.none() | st.lists(st.fixed_dictionaries(
                  {"category": st.sampled_from(["x", None]), "price": st.none() | cents}), max_size=2)},
)  # fmt: skip
batch = st.lists(event, max_size=6)
owners = st.dictionaries(identifiers, identifiers, max_size=3)


class Machine(RuleBasedStateMachine):
    """The tick's deeds and the index's, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())

    @initialize(budget=st.sampled_from([100, 1 << 20]), events=batch, whole=st.sampled_from([(0, 1), (1, 3), (2, 99)]))
    def begin(self, budget: int, events: list[dict[str, Any]], whole: tuple[int, int]) -> None:
        self.pool = Pool(self.folder, budget, whole=whole)
        self.pool.commit(events)

    def teardown(self) -> None:
        if hasattr(self, "pool"):
            self.pool.engine.close()
        shutil.rmtree(self.folder)

    @rule(events=batch, owners=owners, fail=st.booleans())
    def appended(self, events: list[dict[str, Any]], owners: dict[int, int], fail: bool) -> None:
        self.pool.commit(events, owners, fail=fail)

    @rule(owners=owners)
    def moved(self, owners: dict[int, int]) -> None:
        self.pool.commit(owners=owners)

    @rule(events=st.lists(event, min_size=1, max_size=2), spare=st.integers(1, 9))
    def tried_again(self, events: list[dict[str, Any]], spare: int) -> None:
        """Things that waited in quarantine: their seqs are behind."""
        self.pool.commit(events, seqs=[-(self.pool.number * 10) - spare - 10 * place for place in range(len(events))])

    @rule(was=identifiers, to=st.integers(1, 10), events=batch)
    def handed_on(self, was: int, to: int, events: list[dict[str, Any]]) -> None:
        self.pool.commit(events, retimed=(was, to))

    @rule()
    def built(self) -> None:
        self.pool.index.build(threading.Event())

    @rule(events=batch, owners=owners, fail=st.booleans(), to=identifiers)
    def built_meanwhile(self, events: list[dict[str, Any]], owners: dict[int, int], fail: bool, to: int) -> None:
        """Commits of all kinds while a build runs."""
        pool = self.pool
        served = pool.index.status().serving
        assert pool.index.build(
            Busy(
                lambda: pool.commit(events, owners),
                lambda: pool.commit(events, fail=fail),
                lambda: pool.commit(owners={1: to}),
                lambda: pool.commit(retimed=(to, 1)),
            )
        )
        assert pool.index.status().serving or not served

    @rule()
    def stopped(self) -> None:
        stop = threading.Event()
        stop.set()
        self.pool.index.build(stop)

    @rule()
    def column_added(self) -> None:
        name = f"extra{len(self.pool.columns)}"
        if len(self.pool.columns) > len(COLUMNS) + 2:
            return
        with self.pool.engine.write() as session:
            session.execute(f'ALTER TABLE events ADD COLUMN "{name}" BIGINT')
        self.pool.columns[name] = "BIGINT"
        self.pool.index.want([*COLUMNS, name, "items", "fields"])
        self.pool.attach()
        with self.pool.engine.read() as session:
            state = self.pool.index.state(session)
            assert state is None or not state.has([name])

    @rule(half=st.booleans())
    def reopened(self, half: bool) -> None:
        if half:
            part = self.folder / "9-crashed.part"
            part.mkdir(exist_ok=True)
            (part / "time.npy").write_bytes(b"half")
        self.pool.open()
        assert not list(self.folder.glob("*.part"))

    @invariant()
    def reads_are_exact(self) -> None:
        if not hasattr(self, "pool"):
            return
        with self.pool.engine.read() as session:
            state = self.pool.index.state(session)
            if state is None:
                return
            self.pool.same(session, state)
            _same_newest(self.pool, session)
            _same_pages(self.pool, session)
            _same_view(self.pool, session, state)


BESIDE = ("identifier_id", "event", "channel", "touchpoint", *COLUMNS)


def _same_newest(pool: Pool, session: Any) -> None:
    for customer in range(1, 9):
        for limit, before, name in ((3, None, None), (4, (6_000_000, 25), None), (2, None, "bought")):
            found = pool.index.newest(session, customer, limit, before, event=name, columns=[*BESIDE, "no such one"])
            assert found is not None
            wanted = session.query(
                f"""SELECT epoch_us(e.time) AS time, e.seq, {", ".join(f"e.{one}" for one in BESIDE)}
                FROM events e JOIN customer_of c USING (identifier_id)
                WHERE c.customer_id = $customer AND ($name IS NULL OR e.event = $name)
                    AND ($time IS NULL OR (epoch_us(e.time), e.seq) < ($time, $seq))
                ORDER BY 1 DESC, 2 DESC LIMIT $limit""",
                {"customer": customer, "name": name, "limit": limit, "time": before and before[0],
                 "seq": before and before[1]},
            )  # fmt: skip
            assert list(zip(found.times.tolist(), found.seqs.tolist(), strict=True)) == [
                (row["time"], row["seq"]) for row in wanted.to_pylist()
            ]
            assert set(found.columns) >= {"identifier_id", "event", "channel", "touchpoint"}
            for column, values in found.columns.items():
                assert values == wanted.column(column).to_pylist()


def _same_pages(pool: Pool, session: Any) -> None:
    """Pages by the index, from what is kept whole and from the table, are those by the table."""
    for customer in range(1, 9):
        ids = customers.identifier_ids(session, customer)
        for limit, name in ((2, None), (50, None), (50, "bought")):
            asked: dict[str, Any] = {"columns": pool.columns, "limit": limit, "event": name}
            by_table = timeline.events(session, ids, **asked)
            assert timeline.events(session, None, **asked, customer=customer, index=pool.index) == by_table


def _same_view(pool: Pool, session: Any, state: State) -> None:
    names = [name for name in ARRAYS if state.has([name])]
    view = pool.index.view(session, names)
    assert view is not None
    found = [*_flat(view, view.base, names, view.skip), *_flat(view, view.overlay, names, None)]
    listed = ", ".join(f"e.{name}" for name in names)
    wanted = session.query(
        f"""SELECT c.customer_id, epoch_us(e.time) AS t, e.seq, {listed.replace("e.day", "e.day - '1970-01-01'::DATE")}
        FROM events e JOIN customer_of c USING (identifier_id) ORDER BY 1, 2, 3"""
    )
    rows = list(zip(*(column.to_pylist() for column in wanted.columns), strict=True))
    assert sorted(found, key=lambda row: row[:3]) == rows
    order = [row[:3] for row in found]
    assert order[: len(_flat(view, view.base, names, view.skip))] == sorted(
        row[:3] for row in _flat(view, view.base, names, view.skip)
    )


def _flat(view: View, part: Ordered, names: list[str], skip: Any) -> list[tuple[Any, ...]]:
    rows = []
    for number, customer in enumerate(part.customers.tolist()):
        if skip is not None and skip[number]:
            continue
        for row in range(part.offsets[number], part.offsets[number + 1]):
            values = [_value(view, part, name, row) for name in names]
            rows.append((customer, int(part.columns["time"][row]), int(part.columns["seq"][row]), *values))
    return rows


def _value(view: View, part: Ordered, name: str, row: int) -> Any:
    value = part.columns[name][row]
    if name in view.words:
        return view.words[name][int(value)].as_py()
    if name in part.missing and part.missing[name][row]:
        return None
    if name == "amount":
        return pa.scalar(int(value)).as_py() * _TEN_THOUSANDTH
    return bool(value) if name == "gift" else int(value)


_TEN_THOUSANDTH = Decimal("0.0001")

TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=5, stateful_step_count=14, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path)


def test_nothing_is_read_before_a_build(pool: Pool) -> None:
    pool.commit([_seen(1)])
    with pool.engine.read() as session:
        assert pool.index.state(session) is None
        assert pool.index.gather(session, np.array([1]), ["event"]) is None
    assert pool.index.due() == "there is none"


def _seen(identifier: int, second: int = 1, **more: Any) -> dict[str, Any]:
    return {"identifier_id": identifier, "event": "seen", "time": datetime.fromtimestamp(second, UTC), **more}


def test_a_timeline_by_the_index_is_the_same(pool: Pool) -> None:
    pool.commit([_seen(number % 3 + 1, number // 2) for number in range(30)], {2: 1})
    assert pool.index.build(threading.Event())
    pool.commit([_seen(1, 4), _seen(2, 40), _seen(3, 7)], {3: 1, 2: 2})
    with pool.engine.read() as session:
        for customer, identifiers in ((1, [1, 3]), (2, [2])):
            place = None
            for _ in range(9):
                asked: dict[str, Any] = {"columns": COLUMNS, "before": place, "limit": 4}
                by_table, following = timeline.events(session, identifiers, **asked)
                by_index, after = timeline.events(session, identifiers, **asked, customer=customer, index=pool.index)
                assert (by_index, after) == (by_table, following)
                place = following
                if place is None:
                    break
            assert place is None


LINES = [{"category": "tea", "price": Decimal("1.5000")}, {"category": None, "price": None}]


def test_a_timeline_has_the_lines_of_events_by_the_index_too(pool: Pool) -> None:
    """Lines are only read where events may have them: by then, of that name, or since."""
    pool.index.want(COLUMNS)
    bought = {"event": "bought", "items": LINES}
    pool.commit([_seen(1, n, **({"event": "bought"} if n % 4 else {}), score=n) for n in range(12)])
    pool.commit([_seen(1, 20, **bought), _seen(2, 21, **bought), _seen(2, 22, event="empty", items=[])])
    assert pool.index.build(threading.Event())
    pool.commit([_seen(1, 30, items=LINES[:1]), _seen(1, 5, **bought), _seen(2, 3, event="new", items=LINES)])
    with pool.engine.read() as session:
        state = pool.index.state(session)
        assert state is not None and state.base.manifest.lined == ["bought", "empty"] and not state.has(["items"])
        for customer in (1, 2):
            for limit in (1, 2, 3, 7, 40):
                place, seen, lined = None, 0, 0
                while True:
                    asked: dict[str, Any] = {"columns": COLUMNS, "before": place, "limit": limit}
                    by_table, place = timeline.events(session, [customer], **asked)
                    by_index, after = timeline.events(session, None, **asked, customer=customer, index=pool.index)
                    assert (by_index, after) == (by_table, place)
                    seen, lined = seen + len(by_index), lined + sum(one.items != [] for one in by_index)
                    if place is None:
                        break
                assert (seen, lined) == ((15, 3) if customer == 1 else (3, 2))


def test_of_customers_with_many_events_the_last_are_kept_whole(tmp_path: Path) -> None:
    pool = Pool(tmp_path, whole=(3, 5))
    pool.commit([_seen(number % 2 + 1, number, items=LINES, fields=f'{{"n":{number}}}') for number in range(14)])
    pool.commit([_seen(3, number) for number in range(3)] + [_seen(4, number) for number in range(4)])
    assert pool.index.build(threading.Event())
    pool.commit([_seen(1, 99)])
    with pool.engine.read() as session:
        kept = {}
        for customer in (1, 2, 3, 4):
            found = pool.index.newest(session, customer, 20)
            assert found is not None
            kept[customer] = [one is not None for one in found.whole]
            for seq, one in zip(found.seqs.tolist(), found.whole, strict=True):
                if one is not None:
                    listed = "event_id::VARCHAR AS event_id, received_at, amount, items, fields::VARCHAR AS fields"
                    row = session.query(f"SELECT {listed} FROM events WHERE seq = $seq", {"seq": seq})
                    assert [one] == row.to_pylist()
        _same_pages(pool, session)
    assert kept == {1: [False] + [True] * 5 + [False] * 2, 2: [True] * 5 + [False] * 2, 3: [False] * 3, 4: [True] * 4}


def test_whole_events_are_not_read_once_the_table_has_further_columns_of_a_page(pool: Pool) -> None:
    pool.commit([_seen(1, number) for number in range(4)])
    assert pool.index.build(threading.Event())
    with pool.engine.write() as session:
        session.execute("ALTER TABLE events ADD COLUMN currency VARCHAR DEFAULT 'CNY'")
    pool.columns["currency"] = "VARCHAR"
    pool.attach()
    for whole in (False, True):
        with pool.engine.read() as session:
            found = pool.index.newest(session, 1, 3)
            assert found is not None and [one is not None for one in found.whole] == [whole] * 3
            events, _ = timeline.events(session, None, columns=pool.columns, customer=1, index=pool.index)
            assert [one.currency for one in events] == ["CNY"] * 4
        pool.index.build(threading.Event())


def test_whole_events_lie_in_the_order_of_the_build_also_over_many_parts(tmp_path: Path) -> None:
    """More of them than a part of a build has, in batches."""
    pool = Pool(tmp_path, whole=(8, 40))
    rows, people = 150_000, 3_001
    with pool.engine.write() as session:
        session.execute(f"INSERT INTO customer_of SELECT n, n FROM range({people}) t(n)")
        session.execute(
            f"""INSERT INTO events BY NAME SELECT n AS seq, lpad(to_hex(n), 32, '0')::UUID AS event_id,
            hash(n) % {people} AS identifier_id, 'seen' AS event, make_timestamptz((hash(n, 1) % 9999)::BIGINT) AS time,
            n::VARCHAR AS fields FROM range({rows}) t(n)"""
        )
    pool.attach()
    assert pool.index.build(threading.Event())
    kept = 0
    with pool.engine.read() as session:
        for customer in (*range(0, people, 97), people - 1):
            found = pool.index.newest(session, customer, 60)
            assert found is not None
            assert [one["fields"] for one in found.whole if one is not None] == found.seqs[:40].astype(str).tolist()
            kept += sum(one is not None for one in found.whole)
    assert kept > 1_000


def test_lines_are_read_from_builds_that_do_not_say_who_has_any(tmp_path: Path) -> None:
    pool = Pool(tmp_path, whole=(99, 0))
    pool.index.want(COLUMNS)
    pool.commit([_seen(1, 2, items=LINES), _seen(1, 3)])
    assert pool.index.build(threading.Event())
    with pool.engine.read() as session:
        state = pool.index.state(session)
        assert state is not None
        manifest = msgspec.json.decode(
            msgspec.json.encode(state.base.manifest).replace(b',"lined":["seen"]', b""), type=Manifest
        )
        assert manifest.lined is None
        state.base.manifest = manifest
        events, _ = timeline.events(session, None, columns=COLUMNS, customer=1, index=pool.index)
    assert [len(one.items) for one in events] == [0, 2]


def test_rows_that_moved_name_nobody_elses_events(pool: Pool) -> None:
    """Where a table was rewritten, another customer's event lies in the row that the index knew."""
    pool.commit([_seen(1), _seen(2), _seen(1)])
    with pool.engine.read() as session:
        told = session.query("SELECT seq, rowid AS place, event_id::VARCHAR AS id FROM events ORDER BY seq").to_pylist()
        moved = Mock(rows=lambda _session, _customer, wanted: np.full(wanted.size, told[1]["place"]))
        found = timeline.event_ids(session, [told[0]["seq"], told[2]["seq"]], customer=1, index=moved)
    assert found == {row["seq"]: row["id"] for row in (told[0], told[2])}


def test_a_build_that_was_killed_is_thrown_away(tmp_path: Path) -> None:
    """SIGKILL in the middle of a build: the build before it is read on, and the half one is gone."""
    path = tmp_path / "pool.duckdb"
    first = Pool(tmp_path / "index", path=path)
    first.commit([_seen(1, 2), _seen(2, 3)])
    assert first.index.build(threading.Event())
    first.engine.close()
    child = subprocess.Popen(
        [sys.executable, "-c", _HALF_A_BUILD, str(tmp_path / "index"), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.kill()
    child.wait(30)
    child.stdout.close()
    assert list((tmp_path / "index").glob("*.part"))
    again = Pool(tmp_path / "index", path=path)
    assert not list((tmp_path / "index").glob("*.part"))
    status = again.index.status()
    assert (status.serving, status.events, status.tail) == (True, 2, 1)
    with again.engine.read() as session:
        state = again.index.state(session)
        assert state is not None
        again.same(session, state)
    again.engine.close()


_HALF_A_BUILD = """
import sys, threading, time
from pathlib import Path
sys.path.insert(0, ".")
from tests.pool.test_behaviour import Pool, _seen
class Hang(threading.Event):
    def is_set(self):
        if list(folder.glob("*.part/channel.npy")):
            print("half", flush=True)
            time.sleep(600)
        return False
folder = Path(sys.argv[1])
pool = Pool(folder, path=Path(sys.argv[2]))
pool.number = 100
pool.commit([_seen(1, 5)])
pool.index.build(Hang())
"""


def test_a_build_of_another_pool_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    first = Pool(tmp_path)
    first.commit([_seen(1)])
    assert first.index.build(threading.Event())
    second = Pool(tmp_path)
    second.commit([_seen(1)])
    assert not second.index.status().serving
    with second.engine.read() as session:
        assert second.index.state(session) is None


def test_a_build_goes_once_nobody_reads_it(pool: Pool) -> None:
    pool.commit([_seen(1)])
    assert pool.index.build(threading.Event())
    with pool.engine.read() as session:
        held = pool.index.state(session)
    assert held is not None
    assert pool.index.build(threading.Event())
    assert held.gather(np.array([1]), ["event"]).num_rows == 1
    assert held.base.folder.exists()
    del held
    gc.collect()
    assert len(list(pool.folder.iterdir())) == 1
