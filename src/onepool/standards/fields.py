"""Fields of many things of one kind at once: found under whatever name, typed, and written as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import repeat
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa

from onepool.standards import columns
from onepool.standards.batch import item_type
from onepool.standards.columns import ARROW, Column
from onepool.standards.faults import Fault
from onepool.standards.guard import clean
from onepool.standards.landing import landing_fields, landing_rows
from onepool.standards.model import Attribute, Field, FieldType, SqlType, Value
from onepool.standards.names import Names, loose
from onepool.standards.normalise import contact, money, region, scalars
from onepool.standards.normalise.channel import channel
from onepool.standards.normalise.id_card import id_card
from onepool.standards.options import Options
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard

Fields = dict[str, Any]
Faults = dict[int, tuple[str, Fault]]
"""Position -> (field, fault): the first fault of each thing."""

_WIDE: Final = 256
"""More fields than this at once are written as mappings: their union is mostly empty."""
_PLACE: Final = ("province", "city", "district", "region_code")
_SIMPLE: Final = frozenset({str, int, float, type(None)})
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass
class Read:
    """Fields of n things. `typed`: field -> column; `extra`: what the standard doesn't know, name -> n values."""

    typed: dict[str, Column] = field(default_factory=dict)
    extra: dict[str, list[Any]] = field(default_factory=dict)
    items: pa.Array | None = None
    faults: Faults = field(default_factory=dict)

    def texts(self, count: int) -> list[bytes]:
        """The JSON of each thing's fields."""
        return json_rows({**{name: column.json for name, column in self.typed.items()}, **self.extra}, count)


class Source(Protocol):
    """Where fields of n things are read from. `contexts`: one per thing, or none; `pages`: they may have addresses."""

    @property
    def count(self) -> int: ...
    @property
    def contexts(self) -> Sequence[Fields]: ...
    @property
    def pages(self) -> bool: ...

    def keys(self) -> set[str]:
        """The sender's names of all fields."""
        ...

    def values(self, key: str) -> list[Any]:
        """The value of every thing, None where it lacks the field."""
        ...

    def column(self, reader: FieldReader, declared: Field, key: str) -> Column:
        """The values as a typed column."""
        ...

    def lines(self, reader: FieldReader, name: str, key: str) -> Read:
        """The values as order lines: `items`, what they have beside, and faults."""
        ...


class Things:
    """Fields of things that are mappings."""

    def __init__(self, things: Sequence[Fields], contexts: Sequence[Fields] = ()) -> None:
        self._things = things
        self.contexts = contexts
        self.count = len(things)
        self.pages = bool(contexts)

    def keys(self) -> set[str]:
        return set().union(*self._things)

    def values(self, key: str) -> list[Any]:
        return list(map(dict.get, self._things, repeat(key)))

    def column(self, reader: FieldReader, declared: Field, key: str) -> Column:
        return reader.column(declared, self.values(key))

    def lines(self, reader: FieldReader, name: str, key: str) -> Read:
        return reader.lines(name, self.values(key))


class FieldReader:
    """Reads fields by one standard, one workspace's settings and one touchpoint's options."""

    def __init__(self, standard: Standard, settings: StandardSettings, options: Options) -> None:
        self.standard = standard
        self.settings = settings
        self.options = options
        self.zone = ZoneInfo(options.zone) if options.zone else settings.time_zone

    def column(self, declared: Field | Attribute, values: Sequence[Any]) -> Column:
        """Values of one field as a typed column."""
        kind = declared.type
        column = self._plain(kind, values)
        if column is None:
            column = columns.words(values, self._word(kind))
        if declared.values is not None and kind in (FieldType.TEXT, FieldType.ID):
            column = _allowed(declared.values, column)
        return column

    def _plain(self, kind: FieldType, values: Sequence[Any]) -> Column | None:
        if kind is FieldType.ID:
            return columns.texts(values, ids=True)
        if kind in (FieldType.TEXT, FieldType.PROVINCE, FieldType.CITY, FieldType.DISTRICT):
            return columns.texts(values)
        if kind is FieldType.MONEY:
            return columns.amounts(values, fen=self.options.money == "fen")
        if kind is FieldType.NUMBER:
            return columns.numbers(values)
        if kind is FieldType.INTEGER:
            return columns.integers(values)
        if kind is FieldType.BOOLEAN:
            return columns.booleans(values)
        if kind is FieldType.TIME:
            return columns.instants(values, self.zone, excel=self.options.excel_dates)
        if kind is FieldType.DATE:
            return columns.dates(values, self.zone, excel=self.options.excel_dates)
        if kind is FieldType.TEXT_LIST:
            return columns.text_lists(values)
        return None

    def _word(self, kind: FieldType) -> Any:
        """The normaliser of single values of the types whose values repeat."""
        if kind is FieldType.PHONE:
            return lambda value: _value(columns.phone(value, self.settings.country))
        if kind is FieldType.EMAIL:
            return lambda value: _value(columns.email(value))
        if kind is FieldType.ID_CARD:
            return partial(id_card, key=self.settings.digest_key)
        if kind is FieldType.CURRENCY:
            return money.currency
        if kind is FieldType.CHANNEL:
            return partial(channel, named=self.standard.channel_names.spellings)
        if kind is FieldType.GENDER:
            return scalars.gender
        raise AssertionError(kind)  # every type is plain, a word, or items

    def read(self, things: Source, allowed: Iterable[str], aliases: Mapping[str, str]) -> Read:
        """Fields of things of one kind.

        `allowed`: fields that the kind has; others stay as they are, as unknown. `aliases`: names that hold for this
        kind only. The things' contexts fill common fields that a thing itself lacks.
        """
        read = Read()
        spelt, unknown = self._spellings(things.keys(), set(allowed), aliases)
        for name in unknown:
            read.extra[name] = things.values(name)
        single = {} if things.contexts else {name: keys[0] for name, keys in spelt.items() if len(keys) == 1}
        values = {name: _chosen(things, keys, read.extra) for name, keys in spelt.items() if name not in single}
        if things.contexts:
            self._from_context(values, things.contexts)
        # In an order that no other thing has a part in: of two faults of a thing, the first is told.
        for name in sorted({*values, *single}):
            declared = self.standard.fields[name]
            if declared.type is FieldType.ITEMS:
                _take_lines(
                    read, things.lines(self, name, single[name]) if name in single else self.lines(name, values[name])
                )
            elif name in single:
                _keep(read, name, things.column(self, declared, single[name]))
            else:
                _keep(read, name, self.column(declared, values[name]))
        if things.pages and "url" in read.typed:
            self._landing(read, things.count)
        self._places(read, things.count)
        self._currency(read, things.count)
        return read

    def _spellings(
        self, keys: set[str], allowed: set[str], aliases: Mapping[str, str]
    ) -> tuple[dict[str, list[str]], list[str]]:
        """The sender's names of each field, the most direct first; and those that name no field of this kind."""
        spelt: dict[str, list[tuple[int, str]]] = {}
        unknown: list[str] = []
        for key in sorted(keys):
            bare = loose(key)
            if bare in self.options.ignored:
                continue
            if (mapped := self.options.field_of.get(bare)) is not None:
                name, order = mapped, -1
            elif (alias := Standard.alias(aliases, key)) is not None:
                name, order = alias, 1
            else:
                found = self.standard.field_names.find(key)
                name, order = found or "", self.standard.field_names.order(key)
            if name in allowed:
                spelt.setdefault(name, []).append((order, key))
            else:
                unknown.append(key)
        return {name: [key for _, key in sorted(found)] for name, found in spelt.items()}, unknown

    def _from_context(self, values: dict[str, list[Any]], contexts: Sequence[Fields]) -> None:
        """Fills common fields from the sender's context; what isn't text or number there is not taken."""
        tops: set[str] = set().union(*contexts)
        parts = {top: [context.get(top) for context in contexts] for top in tops & self.standard.context_tops}
        for name in self.standard.common:
            given = values.get(name)
            for path in self.standard.fields[name].context:
                top, _, rest = path.partition(".")
                if top not in parts:
                    continue
                found: list[Any] = parts[top]
                if rest:
                    found = [value.get(rest) if type(value) is dict else None for value in found]
                if found.count(None) == len(found):
                    continue
                if not set(map(type, found)) <= _SIMPLE:
                    found = [value if type(value) in _SIMPLE else None for value in found]
                if given is None:
                    given = found
                else:
                    given = [other if value is None else value for value, other in zip(given, found, strict=True)]
            if given is not None:
                values[name] = given

    def _landing(self, read: Read, count: int) -> None:
        """Click ids and UTM parameters of the pages' addresses, where nothing was sent under their fields."""
        url = read.typed["url"]
        given: dict[str, list[Any]] = {}
        for at in landing_rows(url.array):
            for name, value in landing_fields(url.json[at]).items():
                if name not in given:
                    given[name] = list(read.typed[name].json) if name in read.typed else [None] * count
                if given[name][at] is None:
                    given[name][at] = value
        for name, values in given.items():
            faults = read.typed[name].faults if name in read.typed else {}
            read.typed[name] = Column(pa.array(values, pa.string()), values, faults)

    def lines(self, name: str, given: Sequence[Any]) -> Read:
        """Order lines: all lines of all orders as columns, then cut into lists again."""
        read = Read()
        lines: list[Fields] = []
        owner: list[int] = []
        offsets = np.zeros(len(given) + 1, np.int32)
        missing: list[bool] = []
        for place, value in enumerate(given):
            listed = [value] if isinstance(value, dict) else value
            if listed is not None and not (isinstance(listed, list) and all(isinstance(one, dict) for one in listed)):
                read.faults.setdefault(place, (name, Fault("type.items", listed)))
                listed = None
            missing.append(listed is None)
            lines += listed or ()
            owner += [place] * len(listed or ())
            offsets[place + 1] = len(lines)
        inner = self.read(Things(lines), self.standard.item_fields, self.standard.item_aliases) if lines else Read()
        for line, (field_name, fault) in inner.faults.items():
            read.faults.setdefault(owner[line], (f"{name}.{field_name}", fault))
        struct = pa.StructArray.from_arrays(
            [
                self._line_column(inner, column, len(lines), ARROW[sql])
                for column, sql in self.standard.item_columns.items()
            ],
            fields=list(item_type(self.standard).value_type),
        )
        nulls = np.append(np.array(missing, np.bool_), False)
        read.items = pa.ListArray.from_arrays(pa.array(offsets, pa.int32(), mask=nulls), struct)
        if inner.extra:
            extra = [msgspec.json.decode(text) for text in json_rows(inner.extra, len(lines))]
            cut = [extra[start:end] for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
            read.extra[name] = [part if any(part) else None for part in cut]
        return read

    def _line_column(self, inner: Read, name: str, count: int, kind: pa.DataType) -> pa.Array:
        if name not in inner.typed:
            return pa.nulls(count, kind)
        array = inner.typed[name].array
        return clean(array, self.settings) if self.standard.fields[name].type is FieldType.TEXT else array

    def _places(self, read: Read, count: int) -> None:
        """Province, city and district to their canonical names, and the code of the place."""
        if not any(name in read.typed for name in _PLACE[:3]):
            return
        sent = [read.typed[name].json if name in read.typed else [None] * count for name in _PLACE]
        places = [place(*names) for names in zip(*sent[:3], strict=True)]
        found = [
            [one.province for one in places],
            [one.city for one in places],
            [one.district for one in places],
            [one.code or code for one, code in zip(places, sent[3], strict=True)],
        ]
        for name, values in zip(_PLACE, found, strict=True):
            read.typed[name] = Column(pa.array(values, pa.string()), values, {})

    def _currency(self, read: Read, count: int) -> None:
        """The currency that amounts name in their text is the thing's currency, and must not contradict it."""
        named: dict[int, columns.Named] = {}
        for name, column in read.typed.items():
            for place_, one in column.named.items():
                before = named.get(place_)
                if before is not None and not before[1] & one[1]:
                    read.faults.setdefault(place_, (name, Fault("money.currency", one[0], currency=before[0])))
                elif before is None or len(one[1]) < len(before[1]):
                    named[place_] = one
        default = self.options.currency
        has_money = default is not None and any(self.standard.fields[name].sql is SqlType.MONEY for name in read.typed)
        if not named and not has_money:
            return
        given = list(read.typed["currency"].json) if "currency" in read.typed else [None] * count
        for place_, (code, may) in named.items():
            if given[place_] is None:
                given[place_] = code
            elif given[place_] not in may:
                fault = Fault("money.currency", code, currency=str(given[place_]))
                read.faults.setdefault(place_, ("currency", fault))
        if has_money:
            given = [default if code is None else code for code in given]
        read.typed["currency"] = Column(pa.array(given, pa.string()), given, {})


@lru_cache(100_000)
def place(province: str | None, city: str | None, district: str | None) -> region.Place:
    """`normalise.region.resolve`, remembering what was asked before."""
    return region.resolve(province, city, district)


def _value(found: contact.Contact | None) -> str | None:
    return None if found is None else found.value


def _keep(read: Read, name: str, column: Column) -> None:
    read.typed[name] = column
    for place_, fault in column.faults.items():
        read.faults.setdefault(place_, (name, fault))


def _take_lines(read: Read, lines: Read) -> None:
    read.items = lines.items
    read.extra |= lines.extra
    for place_, fault in lines.faults.items():
        read.faults.setdefault(place_, fault)


def _chosen(things: Source, keys: Sequence[str], extra: dict[str, list[Any]]) -> list[Any]:
    """Values of a field that may go by several names; of two given, the more direct name counts, the other stays."""
    found = things.values(keys[0])
    for key in keys[1:]:
        other = things.values(key)
        left = [None if value is None else second for value, second in zip(found, other, strict=True)]
        found = [second if value is None else value for value, second in zip(found, other, strict=True)]
        if any(value is not None for value in left):
            extra[key] = left
    return found


def _allowed(values: Mapping[str, Value], column: Column) -> Column:
    """Texts of a field with a fixed set of values: their canonical spelling, a fault for others."""
    names = Names({name: (value.synonyms, value.title) for name, value in values.items()})
    faults = dict(column.faults)
    found: list[str | None] = []
    for place_, text in enumerate(column.json):
        known = None if text is None else names.find(text)
        if text is not None and known is None:
            faults[place_] = Fault("value.unknown", text)
        found.append(known)
    return Column(pa.array(found, pa.string()), found, faults)


@lru_cache(1024)
def _shape(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A struct with these members, absent ones left out of its JSON: columns become JSON without Python per value."""
    members = [(f"f{number}", Any, None) for number in range(len(names))]
    rename = {f"f{number}": name for number, name in enumerate(names)}
    return msgspec.defstruct("Fields", members, rename=rename, omit_defaults=True, gc=False)


@lru_cache(10_000)
def _plain(name: str) -> bool:
    """Whether a struct's member may be called so: senders may call theirs anything."""
    return name.isprintable() and not ({'"', "\\"} & set(name))


def json_rows(named: Mapping[str, Sequence[Any]], count: int) -> list[bytes]:
    """One JSON object per row from columns of values; names in order, what is None left out."""
    names = tuple(sorted(named))
    if not names:
        return [b"{}"] * count
    given = [named[name] for name in names]
    if len(names) > _WIDE or not all(map(_plain, names)):
        rows = zip(*given, strict=True)
        return [
            _encode({name: value for name, value in zip(names, row, strict=True) if value is not None}) for row in rows
        ]
    return list(map(_encode, map(_shape(names), *given)))
