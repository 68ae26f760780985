"""A person's own copy of what is kept about them (PIPL Art. 45), as a zip of one file per kind of fact.

Values are in clear: whoever asks for a copy gives a reason, which the caller keeps in the audit trail. Only rows of the
person's own identifiers go in; what a number stood for before a split stays with whoever has the identifier now. Staff,
authors and keys are left out. Answers are read portion by portion, so a copy costs no more memory than its longest row
times `PORTION`.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import IO, Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from onepool.pool.engine import Scanning, Session
from onepool.pool.schema import FIRST_SEEN, IN_USE, LAST_SEEN
from onepool.privacy.kept_rows import KEPT, Names, kept_rows

Form = Literal["json", "csv"]
Cell = str | int | float | Decimal | datetime | None

PORTION: Final = 2000
"""Rows that are in memory at once."""

_MINE: Final = "identifier_id IN (SELECT unnest($ids))"
_POOL: Final[Mapping[str, str]] = {
    "identifiers": f"""SELECT type, scope, value, {FIRST_SEEN} AS first_seen, {LAST_SEEN} AS last_seen
        FROM identifiers i WHERE {_MINE} AND {IN_USE} ORDER BY type, scope, value""",
    "attributes": f"""SELECT attribute, value, time, touchpoint FROM attribute_facts WHERE {_MINE}
        ORDER BY attribute, time, seq""",
    "tags": "SELECT tag, value, number, list, as_of FROM tag_values WHERE customer_id = $customer ORDER BY tag",
    "tag_history": """SELECT tag, value, number, list, as_of FROM tag_changes WHERE customer_id = $customer
        ORDER BY change_id""",
    "segments": "SELECT segment, since FROM segment_members WHERE customer_id = $customer ORDER BY segment",
    "segment_history": """SELECT segment, change, "at" FROM segment_changes WHERE customer_id = $customer
        ORDER BY change_id""",
    "lists": f"""SELECT list, time, NULL::TIMESTAMPTZ AS until FROM list_entries WHERE {_MINE}
        UNION ALL SELECT list, time, until FROM list_past WHERE {_MINE} ORDER BY list, time""",
    "orders": f"""SELECT order_id, channel, touchpoint, status, placed_at, paid_at, refunded_at, closed_at, amount,
        discount, refunded_amount, currency, store_id, items FROM orders WHERE {_MINE}
        ORDER BY coalesce(placed_at, paid_at), order_id""",
    "events": f"""SELECT e.event_id::VARCHAR AS event_id, e.event, e.time, e.received_at, e.channel, e.touchpoint,
        i.type AS identifier_type, i.value AS identifier, e.items, e.fields::VARCHAR AS fields
        FROM events e LEFT JOIN identifiers i USING (identifier_id) WHERE e.{_MINE} ORDER BY e.time, e.seq""",
}
SECTIONS: Final = (*_POOL, *KEPT)
"""The files of a copy, in their order; `about.json` goes behind them."""

_JSON: Final = frozenset({"fields", "vars", "trigger", "evidence"})
# A spreadsheet takes texts that begin so for formulas; some take the full-width signs so too.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True, slots=True)
class Person:
    """Whose copy: the present customer number and all identifiers of the person."""

    customer_id: int
    identifiers: Sequence[int]


def write(
    file: IO[bytes], session: Session, connection: Connection, person: Person, *, form: Form, at: datetime, names: Names
) -> dict[str, int]:
    """Write the zip into a file; rows by section. `at`: now, said in `about.json`; `names`: what states are called."""
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in SECTIONS:
            rows = (
                _from_pool(session, _POOL[name], person)
                if name in _POOL
                else kept_rows(connection, name, person.identifiers, names)
            )
            with copy.open(f"{name}.{form}", "w", force_zip64=True) as member:
                counts[name] = _as_csv(member, rows) if form == "csv" else _as_json(member, rows)
        about = {"customer_id": person.customer_id, "made_at": at.isoformat(), "format": form, "rows": counts}
        copy.writestr("about.json", json.dumps(about, indent=2) + "\n")
    return counts


def _from_pool(session: Session, sql: str, person: Person) -> Iterator[dict[str, Any]]:
    known: dict[str, object] = {"ids": list(person.identifiers), "customer": person.customer_id}
    params = {name: value for name, value in known.items() if f"${name}" in sql}
    if isinstance(session, Scanning):
        for batch in session.scan(sql, params, rows=PORTION):
            yield from batch.to_pylist()
        return
    for batch in session.query(sql, params).to_batches(max_chunksize=PORTION):
        yield from batch.to_pylist()


def _as_json(member: IO[bytes], rows: Iterable[Mapping[str, Any]]) -> int:
    """Rows as one array, a line each."""
    count = 0
    for row in rows:
        told = {name: _opened(value) if name in _JSON else value for name, value in row.items()}
        text = json.dumps(told, ensure_ascii=False, default=_plain)
        member.write((",\n" if count else "[\n").encode() + text.encode())
        count += 1
    member.write(b"\n]\n" if count else b"[]\n")
    return count


def _as_csv(member: IO[bytes], rows: Iterable[Mapping[str, Any]]) -> int:
    """Rows as a table that spreadsheets open; a section without rows is empty but for its mark of Unicode."""
    count = 0
    member.write("\ufeff".encode())
    for row in rows:
        text = io.StringIO()
        lines = csv.writer(text)
        if count == 0:
            lines.writerow(row)
        lines.writerow(_cell(one) for one in row.values())
        member.write(text.getvalue().encode())
        count += 1
    return count


def _opened(value: Any) -> Any:
    """JSON that was kept as text, as what it says."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no JSON of a {type(value).__name__}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | Decimal):
        return _plain(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
