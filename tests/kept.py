"""States of which a test may delete everything for its next example, the ledger of consent too."""

from __future__ import annotations

from sqlalchemy import Connection


def may_be_emptied(connection: Connection) -> None:
    """From now on SQLite no longer refuses to delete from the ledger."""
    connection.exec_driver_sql("DROP TRIGGER IF EXISTS consent_ledger_kept")
