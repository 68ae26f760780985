"""Puts what was read into tables: rows are numbered, what has a fault goes to quarantine."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.standards import batch as tables
from onepool.standards.batch import Batch
from onepool.standards.columns import short
from onepool.standards.gathered import SEQ_BITS, Gathered, event_ids
from onepool.standards.guard import guard
from onepool.standards.normalise.id_card import hide
from onepool.standards.samples import Samples

_ID_CARD_LENGTH: Final = 18
_MOST_BYTES: Final = 2**31 - 1

_content = msgspec.json.Encoder(order="deterministic").encode


class Assembler:
    """Makes the tables of one batch."""

    def __init__(self, gathered: Gathered) -> None:
        count = len(gathered.items)
        self.all = gathered
        good = np.ones(count, np.bool_)
        good[list(gathered.faults)] = False
        self.good = good
        self.row = np.cumsum(good, dtype=np.int32) - 1
        offsets = np.array([record.offset for record in gathered.records], np.int64)
        self.seq: npt.NDArray[np.int64] = (
            offsets[gathered.record_of] << SEQ_BITS | gathered.numbers if count else np.zeros(0, np.int64)
        )
        self.event_id = self._event_ids()
        self.touchpoint = pa.array(gathered.touchpoint_of, pa.string())
        self.kinds = pa.array(gathered.kinds, pa.string())
        self.object = pc.equal(self.kinds, "object").to_numpy(zero_copy_only=False)

    def batch(self) -> Batch:
        """All tables."""
        return Batch(
            rows=self._rows(),
            events=self._events(),
            ids=self._ids(),
            attributes=self._attributes(),
            objects=self._objects(),
            quarantine=self._quarantine(),
            counts=self._counts(),
        )

    def _event_ids(self) -> pa.Array:
        """`event_id` of the sender's message id; without one, the same of the content as sent.

        An event without id and without time can't be told from a second one that is alike: its place in the log counts.
        """
        parts = event_ids(self.all.touchpoint_of, self.all.message_ids)
        for at, message_id in enumerate(self.all.message_ids):
            if message_id is None:
                parts[at] = self._content_id(at)
        storage = pa.Array.from_buffers(pa.binary(16), len(parts), [None, pa.py_buffer(b"".join(parts))])
        return pa.ExtensionArray.from_storage(pa.uuid(), storage)

    def _content_id(self, at: int) -> bytes:
        item = self.all.items[at]
        if at in self.all.faults:
            return bytes(16)  # it gets no row
        place = int(self.seq[at]) if item.time is None and item.kind == "event" else None
        told: tuple[Any, ...] = (item.kind, item.name, item.time, item.ids, item.fields, item.traits, place)
        if item.change != "set":
            told = (*told, item.change)
        # No touchpoint's name begins with NUL, so this never meets a message id's.
        key = b"\0" + self.all.touchpoint_of[at].encode() + b"\0" + _content(told)
        return hashlib.blake2b(key, digest_size=16).digest()

    def _rows(self) -> pa.Table:
        where = np.flatnonzero(self.good)
        names = pa.array(self.all.names, pa.string())
        unknown = np.zeros(len(self.all.items), np.bool_)
        unknown[list(self.all.unknown)] = True
        take = pa.array(where)
        return pa.table(
            [
                pa.array(np.arange(len(where), dtype=np.int32)),
                pa.array(self.seq[where]),
                self.event_id.take(take),
                self.kinds.take(take),
                names.take(take),
                self.touchpoint.take(take),
                _instants(self.all.time[where]),
                _instants(self.all.received[where]),
                pa.array(unknown[where]),
            ],
            schema=tables.ROWS,
        )

    def _events(self) -> pa.Table:
        schema = tables.event_schema(self.all.standard)
        channels = self._channels()
        channel = pa.array([channels[name] for name in self.all.touchpoint_of], pa.string())
        parts: dict[str, list[pa.Array]] = {name: [] for name in schema.names}
        present = set().union(*(read.typed for (kind, _, _), _, read in self.all.reads if kind == "event"))
        total = 0
        for (kind, name, _), members, read in self.all.reads:
            if kind != "event":
                continue
            where = np.array(members, np.int64)
            kept = self.good[where]
            size = int(kept.sum())
            if size == 0:
                continue
            total += size
            take = None if size == len(where) else pa.array(np.flatnonzero(kept))
            where = where[kept]
            head = {
                "row": pa.array(self.row[where]),
                "seq": pa.array(self.seq[where]),
                "event_id": self.event_id.take(pa.array(where)),
                "event": pa.repeat(pa.scalar(name, pa.string()), size),
                "time": _instants(self.all.time[where]),
                "received_at": _instants(self.all.received[where]),
                "channel": channel.take(pa.array(where)),
                "touchpoint": self.touchpoint.take(pa.array(where)),
            }
            texts = _json_array(read.texts(len(members)))
            body = {column: typed.array for column, typed in read.typed.items()}
            texts, body = guard(texts, body, self.all.standard, self.all.settings)
            body["fields"] = texts
            if read.items is not None:
                body["items"] = read.items
            for column in schema.names:
                if column in head:
                    parts[column].append(head[column])
                elif column in body:
                    parts[column].append(body[column] if take is None else body[column].take(take))
                elif column in present or column == "items":
                    parts[column].append(pa.nulls(size, schema.field(column).type))
        empty = {kind: pa.nulls(total, kind) for kind in set(schema.types)}  # most columns are: one array for many
        return pa.table(
            [
                pa.chunked_array(arrays, field.type) if arrays or not total else empty[field.type]
                for field, arrays in zip(schema, parts.values(), strict=True)
            ],
            schema=schema,
        )

    def _channels(self) -> dict[str, str | None]:
        """Channel of each touchpoint, by its canonical name."""
        found: dict[str, str | None] = {}
        for name in dict.fromkeys(self.all.touchpoint_of):
            known = self.all.touchpoints.get(name)
            if known is not None:
                found[name] = self.all.standard.channel_names.find(known.channel) or known.channel
            else:
                found[name] = None
        return found

    def _ids(self) -> pa.Table:
        if (carried := self.all.carried) is not None:
            kept = pa.array(np.flatnonzero(self.good[carried.place] & ~self.object[carried.place]))
            columns = [one.take(kept) for one in (carried.type, carried.scope, carried.value)]
            return pa.table([pa.array(self.row[carried.place]).take(kept), *columns], schema=tables.IDS)
        found = list(dict.fromkeys(self.all.persons.ids))
        if not found:
            return tables.IDS.empty_table()
        place, kind, scope, value = zip(*found, strict=True)
        where = np.array(place, np.int64)
        order = np.flatnonzero(self.good[where] & ~self.object[where])
        order = pa.array(order[np.argsort(where[order], kind="stable")])
        columns = [pa.array(list(one), pa.string()).take(order) for one in (kind, scope, value)]
        return pa.table([pa.array(self.row[where]).take(order), *columns], schema=tables.IDS)

    def _attributes(self) -> pa.Table:
        facts = [
            (at, name, None if value is None else self._guarded(value), change)
            for at, name, value, change in self.all.persons.facts
            if self.good[at]
        ]
        facts.sort(key=lambda fact: fact[0])
        where = np.array([fact[0] for fact in facts], np.int64)
        return pa.table(
            [
                pa.array(self.row[where]),
                pa.array(self.seq[where]),
                *(pa.array([fact[part] for fact in facts], pa.string()) for part in (1, 2, 3)),
                _instants(self.all.time[where]),
                pa.array([self.all.touchpoint_of[fact[0]] for fact in facts], pa.string()),
            ],
            schema=tables.ATTRIBUTES,
        )

    def _guarded(self, value: str) -> str:
        """A fact without an identity card number in clear."""
        return value if len(value) < _ID_CARD_LENGTH else hide(value, self.all.settings.digest_key)

    def _objects(self) -> pa.Table:
        parts = [tables.OBJECTS.empty_table()]
        for (kind, name, _), members, read in self.all.reads:
            if kind != "object":
                continue
            id_field = self.all.standard.objects[name].id
            kept = [place for place, at in enumerate(members) if self.good[at]]
            if not kept:
                continue
            if read.items is not None:
                read.extra["items"] = _object_items(read.items, read.extra.get("items"))
            texts, _ = guard(_json_array(read.texts(len(members))), {}, self.all.standard, self.all.settings)
            where = np.array([members[place] for place in kept], np.int64)
            said = pa.array(
                [None if self.all.items[members[place]].change == "delete" else place for place in kept], pa.int64()
            )
            parts.append(
                pa.table(
                    [
                        pa.array(self.row[where]),
                        pa.array(self.seq[where]),
                        pa.repeat(pa.scalar(name, pa.string()), len(kept)),
                        pa.array([read.typed[id_field].json[place] for place in kept], pa.string()),
                        texts.take(said),
                        _instants(self.all.time[where]),
                        pa.array([self.all.touchpoint_of[at] for at in where.tolist()], pa.string()),
                    ],
                    schema=tables.OBJECTS,
                )
            )
        return pa.concat_tables(parts)

    def _quarantine(self) -> pa.Table:
        samples = Samples(self.all.standard)
        found: list[tuple[Any, ...]] = []
        for at in sorted(self.all.faults):
            item, record, (field, fault) = (
                self.all.items[at],
                self.all.records[self.all.record_of[at]],
                self.all.faults[at],
            )
            found.append(
                (
                    int(self.seq[at]),
                    record.received_at,
                    record.touchpoint,
                    item.kind,
                    self.all.names[at],
                    fault.rule,
                    field,
                    hide(fault.message(field)),
                    samples.of(item),
                    record.offset,
                    item.item,
                )
            )
        for number, broken in self.all.broken:
            record = self.all.records[number]
            found.append(
                (
                    record.offset << SEQ_BITS | broken.item,
                    record.received_at,
                    record.touchpoint,
                    "unreadable",
                    "",
                    broken.rule,
                    "",
                    hide(broken.message),
                    samples.text(broken.sample),
                    record.offset,
                    broken.item,
                )
            )
        found.sort(key=lambda row: row[0])
        return _table(found, tables.QUARANTINE)

    def _counts(self) -> pa.Table:
        named = list(zip(self.all.touchpoint_of, self.all.names, strict=True))
        accepted = Counter(itertools.compress(named, self.good))
        refused = Counter(itertools.compress(named, ~self.good))
        refused.update((self.all.records[number].touchpoint, "") for number, _ in self.all.broken)
        unknown = Counter(named[at] for at in self.all.unknown if self.good[at])
        keys = sorted({*accepted, *refused})
        return _table([(*key, accepted[key], refused[key], unknown[key]) for key in keys], tables.COUNTS)


def _json_array(texts: Sequence[bytes]) -> pa.Array:
    """Texts that our own encoder made: valid UTF-8, which need not be looked at again."""
    ends = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=ends[1:])
    if ends[-1] > _MOST_BYTES:
        # Few requests unpack to so much; those at fault are found, since the tick then takes fewer at a time.
        raise OverflowError(
            f"一批请求的字段共有 {ends[-1]:,} 字节，一列最多 {_MOST_BYTES:,}；请减小 tick.max_requests"
            f" / the fields of these requests hold {ends[-1]:,} bytes, one column holds {_MOST_BYTES:,};"
            " lower tick.max_requests in the settings"
        )
    offsets = pa.py_buffer(ends.astype(np.int32).tobytes())
    return pa.Array.from_buffers(pa.string(), len(texts), [None, offsets, pa.py_buffer(b"".join(texts))])


def _instants(values: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(values, pa.int64()).cast(tables.INSTANT)


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    given = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(list(values), field.type) for values, field in zip(given, schema, strict=True)], schema=schema
    )


def _object_items(items: pa.Array, extra: Sequence[Any] | None) -> list[Any]:
    """Order lines of order objects as JSON: their columns, and what has none."""
    found: list[Any] = []
    for place, lines in enumerate(items.to_pylist()):
        more = extra[place] if extra is not None and extra[place] is not None else [{}] * len(lines or ())
        found.append(
            None
            if lines is None
            else [
                {**{name: _json(value) for name, value in line.items() if value is not None}, **rest}
                for line, rest in zip(lines, more, strict=True)
            ]
        )
    return found


def _json(value: Any) -> Any:
    return short(float(value)) if isinstance(value, Decimal | float) else value
