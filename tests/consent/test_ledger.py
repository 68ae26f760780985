"""The ledger on SQLite and PostgreSQL: any order and batches give the same fold; values handed on take words along."""

from __future__ import annotations

import random

import pyarrow as pa
from sqlalchemy import select
from tests.postgres import postgres_server, state, state_url  # noqa: F401 fixtures

from onepool.privacy.consents import ledger, links, stops
from onepool.privacy.consents.stops import Stop
from onepool.privacy.consents.words import WORDS
from onepool.reach import suppression
from onepool.state import State
from onepool.state.consents import consent_ledger, consent_states
from onepool.state.outbox import suppressions


def words(count: int, seed: int) -> list[dict[str, object]]:
    draw = random.Random(seed)
    return [
        {
            "identifier_id": draw.randrange(6), "purpose": draw.choice(["all", "marketing"]), "category": "",
            "channel": draw.choice(["", "sms"]), "granted": draw.random() < 0.5, "time": draw.randrange(20), "seq": seq,
            "event_id": seq.to_bytes(16, "big"), "source": "event", "touchpoint": "t", "notice": "", "notice_hash": "",
            "evidence": "",
        }
        for seq in range(count)
    ]  # fmt: skip


def fold(made: State, rows: list[dict[str, object]]) -> None:
    with made.write() as connection:
        ledger.fold(connection, pa.Table.from_pylist(rows, WORDS), 99)


def states(made: State) -> list[tuple[object, ...]]:
    with made.read() as connection:
        assert ledger.differences(connection) == 0
        found = connection.execute(select(consent_states).order_by(*consent_states.primary_key.columns))
        return [tuple(row) for row in found]


def test_any_order_any_batches_any_repeats_give_one_fold(state: State) -> None:  # noqa: F811
    said = words(120, 7)
    naive: dict[tuple[object, ...], dict[str, object]] = {}
    for one in said:
        key = tuple(one[name] for name in ("identifier_id", "purpose", "category", "channel"))
        if key not in naive or (naive[key]["time"], naive[key]["seq"]) < (one["time"], one["seq"]):  # type: ignore[operator]
            naive[key] = one
    wanted = sorted((*key, one["granted"], one["time"], one["seq"]) for key, one in naive.items())  # type: ignore[type-var]
    draw = random.Random(1)
    draw.shuffle(said)
    while said:
        size = draw.randrange(1, 9)
        fold(state, said[:size])
        if draw.random() < 0.3:
            fold(state, said[:size])
        said = said[size:]
    assert sorted(states(state)) == wanted  # type: ignore[type-var]
    with state.write() as connection:
        assert len(connection.execute(select(consent_ledger.c.id)).all()) == 120
        connection.execute(consent_states.delete())
        assert ledger.differences(connection) == len(wanted)
        ledger.refold(connection)
    assert sorted(states(state)) == wanted  # type: ignore[type-var]


def test_words_go_to_whoever_had_the_value_then(state: State) -> None:  # noqa: F811
    base = words(2, 3)[0] | {"identifier_id": 1, "purpose": "all", "channel": ""}
    fold(state, [base | {"time": 5, "seq": 1, "granted": True}, base | {"time": 15, "seq": 2, "granted": False}])
    tenures = pa.table({"base": [1, 1], "identifier_id": [1, 9], "valid_from": [-(2**60), 10], "valid_to": [10, 2**60]})
    with state.write() as connection:
        ledger.retime(connection, tenures)
    assert [(row[0], row[4], row[5]) for row in states(state)] == [(1, True, 5), (9, False, 15)]


def test_stops_suppressions_and_links_on_either_database(state: State) -> None:  # noqa: F811
    from onepool.clock import from_micros

    with state.write() as connection:
        stops.stop(connection, [Stop(4, "marketing", "", "sms")], offset=3, source="test", at=10)
        number = suppression.add(connection, at=1, reason="manual", source="test", identifier_id=4, channel="sms")
        assert number is not None
        (token,) = links.make(connection, [(4, None)], from_micros(0))
        assert links.find(connection, token, from_micros(1)) is not None
        stops.release(connection, [2, 3], 20)
    with state.read() as connection:
        rows = connection.execute(select(suppressions.c.lifted_by).order_by(suppressions.c.id)).scalars().all()
        assert rows == ["ledger", ""]
        assert [one.reason for one in suppression.entries(connection, nodes=[4], live_at=30)] == ["manual"]
        assert suppression.count(connection, live_at=30) == 1
