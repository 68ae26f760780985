"""The behaviour index is equal to the table at every version: appends, late events, merges, splits, rewritten history,
added columns, rollbacks, builds at any moment, reopening, crashes."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.pool.indexed import ARRAYS, COLUMNS, Busy, Pool, same_pages

from onepool.pool.behaviour import State
from onepool.pool.behaviour.view import Ordered, View

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
            same_pages(self.pool, session)
            _same_view(self.pool, session, state)


BESIDE = ("identifier_id", "event", "channel", "touchpoint", *COLUMNS)


def _same_newest(pool: Pool, session: Any) -> None:
    """The table is read once for all customers: a query for each page costs more than everything else here."""
    everything = session.query(
        f"""SELECT c.customer_id, epoch_us(e.time) AS time, e.seq, {", ".join(f"e.{one}" for one in BESIDE)}
        FROM events e JOIN customer_of c USING (identifier_id) ORDER BY 2 DESC, 3 DESC"""
    ).to_pylist()
    for customer in range(1, 9):
        theirs = [row for row in everything if row["customer_id"] == customer]
        for limit, before, name in ((3, None, None), (4, (6_000_000, 25), None), (2, None, "bought")):
            found = pool.index.newest(session, customer, limit, before, event=name, columns=[*BESIDE, "no such one"])
            assert found is not None
            wanted = [
                row
                for row in theirs
                if name in (None, row["event"]) and (before is None or (row["time"], row["seq"]) < before)
            ][:limit]
            assert list(zip(found.times.tolist(), found.seqs.tolist(), strict=True)) == [
                (row["time"], row["seq"]) for row in wanted
            ]
            assert set(found.columns) >= {"identifier_id", "event", "channel", "touchpoint"}
            for column, values in found.columns.items():
                assert values == [row[column] for row in wanted]


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
