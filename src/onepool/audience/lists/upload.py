"""Putting identifiers on a list, taking them off, copying a segment's members: what people do with lists.

Everything is one transaction of the state: an upload that is cut short has not happened. Members follow with the next
tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.lists import entries, log
from onepool.audience.lists.definition import CUSTOMER, LISTS, parse_list
from onepool.audience.lists.errors import ListError
from onepool.audience.lists.normalising import Named, named, normalise
from onepool.audience.lists.reading import Column, read_column
from onepool.clock import Clock
from onepool.definitions import Definition, Definitions
from onepool.pool import Engine, Session
from onepool.privacy import audit
from onepool.privacy.masking import mask_identifier, mask_text
from onepool.standards import Standard, StandardSettings
from onepool.state import State

MOST_REFUSALS: Final = 200
"""Refused rows that are told one by one."""

MOST_ENTRIES: Final = 20_000_000

Mode = Literal["add", "replace", "remove"]


class Place(Protocol):
    """What lists need of a workspace."""

    @property
    def state(self) -> State: ...
    @property
    def pool(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def definitions(self) -> Definitions: ...
    @property
    def standard_settings(self) -> StandardSettings: ...
    def standard(self) -> Standard: ...
    def save(self, kind: str, name: str, body: Mapping[str, Any], *, author: str, reason: str = "") -> Definition: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken: its number in the file, why, and its value, masked."""

    row: int
    why: str
    value: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of a file. `read`: rows with something in the column; read = entries + duplicates + refused.

    `matched` and `unmatched`: of the entries, those somebody is known by now and the others.
    """

    name: str
    mode: str
    type: str
    column: str
    read: int
    entries: int
    duplicates: int
    refused: int
    matched: int
    unmatched: int
    refusals: list[Refusal] = field(default_factory=list)


def upload_list(
    place: Place,
    name: str,
    path: Path,
    *,
    author: str,
    type: str | None = None,
    mode: Mode = "add",
    column: str | None = None,
    header: bool | None = None,
    source: str | None = None,
    check: bool = False,
    made: bool = True,
) -> Upload:
    """Put the identifiers of a file on a list, in their place, or take them off.

    ``type``: `phone`, `member_no@crm`, `customer` …; without it the name of the file's column says it. ``source``: the
    name under which the file is remembered. ``check``: only say what would happen; also before the list is
    ``made``.

    Raises:
        ListError: no such list, a file that can't be read, a type that is missing or unknown, nothing usable in it.
    """
    if made:
        _uploaded_to(place, name)
    standard, settings = place.standard(), place.standard_settings
    read = read_column(path, lambda cell: _means(cell, standard) is not None, column, header=header)
    with place.pool.read() as session:
        kind = _kind(type, read, standard, session)
        found = normalise(read.values, kind, standard, settings)
        values, why = found.values, found.why
        if kind.type == CUSTOMER:
            values, why = _known_customers(session, values, why)
        good = values.drop_null()
        different = good.unique()
        told = _entries(kind, different)
        refused = len(values) - len(good) + len(read.broken)
        if len(different) == 0:
            first = _refusals(read, why, kind)[:1]
            said = f": row {first[0].row}: {first[0].why}" if first else ""
            raise ListError(f"nothing in the file is a usable {kind.type}{said}", where="type", code="list-empty")
        if len(different) > MOST_ENTRIES:
            raise ListError(f"at most {MOST_ENTRIES:,} entries are taken at once", code="list-size")
        now = place.clock.now()
        matched = entries.matched(session, told, now)
    done = Upload(
        name, mode, f"{kind.type}@{kind.scope}" if kind.scope else kind.type, read.name,
        read=len(read.values) + len(read.broken), entries=len(different), duplicates=len(good) - len(different),
        refused=refused, matched=matched, unmatched=len(different) - matched, refusals=_refusals(read, why, kind),
    )  # fmt: skip
    if not check:
        change = log.ListChange(
            0, name, now, mode, author, source or path.name, done.read, refused, done.duplicates, done.entries
        )
        with place.state.write() as connection:
            log.save(connection, change, told)
            told_of = {"mode": mode, "read": done.read, "entries": done.entries, "type": done.type}
            audit.record_in(connection, place.clock, author, "list.upload", f"list:{name}", told_of)
    return done


def snapshot_list(
    place: Place,
    name: str,
    title: Mapping[str, str] | str,
    customers: pa.Array | pa.ChunkedArray,
    *,
    author: str,
    segment: str | None = None,
    description: str = "",
    reason: str = "",
) -> Definition:
    """Keep these customers as a new list that changes no more, except that merges and splits carry them along.

    ``segment``: whose members they are. Raises ListError if there is a list with this name.
    """
    if place.definitions.get(LISTS, name) is not None:
        raise ListError("there is a list with this name", where=name, code="list-exists")
    body: dict[str, Any] = {"list": name, "title": title, "source": "snapshot"}
    body |= {"description": description} if description else {}
    body |= {"segment": segment} if segment else {}
    parse_list(body)
    ids = customers.combine_chunks() if isinstance(customers, pa.ChunkedArray) else customers
    told = _entries(Named(CUSTOMER, ""), ids.unique().cast(pa.string()))
    now = place.clock.now()
    count = told.num_rows
    change = log.ListChange(0, name, now, "replace", author, segment or "condition", count, 0, 0, count)
    with place.state.write() as connection:
        log.save(connection, change, told)
        told_of = {"customers": count, "segment": segment or ""}
        audit.record_in(connection, place.clock, author, "list.snapshot", f"list:{name}", told_of)
    # Should it end here, the members wait under a name that nothing asks for, and the next try replaces them.
    return place.save(LISTS, name, body, author=author, reason=reason)


def delete_list(place: Place, name: str, *, author: str, reason: str = "") -> None:
    """Retire a list and forget who was on it. The caller has made sure that nothing asks for it."""
    _existing(place, name)
    place.definitions.delete(LISTS, name, author=author, reason=reason)
    change = log.ListChange(0, name, place.clock.now(), "delete", author, "", 0, 0, 0, 0)
    with place.state.write() as connection:
        log.save(connection, change, None)
        audit.record_in(connection, place.clock, author, "definition.delete", f"list:{name}", {"reason": reason})


def _existing(place: Place, name: str) -> Definition:
    found = place.definitions.get(LISTS, name)
    if found is None:
        raise ListError("there is no such list", where=name, code="list-unknown", hint="make it first")
    return found


def _uploaded_to(place: Place, name: str) -> None:
    if parse_list(_existing(place, name).body).source == "snapshot":
        raise ListError(
            "a snapshot stays as it was made", where=name, code="list-fixed", hint="make another list for uploads"
        )


def _means(cell: str, standard: Standard) -> str | None:
    """The identifier type that a column's name means (`手机号`, `openid@wx1`), with its scope."""
    name, _, scope = cell.strip().partition("@")
    if name in (CUSTOMER, "customer_id"):
        return CUSTOMER
    if not name or len(name) > 60:
        return None
    kind = standard.identifier_named(name)
    if kind is None:
        attribute = standard.attribute_named(name)
        if attribute is None or not attribute.identifier:
            return None
        return f"{attribute.identifier}@{scope}" if scope else attribute.identifier
    return f"{kind.name}@{scope}" if scope else kind.name


def _kind(said: str | None, read: Column, standard: Standard, session: Session) -> Named:
    text = said or _means(read.name, standard)
    if text is None:
        raise ListError(
            "say what the values are", where="type", code="list-type", hint="such as phone, member_no@SCOPE, customer"
        )
    known = standard.identifier_named(text.partition("@")[0])
    scopes: list[str] = []
    if known is not None and "@" not in text:
        query = "SELECT DISTINCT scope FROM identifiers WHERE type = $type ORDER BY scope LIMIT 50"
        scopes = session.query(query, {"type": known.name}).column("scope").to_pylist()
    return named(text, standard, scopes)


def _known_customers(
    session: Session, values: pa.StringArray, why: pa.StringArray
) -> tuple[pa.StringArray, pa.StringArray]:
    """Numbers of nobody are refused: later somebody else may come to have them."""
    session.relation("_numbers", pa.table({"value": values.drop_null().unique()}))
    known = session.query(
        "SELECT value FROM _numbers SEMI JOIN customer_of c ON c.identifier_id = TRY_CAST(_numbers.value AS BIGINT)"
    ).column("value")
    there = pc.is_in(values, value_set=known.combine_chunks())
    strange = pc.and_(pc.is_valid(values), pc.invert(there))
    said = pa.scalar("没有这个客户 / there is no such customer", pa.string())
    return pc.if_else(there, values, pa.scalar(None, pa.string())), pc.if_else(strange, said, why)


def _entries(kind: Named, values: pa.StringArray) -> pa.Table:
    count = len(values)
    return pa.table(
        {
            "type": pa.repeat(pa.scalar(kind.type), count),
            "scope": pa.repeat(pa.scalar(kind.scope), count),
            "value": values,
        }
    )


def _refusals(read: Column, why: pa.StringArray, kind: Named) -> list[Refusal]:
    wrong = pc.is_valid(why)
    some = zip(
        read.rows.filter(wrong).slice(0, MOST_REFUSALS).to_pylist(),
        why.filter(wrong).slice(0, MOST_REFUSALS).to_pylist(),
        read.values.filter(wrong).slice(0, MOST_REFUSALS).to_pylist(),
        strict=True,
    )
    found = [Refusal(row, said, _masked(kind.type, value)) for row, said, value in some]
    found += [Refusal(row, said, "") for row, said in read.broken[:MOST_REFUSALS]]
    return sorted(found, key=lambda one: one.row)[:MOST_REFUSALS]


def _masked(kind: str, value: str) -> str:
    """A refused value as shown: it may be anything, a number of another kind in the wrong column too."""
    shown, _ = mask_identifier(kind, value)
    return mask_text(shown)[:60]
