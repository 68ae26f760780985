"""Sequences read from the behaviour index are those read from the table: from its build and from what came since."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.compiler.plan import compile_conditions
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.sequence import indexed
from onepool.clock import FakeClock, to_micros
from onepool.pool.behaviour import BehaviourIndex

from . import world

ZONE = "Asia/Shanghai"
AT = world.INSTANTS[0]
NOBODY = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def pool():
    engine = world.engine(ZONE)
    yield engine
    engine.close()


crowded = st.lists(
    st.builds(
        lambda offset, seq, event, place: world.Event(
            seq, event, to_micros(AT) + offset, channel=place[0], touchpoint=place[1]
        ),
        st.one_of(world.edges, st.sampled_from([0, -1, -8 * world.DAY, -world.DAY // 2])),
        st.integers(0, 2**40),
        st.sampled_from(world.EVENTS),
        st.sampled_from([("tmall", "mini"), ("wechat", "shop"), ("wechat", "mini")]),
    ),
    max_size=7,
)
kinds = st.one_of(st.just({}), world.slices.map(lambda one: {"at": one}))


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_index_gives_what_the_table_gives(pool, data, monkeypatch):
    monkeypatch.setattr(indexed, "LEAST_SHARE", 0.0)
    people = {
        # In any order, but never one number for two events: the log gives each its own.
        one: [replace(event, seq=event.seq * 100 + one * 10 + place) for place, event in enumerate(events)]
        for one, events in enumerate(data.draw(st.lists(crowded, min_size=2, max_size=6)), 1)
    }
    later = {one: data.draw(st.integers(0, len(events))) for one, events in people.items()}
    drawn = data.draw(st.lists(world.sequences(kinds), min_size=1, max_size=4))
    conditions = {f"c{number}": world.parsed(one) for number, one in enumerate(drawn)}
    asked = []
    with TemporaryDirectory() as folder:
        world.fill(pool, {one: world.History(events[: later[one]]) for one, events in people.items()}, AT)
        index = BehaviourIndex(Path(folder), pool, FakeClock(AT))
        with pool.write() as session:
            BehaviourIndex.unsettle(session)
            index.attach(session)
        assert index.build(threading.Event())
        with pool.write() as session:
            rows = [
                world.event_row(one, place, event)
                for one, events in people.items()
                for place, event in list(enumerate(events))[later[one] :]
            ]
            session.append("events", pa.Table.from_pylist(rows, schema=world.EVENT_SCHEMA))
            # One of the first customer's two identifiers becomes the second one's.
            moved = pa.table({"identifier_id": [2], "customer_id": [2], "was": [1]})
            session.execute("UPDATE customer_of SET customer_id = 2 WHERE identifier_id = 2")
            index.note(session, np.array([row["seq"] for row in rows], np.int64), moved, NOBODY)

        def views(session, columns):
            asked.append(columns)
            return index.view(session, columns)

        plan = compile_conditions(conditions, AT, Scope.all(), world.context(ZONE))
        with pool.read() as session:
            wanted = plan.run(session).sort_by("customer_id").to_pylist()
            found = plan.run(session, views).sort_by("customer_id").to_pylist()
        assert asked and found == wanted
