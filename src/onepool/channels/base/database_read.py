"""What the rows of a page say, from the page and the touchpoint's settings alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import zstandard

from onepool.channels.base.commerce import fen, yuan
from onepool.channels.base.database import STEPS, Field, Naming, Table, as_field, tables
from onepool.channels.base.http import Push
from onepool.channels.base.items import Broken, Decoded, Item, Kind, sample

MAX_PAGE = 256 << 20
"""A page that unpacks to more than this was not made by the reader of tables."""

Cell = Callable[[Any], Any]
Row = list[Any]

_Planned = tuple[str, int | tuple[int, ...], Cell | None]
"""A field's name, the place (or places) of its value in a row, and what makes it of that."""

_PLAIN_KINDS: Mapping[str, tuple[Kind, str]] = {
    "profile": ("profile", "profile_updated"),
    "link": ("link", "identity_linked"),
}
_OBJECTS = frozenset({"product", "store", "coupon", "campaign"})

_BACK = {ord(bytes([code]).decode("cp1252", "ignore") or chr(code)): code for code in range(128, 256)}
"""MySQL's latin1 is Windows-1252; its letters as the bytes that they stand for."""


class _Head(msgspec.Struct):
    table: str
    columns: list[str]
    run: str = ""


_encode = msgspec.json.Encoder().encode
_head = msgspec.json.Decoder(_Head).decode
_rows = msgspec.json.Decoder(list[Any]).decode_lines


def read(push: Push) -> Decoded:
    """The items of one page."""
    try:
        raw = zstandard.ZstdDecompressor().decompress(push.body, max_output_size=MAX_PAGE)
        first, _, rest = raw.partition(b"\n")
        head = _head(first)
        rows = _rows(rest)
    except (zstandard.ZstdError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Decoded([], [Broken(0, "database.page", f"not a page of rows: {error}", sample(push.body))])
    try:
        table = next((one for one in tables(push.settings) if one.name == head.table), None)
    except msgspec.ValidationError as error:
        return Decoded([], [Broken(0, "database.mapping", str(error), sample(raw))])
    if table is None:
        message = f"no table {head.table} is mapped; map it and replay"
        return Decoded([], [Broken(0, "database.mapping", message, sample(raw))])
    scopes = tuple(sorted(push.scopes.items()))
    zone, encoding = str(push.settings.get("zone") or ""), str(push.settings.get("encoding") or "")
    reader = _reader(msgspec.json.encode(table), tuple(head.columns), push.touchpoint, scopes, zone, encoding)
    if reader.missing:
        message = f"{head.table}: the page has no column {reader.missing[0]}; read the table from the start"
        return Decoded([], [Broken(0, "database.column", message, sample(raw))])
    return reader.items(rows, head.run)


@lru_cache(maxsize=256)
def _reader(
    table: bytes,
    columns: tuple[str, ...],
    touchpoint: str,
    scopes: tuple[tuple[str, str], ...],
    zone: str,
    encoding: str,
) -> _Reader:
    return _Reader(msgspec.json.decode(table, type=Table), columns, touchpoint, dict(scopes), zone, encoding)


class _Reader:
    """A table's mapping, worked out for the columns of its pages."""

    def __init__(
        self, table: Table, columns: Sequence[str], touchpoint: str, scopes: Mapping[str, str], zone: str, encoding: str
    ) -> None:
        self._place = {name: number for number, name in enumerate(columns)}
        self.missing = [name for name in table.columns if name not in self._place]
        self._table = table
        if self.missing:
            return
        self._touchpoint = touchpoint
        zone = table.zone or zone
        repair = _repair(encoding) if encoding else None
        self._zoned: Cell | None = _zoned(zone) if zone else None
        self._ids = [
            (name.partition("@")[0], name.partition("@")[2] or scopes.get(name.partition("@")[0], touchpoint),
             self._place[column]) for name, column in table.ids.items()
        ]  # fmt: skip
        self._fields = self._cells(table.fields, zone, repair)
        self._traits = self._cells(table.traits, zone, repair)
        self._time = None if table.time is None else self._place[table.time]
        self._steps = [(step, self._place[table.steps[step]]) for step in STEPS if step in table.steps]
        self._message = [self._place[name] for name in table.message_id]
        self._event: tuple[int, Mapping[str, str]] | None = None
        if isinstance(table.event, Naming):
            self._event = (self._place[table.event.column], table.event.values)
        self._lines: list[_Planned] = []
        if table.lines is not None and "~lines" in self._place:
            named = [name for one in table.lines.fields.values() for name in as_field(one).columns]
            places = {name: at for at, name in enumerate(named)}
            self._lines = _planned(table.lines.fields, places, zone, repair)

    def _cells(self, wanted: Mapping[str, str | Field], zone: str, repair: Cell | None) -> list[_Planned]:
        return _planned(wanted, self._place, zone, repair)

    def items(self, rows: Sequence[Row], run: str) -> Decoded:
        """The items of some rows, in their order."""
        found: list[Item] = []
        if self._table.kind == "order":
            for row in rows:
                self._order(found, row)
        elif self._table.kind == "event":
            name, event = self._table.event, self._event
            for row in rows:
                if event is not None:
                    said = row[event[0]]
                    said = "" if said is None else str(said)
                    name = event[1].get(said, said)
                self._add(found, "event", str(name), row, self._message_id(row))
        else:
            kind, name = _PLAIN_KINDS.get(self._table.kind, ("object", self._table.kind))
            for row in rows:
                # With what it says: a row may be changed twice within one value of its cursor.
                at = run if row[1] is None else row[1]
                said = hashlib.blake2b(_encode(row), digest_size=6).hexdigest()
                self._add(found, kind, str(name), row, f"{self._table.name}:{row[0]}@{at}#{said}")
        return Decoded(found, [])

    def _message_id(self, row: Row) -> str:
        if not self._message:
            return f"{self._table.name}:{row[0]}"
        return ":".join([self._table.name, *[str(row[at]) for at in self._message]])

    def _add(self, found: list[Item], kind: Kind, name: str, row: Row, message_id: str) -> None:
        time = None if self._time is None else self._instant(row[self._time])
        found.append(
            Item(kind, len(found), message_id, name, time, None, self._who(row), _filled(self._fields, row),
                 _filled(self._traits, row), {})
        )  # fmt: skip

    def _order(self, found: list[Item], row: Row) -> None:
        """One event for each step that the order has taken; the same step of the same order is the same event."""
        fields = _filled(self._fields, row)
        order = str(fields.get("order_id", ""))
        lines = row[self._place["~lines"]] if self._lines else None
        if lines:
            fields["items"] = [_filled(self._lines, line) for line in lines]
        ids = self._who(row)
        if order:
            ids.append(("order_no", self._touchpoint, order))
        traits = _filled(self._traits, row)
        short: dict[str, Any] = {
            name: fields[name] for name in ("order_id", "amount", "currency", "store_id") if name in fields
        }
        for step, place in self._steps:
            at = self._instant(row[place])
            if at is None:
                continue
            event = f"order_{step}"
            told: dict[str, Any] = fields if step in ("placed", "paid") else dict(short)
            message_id = f"{order}:{event}" if order else f"{self._table.name}:{row[0]}:{event}"
            if step == "shipped" and "items" in fields:
                told["items"] = fields["items"]
            if step == "refunded":
                told = {**short, **{name: fields[name] for name in ("refund_id", "reason") if name in fields}}
                if "refund_amount" in fields:
                    told["amount"] = fields["refund_amount"]
                message_id += f":{told['refund_id']}" if "refund_id" in told else ""
            found.append(Item("event", len(found), message_id, event, at, None, ids, told, traits, {}))

    def _who(self, row: Row) -> list[tuple[str, str, str]]:
        return [
            (kind, scope, text)
            for kind, scope, place in self._ids
            if (value := row[place]) is not None and (text := str(value).strip())
        ]

    def _instant(self, value: Any) -> Any:
        if value is None or value == "" or value == 0:
            return None
        if isinstance(value, str) and value.startswith("0000-00-00"):  # MySQL's way to say: none
            return None
        return value if self._zoned is None else self._zoned(value)


def _planned(
    wanted: Mapping[str, str | Field], places: Mapping[str, int], zone: str, repair: Cell | None
) -> list[_Planned]:
    found: list[_Planned] = []
    for name, one in wanted.items():
        spec = as_field(one)
        at = tuple(places[column] for column in spec.columns)
        found.append((name, at[0] if len(at) == 1 else at, _cell(spec, repair)))
    return found


def _filled(cells: Sequence[_Planned], row: Row) -> dict[str, Any]:
    """The fields that have a value."""
    found: dict[str, Any] = {}
    for name, place, cell in cells:
        value = row[place] if isinstance(place, int) else _joined([row[one] for one in place])
        if value is None or value == "":
            continue
        if cell is not None:
            value = cell(value)
            if value is None or value == "":
                continue
        found[name] = value
    return found


def _joined(values: Sequence[Any]) -> str | None:
    """Several columns' values as one, joined by dashes; none where one is missing.

    Dashes within values other than the last are escaped: A-1 with 2 is ``A\\-1-2``, A with 1-2 is ``A-1-2``.
    """
    texts = ["" if one is None else str(one).strip() for one in values]
    if not all(texts):
        return None
    *heads, last = texts
    return "-".join([*(one.replace("\\", "\\\\").replace("-", "\\-") for one in heads), last])


def _cell(spec: Field, repair: Cell | None) -> Cell | None:
    """How a field's value is made from the column's: repaired, named by other words, as money, as a time."""
    parts: list[Cell] = [] if repair is None else [repair]
    if spec.values:
        words = dict(spec.values)
        parts.append(lambda value: words.get(str(value), value))
    if spec.unit == "fen":
        parts.append(fen)
    elif spec.unit == "yuan":
        parts.append(yuan)
    if spec.zone:
        parts.append(_zoned(spec.zone))
    if len(parts) < 2:
        return parts[0] if parts else None

    def whole(value: Any) -> Any:
        for one in parts:
            if value is None:
                return None
            value = one(value)
        return value

    return whole


def _zoned(name: str) -> Cell:
    """Wall-clock times of a zone as instants; what states its own zone, or is no time, stays."""
    zone = ZoneInfo(name)

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return value if at.tzinfo is not None else at.replace(tzinfo=zone).astimezone(UTC).isoformat()

    return cell


def _repair(encoding: str) -> Cell:
    """Texts whose bytes are of another encoding than their column says (GBK in a latin1 column)."""

    def cell(value: Any) -> Any:
        if not isinstance(value, str) or value.isascii():
            return value
        try:
            return value.translate(_BACK).encode("latin-1").decode(encoding)
        except (UnicodeEncodeError, UnicodeDecodeError):
            return value

    return cell
