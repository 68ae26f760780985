"""Who is on lists, in the pool: entries by identifier, taken in from the state, and kept right as identifiers appear.

An entry means the person who bore the identifier when it was put on the list: of a value handed on to somebody else
since (a recycled phone) it is the bearer of that time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.lists.definition import CUSTOMER
from onepool.audience.lists.log import KEPT, PAST, ListChange
from onepool.pool import Session
from onepool.pool.schema import IN_USE

I64 = npt.NDArray[np.int64]

KEY: Final = "md5_number_lower(concat_ws(chr(31), {0}type, {0}scope, {0}value))"
"""The digest by which entries and identifiers are compared first: one number instead of three texts."""

_BORNE_THEN: Final = (
    "(i.valid_from IS NULL OR i.valid_from <= {0}.time) AND (i.valid_to IS NULL OR {0}.time < i.valid_to)"
)


@dataclass(frozen=True, slots=True)
class ListSize:
    """`customers`: who is on it now; `entries`: identifiers told; `unmatched`: those nobody is known by."""

    customers: int = 0
    entries: int = 0
    unmatched: int = 0


# what the tick does


def take_in(session: Session, change: ListChange, told: pa.Table, past: pa.Table | None) -> tuple[I64, pa.Table]:
    """Apply one change to the pool. Returns the customers who came on the list or left it by that, and whom it took off
    (`log.PAST`). `past`: those, where they were found before."""
    before = _customers(session, change.list)
    _stage(session, told, change.at)
    which = "list_entries.list = $list"
    if change.mode in ("add", "remove"):
        which += """ AND EXISTS (SELECT 1 FROM _listed t WHERE list_entries.key = t.key
            AND list_entries.type = t.type AND list_entries.scope = t.scope AND list_entries.value = t.value)"""
    if change.mode == "delete":
        past = PAST.empty_table()
        session.execute("DELETE FROM list_past WHERE list = $list", {"list": change.list})
    if past is None:
        past = session.query(
            f"""SELECT DISTINCT identifier_id, time, $at::TIMESTAMPTZ AS until FROM list_entries
            WHERE {which} AND identifier_id IS NOT NULL AND time < $at ORDER BY ALL""",  # noqa: S608 constant texts
            {"list": change.list, "at": change.at},
        ).cast(PAST)
    _passed(session, change, past)
    session.execute(f"DELETE FROM list_entries WHERE {which}", {"list": change.list})  # noqa: S608 constant texts
    if change.mode in ("add", "replace"):
        session.execute(
            """INSERT INTO list_entries BY NAME
            SELECT $list AS list, t.key, t.type, t.scope, t.value, t.time, b.identifier_id
            FROM _listed t LEFT JOIN _borne b ON b.key = t.key AND b.type = t.type AND b.scope = t.scope
                AND b.value = t.value AND b.time = t.time""",
            {"list": change.list},
        )
    session.execute("DROP TABLE _listed")
    session.execute("DROP TABLE _borne")
    return np.setxor1d(before, _customers(session, change.list), assume_unique=True), past


def _passed(session: Session, change: ListChange, past: pa.Table) -> None:
    """Keep who was on the list, and forget who was long ago."""
    if past.num_rows:
        session.relation("_passed", past)
        session.execute("INSERT INTO list_past BY NAME SELECT $list AS list, * FROM _passed", {"list": change.list})
    old = {"list": change.list, "old": change.at - KEPT}
    session.execute("DELETE FROM list_past WHERE list = $list AND until <= $old", old)


def erase(session: Session, nodes: I64) -> dict[str, I64]:
    """Take these identifiers, and what is written like them and means nobody else, off every list, and out of its past.
    Returns by list the customers who left it."""
    session.relation("_gone", pa.table({"identifier_id": nodes}))
    session.execute(
        f"""CREATE OR REPLACE TEMP TABLE _erased AS
        SELECT rowid AS place, list, identifier_id FROM list_entries e WHERE identifier_id IN (SELECT * FROM _gone)
            OR (identifier_id IS NULL AND key IN (SELECT {KEY.format("i.")} FROM identifiers i SEMI JOIN _gone
                USING (identifier_id)))"""  # noqa: S608 constant texts
    )
    left = session.query(
        "SELECT DISTINCT list, customer_id FROM _erased JOIN customer_of USING (identifier_id) ORDER BY ALL"
    )
    session.execute("DELETE FROM list_entries WHERE rowid IN (SELECT place FROM _erased)")
    session.execute("DELETE FROM list_past WHERE identifier_id IN (SELECT * FROM _gone)")
    session.execute("DROP TABLE _erased")
    found: dict[str, list[int]] = {}
    for name, customer in zip(left.column("list").to_pylist(), left.column("customer_id").to_pylist(), strict=True):
        found.setdefault(name, []).append(customer)
    return {name: np.array(customers, np.int64) for name, customers in found.items()}


def rematch(session: Session, new: pa.Table, retimed: pa.Table) -> None:
    """Find the bearers of entries whose identifiers are new, or were handed on (see `identity.Resolved`)."""
    if new.num_rows == 0 and retimed.num_rows == 0:
        return
    if session.query("SELECT 1 AS one FROM list_entries LIMIT 1").num_rows == 0:
        return
    ids = pa.concat_arrays(
        [one.column("identifier_id").combine_chunks().cast(pa.int64()) for one in (new, retimed) if one.num_rows]
    )
    session.relation("_known_now", pa.table({"identifier_id": ids}))
    session.execute(
        f"""CREATE OR REPLACE TEMP TABLE _waiting AS
        WITH known AS (SELECT DISTINCT {KEY.format("i.")} AS key FROM identifiers i
            SEMI JOIN _known_now k ON k.identifier_id = i.identifier_id)
        SELECT e.* FROM list_entries e SEMI JOIN known k ON k.key = e.key WHERE e.type <> $customer""",  # noqa: S608
        {"customer": CUSTOMER},
    )
    _settle(session, "_waiting")
    session.execute("DROP TABLE _waiting")


def rematch_all(session: Session) -> None:
    """The same for every entry."""
    if session.query("SELECT 1 AS one FROM list_entries LIMIT 1").num_rows:
        _settle(session, "list_entries")


def _settle(session: Session, table: str) -> None:
    session.execute(f"CREATE OR REPLACE TEMP TABLE _found AS {_bearers(table)}")
    session.execute(
        f"""UPDATE list_entries SET identifier_id = n.identifier_id
        FROM (SELECT DISTINCT e.key, e.type, e.scope, e.value, e.time, f.identifier_id FROM {table} e
            LEFT JOIN _found f ON f.key = e.key AND f.type = e.type AND f.scope = e.scope AND f.value = e.value
                AND f.time = e.time) n
        WHERE list_entries.key = n.key AND list_entries.type = n.type AND list_entries.scope = n.scope
            AND list_entries.value = n.value AND list_entries.time = n.time
            AND list_entries.identifier_id IS DISTINCT FROM n.identifier_id"""  # noqa: S608 constant names
    )
    session.execute("DROP TABLE _found")


def _stage(session: Session, told: pa.Table, at: datetime) -> None:
    """`_listed`: what was told, with keys; `_borne`: whose it was then."""
    session.relation("_told", told)
    session.execute(
        f"""CREATE OR REPLACE TEMP TABLE _listed AS
        SELECT type, scope, value, {KEY.format("")} AS key, $at::TIMESTAMPTZ AS time FROM _told""",  # noqa: S608
        {"at": at},
    )
    session.execute(f"CREATE OR REPLACE TEMP TABLE _borne AS {_bearers('_listed')}")


def _bearers(table: str) -> str:
    """Entries of a table of which somebody is known: (key, type, scope, value, time, identifier_id)."""
    return f"""SELECT e.key, e.type, e.scope, e.value, e.time, arg_max(i.identifier_id, i.generation) AS identifier_id
        FROM {table} e JOIN identifiers i ON i.type = e.type AND i.scope = e.scope AND i.value = e.value
        WHERE {IN_USE} AND {_BORNE_THEN.format("e")} GROUP BY ALL
        UNION ALL SELECT e.key, e.type, e.scope, e.value, e.time, c.identifier_id
        FROM {table} e JOIN customer_of c ON c.identifier_id = TRY_CAST(e.value AS BIGINT)
        WHERE e.type = '{CUSTOMER}' GROUP BY ALL"""  # noqa: S608 constant names


def _customers(session: Session, name: str) -> I64:
    found = session.query(
        """SELECT DISTINCT c.customer_id FROM list_entries e JOIN customer_of c USING (identifier_id)
        WHERE e.list = $list""",
        {"list": name},
    )
    ids: I64 = found.column("customer_id").to_numpy()
    return ids


# what others ask


def sizes(session: Session, names: Collection[str] | None = None) -> dict[str, ListSize]:
    """Customers, entries and unmatched entries of lists (all of them where none is named)."""
    which = "" if names is None else "WHERE list IN (SELECT unnest($names))"
    found = session.query(
        f"""SELECT list, count(*) AS entries, count(*) FILTER (identifier_id IS NULL) AS unmatched,
            count(DISTINCT customer_id) AS customers
        FROM list_entries LEFT JOIN customer_of USING (identifier_id) {which} GROUP BY list""",  # noqa: S608
        None if names is None else {"names": list(names)},
    )
    return {row["list"]: ListSize(row["customers"], row["entries"], row["unmatched"]) for row in found.to_pylist()}


def matched(session: Session, told: pa.Table, at: datetime) -> int:
    """How many of these identifiers (type, scope, value) somebody is known by at this instant."""
    session.relation(
        "_told", told.append_column("time", pa.repeat(pa.scalar(at, pa.timestamp("us", "UTC")), len(told)))
    )
    found = session.query(
        f"""SELECT (SELECT count(*) FROM _told e WHERE EXISTS (
                SELECT 1 FROM identifiers i WHERE i.type = e.type AND i.scope = e.scope AND i.value = e.value
                    AND {IN_USE} AND {_BORNE_THEN.format("e")}))
            + (SELECT count(*) FROM _told e WHERE e.type = '{CUSTOMER}' AND EXISTS (
                SELECT 1 FROM customer_of c WHERE c.identifier_id = TRY_CAST(e.value AS BIGINT))) AS n"""  # noqa: S608
    )
    return int(found.column("n")[0].as_py())


def members(session: Session, name: str, *, offset: int = 0, limit: int | None = None) -> pa.Table:
    """Who is on a list: customer_id and `since`, when the first of their identifiers was put on it; latest first."""
    return session.query(
        """SELECT c.customer_id, min(e.time) AS since FROM list_entries e JOIN customer_of c USING (identifier_id)
        WHERE e.list = $list GROUP BY c.customer_id ORDER BY since DESC, c.customer_id LIMIT $limit OFFSET $offset""",
        {"list": name, "limit": 2**62 if limit is None else limit, "offset": offset},
    )


def past(session: Session, name: str, *, offset: int = 0, limit: int = 100) -> pa.Table:
    """Who was on a list and is no more: customer_id, `since`, `until`, and `total` of all; the latest to leave first.

    Whoever was put on it anew is not among them.
    """
    return session.query(
        """SELECT c.customer_id, min(p.time) AS since, max(p.until) AS until, count(*) OVER () AS total
        FROM list_past p JOIN customer_of c USING (identifier_id)
        WHERE p.list = $list AND c.customer_id NOT IN (
            SELECT n.customer_id FROM list_entries e JOIN customer_of n USING (identifier_id) WHERE e.list = $list)
        GROUP BY c.customer_id ORDER BY until DESC, c.customer_id LIMIT $limit OFFSET $offset""",
        {"list": name, "limit": limit, "offset": offset},
    )


def unmatched(session: Session, name: str, *, offset: int = 0, limit: int = 100) -> pa.Table:
    """Entries that nobody is known by: type, scope, value, time; in the order of their values."""
    return session.query(
        """SELECT type, scope, value, time FROM list_entries WHERE list = $list AND identifier_id IS NULL
        ORDER BY type, scope, value LIMIT $limit OFFSET $offset""",
        {"list": name, "limit": limit, "offset": offset},
    )
