"""SQL that turns the columns of a block into JSON text, column-wise inside DuckDB.

A file's own names never enter a statement: columns are renamed ``c0``, ``c1`` … and every word (names of fields, value
maps, formats, zones) is a bound parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from onepool.collect.files.blocks import JSON_FIELD
from onepool.collect.files.mapping import Mapping
from onepool.collect.files.plan import PlannedColumn, Target

Shape = Literal["text", "integer", "number", "boolean", "json", "empty"]
"""What a cleaned column holds: texts, numbers, or texts that are JSON already."""

ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
"""What spreadsheets show for formulas that give no value: in ids and attributes the cell is missing."""

_NOTHING = ("0000-00-00", "0000-00-00 00:00:00", "无退款申请")
"""What systems write for "never" and "none" where a day or an amount stands."""

ROUNDED = r"\d(\.\d+)?[eE]\+\d{2,3}"
"""Ids of which a spreadsheet kept some digits: of many things, so they bring nothing together."""

_KEYS = frozenset({"order_id", "refund_id", "event_id"})
"""Columns that steer the import and are ids."""

AMOUNT, NUMBER, CURRENCY, NO_AMOUNT = "read_amount", "read_number", "read_currency", "no_amount"
"""Functions of the staging that read what is written otherwise than in digits; see `staging.readers`."""

_PLAIN = r"[+-]?[0-9]{1,13}(\.[0-9]{0,4})?"
"""Numbers that need no closer look; most are."""

_APOSTROPHE = "^'([0-9+=@\uff0b\uff0d\uff1d\uff20-])"

_ISO_UTC = "%Y-%m-%dT%H:%M:%S.%fZ"


class Parameters:
    """Collects bound values; the same value gets the same name."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self._names: dict[str, str] = {}

    def text(self, value: str) -> str:
        """A placeholder for a text."""
        name = self._names.get(value)
        if name is None:
            name = self._names[value] = self._add(value)
        return f"${name}::VARCHAR"

    def texts(self, values: Iterable[str]) -> str:
        """A placeholder for a list of texts."""
        return f"(${self._add(list(values))}::VARCHAR[])"

    def _add(self, value: object) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return name


def quoted(text: str) -> str:
    """A text as JSON."""
    return msgspec.json.encode(text).decode()


def _decimal(text: str, read: str) -> str:
    """SQL of a text as DECIMAL(18,4), read by a function of the staging unless it is nothing but digits."""
    plain = f"CASE WHEN regexp_full_match({text}, '{_PLAIN}') THEN TRY_CAST({text} AS DECIMAL(18,4)) END"
    return f"coalesce({plain}, TRY_CAST({read}({text}) AS DECIMAL(18,4)))"


def trimmed(table: pa.Table) -> pa.Table:
    """A block's table without blanks around its texts, the apostrophe that spreadsheets want before a number, and
    dictionaries. Arrow does it faster than SQL."""
    for index, field in enumerate(table.schema):
        column = table.column(index)
        if types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        plain = not (field.metadata and JSON_FIELD.items() <= field.metadata.items())
        if plain and (types.is_string(column.type) or types.is_large_string(column.type)):
            column = pc.utf8_trim_whitespace(column)
            if pc.any(pc.starts_with(column, "'")).as_py():
                column = pc.replace_substring_regex(column, _APOSTROPHE, r"\1")
        if column is not table.column(index):
            table = table.set_column(index, field.with_type(column.type), column)
    return table


class Columns:
    """The cleaned columns of one block layout, and expressions over them."""

    def __init__(
        self, schema: pa.Schema, planned: Sequence[PlannedColumn], mapping: Mapping, parameters: Parameters
    ) -> None:
        self.parameters = parameters
        self._mapping = mapping
        self._constants: dict[Target, str] = {}
        self._shapes: list[Shape] = []
        self._cleaned: list[str] = []
        self._by_target: dict[Target, list[int]] = {}
        for index, (field, column) in enumerate(zip(schema, planned, strict=True)):
            sql, shape = self._clean(f"c{index}", field, column)
            self._cleaned.append(f"{sql} AS c{index}")
            self._shapes.append(shape)
            if column.target.role != "ignore" and shape != "empty":
                self._by_target.setdefault(column.target, []).append(index)

    def constant(self, target: Target, value: str) -> None:
        """Gives a target one value for all rows where no column gives one."""
        self._constants[target] = value

    @property
    def cleaned(self) -> str:
        """The select list that cleans the columns."""
        return ", ".join(self._cleaned)

    def targets(self, role: str) -> list[Target]:
        """The targets of a role, in the order of the columns; identifiers keep it, the rest is sorted by name."""
        found = [target for target in (*self._by_target, *self._constants) if target.role == role]
        unique = list(dict.fromkeys(found))
        return unique if role == "identifier" else sorted(unique, key=lambda target: target.name)

    def has(self, role: str, name: str) -> bool:
        """Whether any column or constant is this target."""
        return any(target.role == role and target.name == name for target in (*self._by_target, *self._constants))

    def text(self, role: str, name: str) -> str:
        """The value of a target as text, NULL where missing."""
        return self._coalesce(self._named(role, name), self._as_text, self.parameters.text, "NULL::VARCHAR")

    def json(self, target: Target) -> str:
        """The value of a target as JSON, NULL where missing."""
        return self._coalesce(
            [target], self._as_json, lambda value: self.parameters.text(quoted(value)), "NULL::VARCHAR"
        )

    def amount(self, role: str, name: str) -> str:
        """An amount of money as DECIMAL(18,4), as the data standard reads it; NULL where missing or none."""

        def constant(value: str) -> str:
            return _decimal(self.parameters.text(value), AMOUNT)

        read = partial(self._as_decimal, read=AMOUNT)
        return self._coalesce(self._named(role, name), read, constant, "NULL::DECIMAL(18,4)")

    def number(self, role: str, name: str) -> str:
        """A number as DECIMAL(18,4); NULL where missing or none."""

        def constant(value: str) -> str:
            return _decimal(self.parameters.text(value), NUMBER)

        read = partial(self._as_decimal, read=NUMBER)
        return self._coalesce(self._named(role, name), read, constant, "NULL::DECIMAL(18,4)")

    def currency(self, role: str, name: str) -> str:
        """The sign or code of the currency that an amount names in its text; NULL where none."""
        texts = [index for target in self._named(role, name) for index in self._by_target.get(target, ())]
        found = [
            f"CASE WHEN NOT regexp_full_match({self._as_text(index)}, '{_PLAIN}') THEN {CURRENCY}({name}) END"
            for index in texts
            if self._shapes[index] in ("text", "json") and (name := self._as_text(index))
        ]
        return f"coalesce({', '.join(found)}, NULL)" if found else "NULL::VARCHAR"

    def members(self, role: str, without: Iterable[str] = ()) -> str:
        """``"name":value`` of all targets of a role, joined by commas; empty text when there is nothing."""
        skip = set(without)
        parts = [
            f"({self.parameters.text(quoted(target.name) + ':')} || {self.json(target)})"
            for target in self.targets(role)
            if target.name not in skip
        ]
        return f"concat_ws(',', {', '.join(parts)})" if parts else "''"

    def identifiers(self) -> str:
        """The identifiers as a JSON list of [type, scope, value]."""
        parts = []
        for target in self.targets("identifier"):
            head = f"[{quoted(target.name)},{quoted(target.scope)},"
            value = self._coalesce([target], self._as_text, self.parameters.text, "NULL::VARCHAR")
            parts.append(f"({self.parameters.text(head)} || to_json({value}) || ']')")
        return f"('[' || concat_ws(',', {', '.join(parts)}) || ']')" if parts else "'[]'"

    def _named(self, role: str, name: str) -> list[Target]:
        return [target for target in self.targets(role) if target.name == name]

    def _coalesce(
        self, targets: Sequence[Target], column: Callable[[int], str], constant: Callable[[str], str], missing: str
    ) -> str:
        """The first value present: of the columns in their order, then the constant."""
        parts = [column(index) for target in targets for index in self._by_target.get(target, ())]
        parts += [constant(self._constants[target]) for target in targets if target in self._constants]
        if not parts:
            return missing
        return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"

    def _as_text(self, index: int) -> str:
        name, shape = f"c{index}", self._shapes[index]
        if shape == "number":  # a float column that holds whole numbers (ids beside missing values)
            whole = f"CAST(CAST({name} AS BIGINT) AS VARCHAR)"
            return (
                f"CASE WHEN {name} = trunc({name}) AND abs({name}) < 1e15 THEN {whole} ELSE CAST({name} AS VARCHAR) END"
            )
        if shape == "json":
            return f"json_extract_string({name}, '$')"
        return name if shape == "text" else f"CAST({name} AS VARCHAR)"

    def _as_json(self, index: int) -> str:
        name, shape = f"c{index}", self._shapes[index]
        return name if shape == "json" else f"CAST(to_json({name}) AS VARCHAR)"

    def _as_decimal(self, index: int, read: str) -> str:
        name, shape = f"c{index}", self._shapes[index]
        if shape in ("integer", "number"):
            return f"TRY_CAST({name} AS DECIMAL(18,4))"
        return _decimal(self._as_text(index), read)

    def _clean(self, name: str, field: pa.Field, column: PlannedColumn) -> tuple[str, Shape]:
        kind: pa.DataType = field.type
        spec = column.spec
        if types.is_dictionary(kind):
            kind = kind.value_type
        if types.is_null(kind):
            return "NULL::VARCHAR", "empty"
        if types.is_boolean(kind):
            return self._mapped(name, column, "boolean")
        if types.is_integer(kind):
            return self._mapped(name, column, "integer")
        if types.is_floating(kind):
            return self._mapped(f"CASE WHEN isfinite({name}) THEN CAST({name} AS DOUBLE) END", column, "number")
        if types.is_decimal(kind):
            return self._mapped(f"CAST({name} AS VARCHAR)", column, "text")
        if types.is_timestamp(kind):
            return self._instant(name, kind, column), "text"
        if types.is_date(kind):
            return f"strftime({name}, '%Y-%m-%d')", "text"
        if types.is_nested(kind):
            # JSON has no NaN and no infinity; DuckDB writes them all the same.
            json = f"CAST(to_json({name}) AS VARCHAR)"
            return rf"regexp_replace({json}, '([:,\[])-?(NaN|Infinity)', '\1null', 'g')", "json"
        if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
            return f"CAST({name} AS VARCHAR)", "text"
        if not (types.is_string(kind) or types.is_large_string(kind)):
            return f"CAST({name} AS VARCHAR)", "text"
        if field.metadata and JSON_FIELD.items() <= field.metadata.items():
            return name, "json"
        target = column.target
        keyed = target.role in ("identifier", "attribute") or (target.role == "control" and target.name in _KEYS)
        text = self._text_cell(name, ERRORS if keyed else ())
        if spec.values:
            return self._mapped(text, column, "text")
        zone = spec.time_zone or self._mapping.time_zone
        form = spec.date_format or self._mapping.date_format
        if spec.date_format or spec.time_zone or (column.target.is_time and (zone or form)):
            return self._parsed(text, form, zone), "text"
        return text, "text"

    def _text_cell(self, name: str, errors: Sequence[str]) -> str:
        """A cell (blanks around it are gone) without the marks that keep spreadsheets from reading it as a number."""
        bare = (
            f"CASE WHEN starts_with({name}, '=\"') THEN trim({name}, {self.parameters.text('=' + chr(34))})"
            f" WHEN starts_with({name}, '`') THEN ltrim({name}, '`') ELSE {name} END"
        )
        # One list: `nullif` within `nullif` would have the engine plan the cell twice for each of them.
        missing = dict.fromkeys(("", *_NOTHING, *self._mapping.missing, *errors))
        listed = ", ".join(self.parameters.text(one) for one in missing)
        return f"CASE WHEN {bare} NOT IN ({listed}) THEN {bare} END"

    def _mapped(self, sql: str, column: PlannedColumn, shape: Shape) -> tuple[str, Shape]:
        values = column.spec.values
        if not values:
            return sql, shape
        keys, words = self.parameters.texts(values), self.parameters.texts(values.values())
        text = f"CAST({sql} AS VARCHAR)"
        return f"coalesce({words}[list_position({keys}, {text})], {text})", "text"

    def _instant(self, name: str, kind: pa.TimestampType, column: PlannedColumn) -> str:
        """An instant as ISO 8601; without a zone of its own or in the mapping it stays a wall-clock time."""
        if kind.tz is not None:
            return f"strftime(timezone('UTC', CAST({name} AS TIMESTAMPTZ)), '{_ISO_UTC}')"
        zone = column.spec.time_zone or self._mapping.time_zone
        if zone is None or not (column.target.is_time or column.spec.time_zone):
            return f"strftime(CAST({name} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%f')"
        aware = f"timezone({self.parameters.text(zone)}, CAST({name} AS TIMESTAMP))"
        return f"strftime(timezone('UTC', {aware}), '{_ISO_UTC}')"

    def _parsed(self, text: str, form: str | None, zone: str | None) -> str:
        """A written time as ISO 8601. What does not parse stays as written, for the standard to judge."""
        if form is not None:
            parsed = f"try_strptime({text}, {self.parameters.text(form)})"
        else:
            stated = f"regexp_matches({text}, '(Z|[+-][0-9][0-9]:?[0-9][0-9])$')"
            read = f"TRY_CAST(replace({text}, '/', '-') AS TIMESTAMP)"
            # To the second and not a sign more, there is no room for a zone; asking for one costs more than reading.
            bare = f"length({text}) = 19 AND {text}[14] = ':' AND {text}[17] = ':' AND {text}[19] <> 'Z'"
            parsed = f"CASE WHEN {bare} THEN {read} WHEN NOT {stated} THEN {read} END"
        if zone is None:
            return f"coalesce(strftime({parsed}, '%Y-%m-%dT%H:%M:%S.%f'), {text})"
        aware = f"timezone({self.parameters.text(zone)}, {parsed})"
        return f"coalesce(strftime(timezone('UTC', {aware}), '{_ISO_UTC}'), {text})"
