"""A run over records whose events lie there as columns: what repeats is looked at once.

The outcome is the same, thing by thing, as if every row had been read as an item; the tests hold both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from onepool.collect.inbound import Item
from onepool.collect.log import Record
from onepool.collect.sheets import FIELD, NotASheet, Sheet, sheet_of
from onepool.standards.asked import Asked
from onepool.standards.batch import Touchpoint
from onepool.standards.coded import Codes, coded, rows_with, spread, spread_column
from onepool.standards.columns import Column
from onepool.standards.faults import Fault
from onepool.standards.fields import FieldReader, Fields, Read
from onepool.standards.gathered import Carried
from onepool.standards.guard import CONTAINERS, deep
from onepool.standards.model import Field
from onepool.standards.persons import PersonReader, Persons
from onepool.standards.run import Run, Stamps
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard

_decode = msgspec.json.Decoder().decode
_ids = msgspec.json.Decoder(list[tuple[str, str, str]]).decode
_IMPORT: Final = "import"


class Unfit(Exception):
    """These records have to be read as items."""


def stretches(records: Sequence[Record]) -> list[tuple[list[Record], list[Sheet]]]:
    """Consecutive records that are read together, with their sheets; without sheets those that hold items."""
    found: list[tuple[list[Record], list[Sheet]]] = [([], [])]
    for record in records:
        try:
            sheet = sheet_of(record)
        except NotASheet:
            sheet = None  # reading it as items says what is wrong
        if sheet is not None and sheet.kind != "event":
            sheet = None
        members, sheets = found[-1]
        alike = bool(sheets) == (sheet is not None) and (sheet is None or members[-1].touchpoint == record.touchpoint)
        if members and not alike:
            members, sheets = [], []
            found.append((members, sheets))
        members.append(record)
        if sheet is not None:
            sheets.append(sheet)
    return found


class _Cells:
    """One field of all rows: distinct values, and which of them each row has. What was read of them is kept."""

    def __init__(self, texts: pa.ChunkedArray) -> None:
        written, self.codes = coded(texts)
        self.values: list[Any] = [None if text is None else _decode(text) for text in written]
        self.given = np.array([value is not None for value in self.values], np.bool_)
        self._columns: dict[str, Column] = {}
        self._lines: dict[str, Read] = {}

    def nested(self) -> list[int]:
        """Which of the distinct values are nested too deep; see `guard.deep`."""
        return [at for at, value in enumerate(self.values) if type(value) in CONTAINERS and deep({"": value})]

    def column(self, reader: FieldReader, declared: Field) -> Column:
        """The distinct values as a column of a field."""
        found = self._columns.get(declared.name)
        if found is None:
            found = self._columns[declared.name] = reader.column(declared, self.values)
        return found

    def lines(self, reader: FieldReader, name: str) -> Read:
        """The distinct values as order lines."""
        if name not in self._lines:
            self._lines[name] = reader.lines(name, self.values)
        return self._lines[name]


class _Rows:
    """Fields of some rows; see `fields.Source`."""

    contexts: Sequence[Fields] = ()

    def __init__(self, cells: Mapping[str, _Cells], members: Codes, *, pages: bool) -> None:
        self._cells = cells
        self._members = members
        self.count = len(members)
        self.pages = pages

    def keys(self) -> set[str]:
        """Names of the fields that some row has."""
        return {key for key, cells in self._cells.items() if cells.given[cells.codes[self._members]].any()}

    def values(self, key: str) -> list[Any]:
        """The value of every row."""
        return spread(self._cells[key].values, self._cells[key].codes[self._members])

    def column(self, reader: FieldReader, declared: Field, key: str) -> Column:
        """The values as a typed column."""
        cells = self._cells[key]
        return spread_column(cells.column(reader, declared), cells.codes[self._members])

    def lines(self, reader: FieldReader, name: str, key: str) -> Read:
        """The values as order lines."""
        cells = self._cells[key]
        found, codes = cells.lines(reader, name), cells.codes[self._members]
        return Read(
            extra={more: spread(values, codes) for more, values in found.extra.items()},
            items=None if found.items is None else found.items.take(pa.array(codes)),
            faults={row: found.faults[code] for row, code in rows_with(codes, list(found.faults))},
        )


class _Items(Sequence[Item]):
    """Items made when somebody asks for one."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self._sheets = sheets
        self._starts = np.cumsum([0, *(sheet.table.num_rows for sheet in sheets)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, at: Any) -> Any:
        number = int(np.searchsorted(self._starts, at, "right")) - 1
        return self._sheets[number].item(at - int(self._starts[number]))


class SheetRun(Run):
    """A run over sheets of one touchpoint. Raises Unfit where items are needed."""

    def __init__(
        self,
        standard: Standard,
        settings: StandardSettings,
        touchpoints: Mapping[str, Touchpoint],
        sheets: Sequence[Sheet],
        asked: Asked | None = None,
    ) -> None:
        super().__init__(standard, settings, touchpoints, asked)
        self._sheets = sheets
        self.table = pa.concat_tables([sheet.table for sheet in sheets], promote_options="default")

    def _decode(self) -> None:
        sizes = [sheet.table.num_rows for sheet in self._sheets]
        self.record_of = np.repeat(np.arange(len(sizes)), sizes).tolist()
        self._number = np.concatenate([np.arange(size, dtype=np.int64) for size in sizes])
        self.items = _Items(self._sheets)
        try:
            self._cells = {
                name.removeprefix(FIELD): _Cells(self.table.column(name))
                for name in self.table.column_names
                if name.startswith(FIELD)
            }
            written, self._ids_of = coded(self.table.column("ids"))
            self._ids = [_ids(text or "[]") for text in written]
        except msgspec.MsgspecError as error:
            raise Unfit from error

    def _group(self) -> None:
        if not self.items:
            return
        touchpoint = self.touchpoint_of[0]
        options = self._options_of(touchpoint)
        if touchpoint in self._misled or options.identifiers or _IMPORT in self.standard.context_tops:
            raise Unfit
        names, codes = coded(self.table.column("name"))
        if None in names:
            raise Unfit
        nested = np.zeros(len(self.items), np.bool_)
        for cells in self._cells.values():
            for row, _ in rows_with(cells.codes, cells.nested()):
                nested[row] = True
        for row in np.flatnonzero(nested).tolist():
            self.faults[row] = ("fields", Fault("value.depth"))
            self.unread.add(row)
        meant: list[str] = []
        members: dict[tuple[str, str, Any], list[int]] = {}
        for code, sent in enumerate(names):
            name, understood, group = self._grouped(touchpoint, "event", str(sent))
            meant.append(name)
            rows = np.flatnonzero((codes == code) & ~nested).tolist()
            group += rows
            members["event", name, options] = group
            if not understood:
                self._not_understood(rows, str(sent))
        for group in members.values():
            group.sort()
        self.names = spread(meant, codes)

    def _stamps(self, places: Sequence[int]) -> tuple[Stamps, Stamps]:
        never = pa.chunked_array([pa.nulls(len(places), pa.string())])
        return self.table.column("time"), never  # all are of one touchpoint

    def _kinds(self) -> Sequence[str]:
        return ["event"] * len(self.items)

    def _message_ids(self) -> Sequence[str | None]:
        found: list[str | None] = self.table.column("message_id").to_pylist()
        return found

    def _numbers(self) -> Codes:
        return self._number

    def _persons(self) -> None:
        """Identifiers of each distinct list, then of the rows that have it."""
        self.persons = Persons()
        self.readers = {}
        if not self.items:
            self.scopes = {}
            return
        touchpoint = self.touchpoint_of[0]
        options = self._options_of(touchpoint)
        known = self.touchpoints.get(touchpoint)
        self.scopes = {touchpoint: {} if known is None else known.scopes}
        reader = self.readers[options] = PersonReader(self.standard, self.settings, options)
        once = Persons()
        reader.sent(once, range(len(self._ids)), self._ids, self.scopes, [touchpoint] * len(self._ids))
        codes = self._ids_of
        for row, code in rows_with(codes, list(once.faults)):
            self.persons.faults.setdefault(row, once.faults[code])
        facts: dict[int, list[tuple[str, str | None, str | None]]] = {}
        for code, fact in ((one[0], one[1:]) for one in once.facts):
            facts.setdefault(code, []).append(fact)
        for row, code in rows_with(codes, list(facts)):
            self.persons.facts += [(row, *fact) for fact in facts[code]]
        self.carried = _carried(once, len(self._ids), codes)

    def _things(self, members: Sequence[int], *, in_context: bool = False) -> _Rows:
        return _Rows(self._cells, np.array(members, np.int64), pages=in_context)

    def _identified(self) -> None:
        """Where fields name persons too, all identifiers of a thing stand together again."""
        if self.persons.ids and self.carried is not None:
            of = self.carried
            texts = (one.to_pylist() for one in (of.type, of.scope, of.value))
            self.persons.ids = [*zip(of.place.tolist(), *texts, strict=True), *self.persons.ids]
            self.carried = None
        super()._identified()


def _carried(once: Persons, lists: int, codes: Codes) -> Carried:
    """The identifiers of every row, from those of each distinct list."""
    found = sorted(dict.fromkeys(once.ids), key=lambda one: one[0])
    of = np.array([one[0] for one in found], np.int64)
    sizes = np.bincount(of, minlength=lists)
    starts = np.cumsum(sizes) - sizes
    each = sizes[codes]
    place = np.repeat(np.arange(len(codes)), each)
    first = np.repeat(np.cumsum(each) - each, each)
    take = pa.array(starts[codes][place] + np.arange(len(place)) - first)
    parts = [pa.array([one[part] for one in found], pa.string()).take(take) for part in (1, 2, 3)]
    return Carried(place, *parts)
