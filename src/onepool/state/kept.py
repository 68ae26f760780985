"""Rows that nobody changes: the database itself refuses it, whoever asks.

Of the ledger of consent nothing is deleted, and no word is put in another's mouth by changing it. Two things move, and
they alone: a value that was handed on to somebody else takes its words along (`identifier_id`), and what a person asks
to be forgotten is emptied (`evidence`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from onepool.state.consents import consent_ledger

_MOVE: Final = ("identifier_id", "evidence")
_WORDS: Final = ", ".join(column.name for column in consent_ledger.columns if column.name not in _MOVE)
_REFUSED: Final = "the ledger of consent is never changed"

_SQLITE: Final = {
    "consent_ledger_kept": "BEFORE DELETE ON consent_ledger",
    "consent_ledger_unchanged": f"BEFORE UPDATE OF {_WORDS} ON consent_ledger",
    "consent_ledger_evidence": "BEFORE UPDATE OF evidence ON consent_ledger WHEN NEW.evidence <> ''",
}
"""What each trigger refuses. PostgreSQL has them by the same names."""

_POSTGRES: Final = {
    "consent_ledger_kept": "BEFORE DELETE OR TRUNCATE ON consent_ledger FOR EACH STATEMENT",
    "consent_ledger_unchanged": f"BEFORE UPDATE OF {_WORDS} ON consent_ledger FOR EACH STATEMENT",
    "consent_ledger_evidence": ("BEFORE UPDATE OF evidence ON consent_ledger FOR EACH ROW WHEN (NEW.evidence <> '')"),
}
_FUNCTION: Final = f"""CREATE OR REPLACE FUNCTION consent_ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'restrict_violation'; END $$"""


def enforce(connection: Connection) -> None:
    """Let the database refuse it, if it does not yet. States of earlier editions are told so when they are opened."""
    kind = connection.dialect.name
    if kind == "sqlite":
        known = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars())
        for name, when in _SQLITE.items():
            if name not in known:
                connection.exec_driver_sql(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END")
    elif kind == "postgresql":
        mine = text("SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('consent_ledger') AND NOT tgisinternal")
        known = set(connection.execute(mine).scalars())
        missing = [name for name in _POSTGRES if name not in known]
        if missing:
            connection.exec_driver_sql(_FUNCTION)
        for name in missing:
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name} {_POSTGRES[name]} EXECUTE FUNCTION consent_ledger_refuses()"
            )
