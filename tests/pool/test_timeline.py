"""Timelines by the behaviour index are those of the table; events that a build keeps whole."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import msgspec
import numpy as np
import pytest
from tests.pool.indexed import COLUMNS, Pool, same_pages, seen_by

from onepool.pool import timeline
from onepool.pool.behaviour.files import Manifest


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path)


def test_a_timeline_by_the_index_is_the_same(pool: Pool) -> None:
    pool.commit([seen_by(number % 3 + 1, number // 2) for number in range(30)], {2: 1})
    assert pool.index.build(threading.Event())
    pool.commit([seen_by(1, 4), seen_by(2, 40), seen_by(3, 7)], {3: 1, 2: 2})
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
    pool.commit([seen_by(1, n, **({"event": "bought"} if n % 4 else {}), score=n) for n in range(12)])
    pool.commit([seen_by(1, 20, **bought), seen_by(2, 21, **bought), seen_by(2, 22, event="empty", items=[])])
    assert pool.index.build(threading.Event())
    pool.commit([seen_by(1, 30, items=LINES[:1]), seen_by(1, 5, **bought), seen_by(2, 3, event="new", items=LINES)])
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
    pool.commit([seen_by(number % 2 + 1, number, items=LINES, fields=f'{{"n":{number}}}') for number in range(14)])
    pool.commit([seen_by(3, number) for number in range(3)] + [seen_by(4, number) for number in range(4)])
    assert pool.index.build(threading.Event())
    pool.commit([seen_by(1, 99)])
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
        same_pages(pool, session)
    assert kept == {1: [False] + [True] * 5 + [False] * 2, 2: [True] * 5 + [False] * 2, 3: [False] * 3, 4: [True] * 4}


def test_whole_events_are_not_read_once_the_table_has_further_columns_of_a_page(pool: Pool) -> None:
    pool.commit([seen_by(1, number) for number in range(4)])
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
    pool.commit([seen_by(1, 2, items=LINES), seen_by(1, 3)])
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


def test_rows_that_moved_name_nobody_elsesevents_of(pool: Pool) -> None:
    """Where a table was rewritten, another customer's event lies in the row that the index knew."""
    pool.commit([seen_by(1), seen_by(2), seen_by(1)])
    with pool.engine.read() as session:
        told = session.query("SELECT seq, rowid AS place, event_id::VARCHAR AS id FROM events ORDER BY seq").to_pylist()
        moved = Mock(rows=lambda _session, _customer, wanted: np.full(wanted.size, told[1]["place"]))
        found = timeline.event_ids(session, [told[0]["seq"], told[2]["seq"]], customer=1, index=moved)
    assert found == {row["seq"]: row["id"] for row in (told[0], told[2])}
