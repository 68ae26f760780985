"""Nobody changes the ledger of consent: the database refuses it, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from tests.postgres import postgres_server, state, state_url  # noqa: F401 fixtures

from onepool.state import State
from onepool.state.consents import consent_ledger as ledger

WORD: dict[str, Any] = {
    "seq": 1, "identifier_id": 7, "purpose": "marketing", "category": "", "channel": "sms", "action": "withdrawn",
    "time": 5, "at": 6, "source": "reply", "evidence": "{}",
}  # fmt: skip


def said(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(ledger).order_by(ledger.c.id)).mappings()]


@pytest.mark.parametrize(
    "change",
    [
        delete(ledger),
        delete(ledger).where(ledger.c.id == 1),
        update(ledger).values(action="granted"),
        update(ledger).values(time=9, identifier_id=8),
        update(ledger).values(evidence='{"made": "up"}'),
        *(update(ledger).values({name: WORD.get(name, "x")}) for name in ("seq", "purpose", "at", "notice", "source")),
    ],
)
def test_what_was_said_stays_as_it_was(state: State, change: Any) -> None:  # noqa: F811
    with state.write() as connection:
        connection.execute(insert(ledger).values(**WORD))
        before = said(connection)
    with pytest.raises(DBAPIError, match="never changed"), state.write() as connection:
        connection.execute(change)
    with state.read() as connection:
        assert said(connection) == before


def test_words_go_along_with_a_value_and_evidence_is_forgotten(state: State) -> None:  # noqa: F811
    with state.write() as connection:
        connection.execute(insert(ledger).values(**WORD))
        connection.execute(update(ledger).values(identifier_id=8))
        connection.execute(update(ledger).values(evidence=""))
        (row,) = said(connection)
    assert (row["identifier_id"], row["evidence"], row["action"]) == (8, "", "withdrawn")


def test_a_state_of_an_earlier_edition_is_told_when_it_is_opened(state: State) -> None:  # noqa: F811
    sqlite = state.url.startswith("sqlite")
    with state.write() as connection:
        connection.execute(insert(ledger).values(**WORD))
        for name in ("consent_ledger_kept", "consent_ledger_unchanged", "consent_ledger_evidence"):
            connection.execute(text(f"DROP TRIGGER {name}" + ("" if sqlite else " ON consent_ledger")))
    again = State(state.url)
    try:
        with pytest.raises(DBAPIError, match="never changed"), again.write() as connection:
            connection.execute(delete(ledger))
    finally:
        again.close()
