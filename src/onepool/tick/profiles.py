"""The current profile of each customer: one wide row, refreshed for the customers that a batch touched."""

from __future__ import annotations

from collections.abc import Mapping

from onepool.pool import Session, quote
from onepool.pool.schema import FIRST_SEEN, IN_USE, LAST_SEEN


def refresh(session: Session, attributes: Mapping[str, str], *, anew: bool = True) -> None:
    """Refresh table `profiles` for the relations `_touched` (customer_id) and `_changed` (customer_id).

    `_changed` are those whose attributes or identifiers changed, retired ones included: their rows are made anew. Of
    the others only first_seen and last_seen move. `attributes`: name -> SQL type; `anew`: whether anybody changed.
    """
    session.execute(
        f"""CREATE OR REPLACE TEMP TABLE seen_now AS
        SELECT c.customer_id, min({FIRST_SEEN}) AS first_seen, max({LAST_SEEN}) AS last_seen
        FROM customer_of c SEMI JOIN _touched t ON t.customer_id = c.customer_id
        JOIN identifiers i ON i.identifier_id = c.identifier_id AND {IN_USE} GROUP BY c.customer_id"""
    )
    session.execute(
        """UPDATE profiles SET first_seen = s.first_seen, last_seen = s.last_seen FROM seen_now s
        WHERE profiles.customer_id = s.customer_id
            AND (profiles.last_seen <> s.last_seen OR profiles.first_seen <> s.first_seen)
            AND s.customer_id NOT IN (SELECT customer_id FROM _changed)"""
    )
    if anew:
        _make_anew(session, attributes)
    session.execute("DROP TABLE seen_now")


def _make_anew(session: Session, attributes: Mapping[str, str]) -> None:
    columns = "".join(
        f", TRY_CAST(max(value) FILTER (attribute = {_literal(name)}) AS {sql_type}) AS {quote(name)}"
        for name, sql_type in attributes.items()
    )
    session.execute("DELETE FROM profiles USING _changed c WHERE profiles.customer_id = c.customer_id")
    session.execute(
        f"""INSERT INTO profiles BY NAME
        WITH own AS (
            SELECT c.customer_id, f.attribute, f.value FROM attribute_facts f
            JOIN customer_of c ON c.identifier_id = f.identifier_id
            SEMI JOIN _changed x ON x.customer_id = c.customer_id
            QUALIFY row_number() OVER (PARTITION BY c.customer_id, f.attribute ORDER BY f.time DESC, f.seq DESC) = 1),
        wide AS (SELECT customer_id{columns} FROM own GROUP BY customer_id)
        SELECT s.*, wide.* EXCLUDE (customer_id) FROM seen_now s
        SEMI JOIN _changed x ON x.customer_id = s.customer_id
        LEFT JOIN wide ON wide.customer_id = s.customer_id"""
    )


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
