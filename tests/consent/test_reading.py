"""Consent and suppression as the gate asks for them: many customers at once, by identifier, few and many alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import insert

from onepool.privacy.consents import reading
from onepool.privacy.consents.reading import ASKED, BEARERS
from onepool.reach import suppression
from onepool.reach.suppression import SuppressionError
from onepool.state import State
from onepool.state.consents import consent_ledger, consent_states


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State.at(tmp_path / "state.sqlite")
    yield made
    made.close()


def bearers(*pairs: tuple[int, int]) -> pa.Table:
    return pa.table({"customer_id": [c for c, _ in pairs], "identifier_id": [i for _, i in pairs]}, schema=BEARERS)


def say(state: State, node: int, yes: bool, time: int, purpose: str = "all", category: str = "", channel: str = "",
        seq: int | None = None) -> None:  # fmt: skip
    values: dict[str, Any] = {"identifier_id": node, "purpose": purpose, "category": category, "channel": channel,
                              "granted": yes, "time": time, "seq": time if seq is None else seq}  # fmt: skip
    with state.write() as connection:
        connection.execute(insert(consent_states).values(**values))


def ask(*rows: tuple[int, str, str, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=ASKED)


def test_the_latest_word_over_all_identifiers_decides(state: State) -> None:
    say(state, 1, True, 10)
    say(state, 2, False, 20, channel="sms")
    say(state, 3, True, 30, purpose="marketing", channel="sms")
    say(state, 4, False, 5, purpose="marketing", category="promotion")
    say(state, 4, True, 4, purpose="marketing")
    own = bearers((7, 1), (7, 2), (8, 3), (8, 99), (9, 4))
    asked = ask(
        (7, "marketing", "promotion", "sms"), (7, "marketing", "promotion", "email"), (8, "marketing", "", "sms"),
        (8, "service", "", "sms"), (9, "marketing", "promotion", "sms"), (9, "marketing", "service", "sms"),
        (9, "marketing", "", ""), (10, "marketing", "", ""),
    )  # fmt: skip
    with state.read() as connection:
        held = reading.consented(connection, own, asked, 100)
        assert held.granted.tolist() == [False, True, True, False, False, True, True, False]
        assert held.time.tolist() == [20, 10, 30, -1, 5, 4, 4, -1]
        assert reading.refused(connection, own, np.array([7, 8, 9, 7]), "sms", 100).tolist() == [True, False, False,
                                                                                              True]  # fmt: skip
        nobody = reading.consented(connection, own, ASKED.empty_table(), 100)
        assert nobody.granted.size == 0


def test_what_is_said_later_is_looked_past(state: State) -> None:
    say(state, 1, False, 50)
    word = {
        "seq": 5,
        "identifier_id": 1,
        "purpose": "all",
        "action": "granted",
        "time": 20,
        "at": 20,
        "source": "event",
    }
    with state.write() as connection:
        connection.execute(insert(consent_ledger).values(**word))
        connection.execute(insert(consent_ledger).values(**word | {"seq": 6, "action": "withdrawn", "time": 50}))
    with state.read() as connection:
        for at, granted in ((20, False), (21, True), (50, True), (51, False)):
            held = reading.consented(connection, bearers((1, 1)), ask((1, "marketing", "", "")), at)
            assert held.granted.tolist() == [granted], at


@pytest.mark.parametrize("few", [4_000, 0])
def test_few_and_many_are_read_alike(state: State, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_FEW", few)
    monkeypatch.setattr(suppression, "_FEW", few)
    monkeypatch.setattr(reading, "_RANGE", 7)
    for node in range(40):
        say(state, node, node % 3 == 0, 10 + node, purpose="x" * 60 if node % 2 else "marketing")
    say(state, 38, False, 1, purpose="template:T")
    say(state, 36, False, 5000, channel="sms")
    own = bearers(*[(100 + node // 2, node) for node in range(40)])
    asked = ask(*[(100 + one, "marketing", "", "") for one in range(20)])
    with state.write() as connection:
        suppression.add(connection, at=1, reason="manual", source="test", customer_id=3)
    with state.read() as connection:
        held = reading.consented(connection, own, asked, 1000)
        assert held.granted.tolist() == [one * 2 % 3 == 0 for one in range(20)]
        people = np.arange(100, 120)
        no = reading.refused(connection, own, people, "sms", 1000).tolist()
        assert not any(no), "each no has a purpose"
        assert np.flatnonzero(reading.refuses_template(connection, own, people, "T", 1000)).tolist() == [19]
        assert np.flatnonzero(reading.refused(connection, own, people, "sms", 9000)).tolist() == [18]
        who = asked.append_column("identifier_id", pa.nulls(20, pa.int64()))
        reasons = suppression.suppressed(connection, own, who, 10)
        assert [at for at, one in enumerate(reasons) if one] == [1]


def test_a_name_that_is_too_long_means_the_same_when_asked_for(state: State) -> None:
    from onepool.privacy.consents.words import bounded

    long = "季" * 200
    say(state, 1, True, 1, purpose=bounded(long, 64))
    with state.read() as connection:
        held = reading.consented(connection, bearers((1, 1)), ask((1, long, "", ""), (1, long + "x", "", "")), 9)
    assert held.granted.tolist() == [True, False]


def want(customer: int, address: int | None, category: str = "promotion", channel: str = "sms") -> dict[str, Any]:
    return {"customer_id": customer, "identifier_id": address, "purpose": "marketing", "category": category,
            "channel": channel}  # fmt: skip


def suppressed(state: State, own: pa.Table, at: int, *rows: dict[str, Any]) -> list[str | None]:
    with state.read() as connection:
        return suppression.suppressed(connection, own, pa.Table.from_pylist(rows, suppression.ASKED), at)


def test_suppressed_by_person_or_address_for_a_while_or_for_good(state: State) -> None:
    own = bearers((7, 1), (7, 2), (8, 3))
    with state.write() as connection:
        person = suppression.add(connection, at=1, reason="manual", source="ticket 4711", customer_id=1, until=50)
        dead = suppression.add(connection, at=1, reason="dead_number", source="receipts", identifier_id=3,
                               channel="sms")  # fmt: skip
        assert suppression.add(
            connection, at=2, reason="dead_number", source="again", identifier_id=3, channel="sms"
        ) is None  # fmt: skip
    rows = (want(7, 2), want(7, 2, "transactional"), want(8, 3), want(8, 3, channel="email"), want(8, None),
            want(8, 3, "transactional"))  # fmt: skip
    assert suppressed(state, own, 10, *rows) == ["manual", None, "dead_number", None, None, "dead_number"]
    assert suppressed(state, own, 50, *rows)[0] is None, "until then only"
    merged = bearers((8, 1), (8, 2), (8, 3))
    assert suppressed(state, merged, 10, want(8, 2)) == ["manual"], "whoever bears the number's identifier"
    assert person is not None and dead is not None
    with state.write() as connection:
        assert suppression.lift(connection, [dead, dead + 100], 20, "user:a") == 1
        assert suppression.lift(connection, [dead], 30, "user:b") == 0
        kept = suppression.find(connection, dead)
    assert kept is not None and kept.lifted_by == "user:a"
    assert suppressed(state, own, 30, want(8, 3)) == [None]


def test_entries_are_about_one_thing(state: State) -> None:
    with state.write() as connection:
        with pytest.raises(SuppressionError, match="about a customer or about an address"):
            suppression.add(connection, at=1, reason="manual", source="x", customer_id=1, identifier_id=1)
        with pytest.raises(SuppressionError, match="no reason"):
            suppression.add(connection, at=1, reason="boredom", source="x", customer_id=1)  # type: ignore[arg-type]
