"""Whose each identifier is, as of several dates, written in parts.

An identifier is written ``type:value`` or ``type@scope:value``, its value as the data standard keeps it (phones with
+86, e-mails in lower case). What is nobody's (a mistyped number, a staff phone, a placeholder) is not in the truth. A
phone belongs to whoever of its owners used it last, as far as the data can tell at that date. An account whose consent
to joining was taken back must be joined with nothing: it is an entity of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from onepool.demo.people import noise
from onepool.demo.people.accounts import account_ids, emails, member_numbers, omids, union_ids, unionids
from onepool.demo.people.arrays import I64, Texts
from onepool.demo.people.population import NEVER
from onepool.demo.people.sources import SOURCES
from onepool.demo.people.world import KEYS, Seen, World

ACCOUNT, PHONE = -1, -2
"""Kinds of identifiers besides those of the person, which are places in KEYS."""

_ROWS = 200_000
"""Identifiers in memory at once."""

_SCHEMA = pa.schema([("record_id", pa.string()), ("entity_id", pa.string())])


@dataclass(slots=True)
class _Part:
    """Some identifiers of one kind. ``node``: the account, the number, or the person; ``apart``: alone from then on."""

    kind: int
    ids: pa.Array
    node: I64
    person: I64
    first: I64
    apart: I64

    def owners(self, until: int) -> pa.Table:
        """``record_id``, ``entity_id``, ``kind``, ``node`` of what was seen before the second ``until``."""
        keep = np.flatnonzero(self.first < until)
        entity = entity_ids(self.person[keep])
        alone = np.flatnonzero(self.apart[keep] < until)
        entity[alone] = [f"{who}#{node}" for who, node in zip(entity[alone], self.node[keep[alone]], strict=True)]
        return pa.table(
            {
                "record_id": self.ids.take(pa.array(keep)),
                "entity_id": pa.array(entity.tolist(), pa.string()),
                "kind": np.full(keep.size, self.kind, np.int8),
                "node": self.node[keep],
            }
        )


def entity_ids(person: I64) -> Texts:
    """The entity of each person."""
    return np.array([f"P{number:08d}" for number in person.tolist()], object)


def write_owners(world: World, seen: Seen, files: Mapping[Path, int], nodes: Path) -> int:
    """Writes ``record_id,entity_id`` of what was seen before a second into each file; says how many at the end.

    ``nodes`` gets the owners at the end with kind and node, for the oracle.
    """
    written = 0
    with ExitStack() as stack:
        sinks = [(until, stack.enter_context(pcsv.CSVWriter(path, _SCHEMA))) for path, until in files.items()]
        parquet: pq.ParquetWriter | None = None
        for part in chain(_accounts(world, seen), _of_persons(world, seen)):
            for until, sink in sinks:
                sink.write_table(part.owners(until).select(_SCHEMA.names))
            final = part.owners(int(NEVER))
            parquet = parquet or stack.enter_context(pq.ParquetWriter(nodes, final.schema))
            parquet.write_table(final)
            written += final.num_rows
        # A phone's owner is not the same at all dates.
        for until, sink in sinks:
            for part in _phones(world, seen, until):
                sink.write_table(part.owners(until).select(_SCHEMA.names))
        for part in _phones(world, seen, int(NEVER)):
            final = part.owners(int(NEVER))
            if parquet is not None:
                parquet.write_table(final)
            written += final.num_rows
    return written


def _accounts(world: World, seen: Seen) -> Iterator[_Part]:
    accounts = world.accounts
    for place, source in enumerate(SOURCES):
        for rows in _cut(np.flatnonzero((accounts.source == place) & (seen.account < NEVER))):
            ids = _written(source.key, account_ids(accounts, rows, world.seed))
            yield _Part(ACCOUNT, ids, rows, accounts.person[rows], seen.account[rows], seen.withdrawn[rows])


def _of_persons(world: World, seen: Seen) -> Iterator[_Part]:
    firsts = (seen.unionid, seen.omid, seen.union_id, seen.member, seen.email)
    for kind, (key, first) in enumerate(zip(KEYS, firsts, strict=True)):
        for person in _cut(np.flatnonzero(first < NEVER)):
            ids = _written(key, _person_ids(world, key, person))
            yield _Part(kind, ids, person, person, first[person], np.full(person.size, NEVER))


def _phones(world: World, seen: Seen, until: int) -> Iterator[_Part]:
    chains = world.phones.chains
    for tenure in _cut(phone_owners(world, seen, until)):
        number = world.phones.number[tenure]
        ids = _written("phone", np.full(tenure.size, "+86", object) + noise.phone_texts(number))
        person = chains.owner[chains.slot[tenure]]
        yield _Part(PHONE, ids, number, person, seen.tenure[tenure], np.full(tenure.size, NEVER))


def phone_owners(world: World, seen: Seen, until: int) -> I64:
    """One tenure for each number: of those that their owner had used by then, the latest."""
    tenure = np.flatnonzero(seen.tenure < until)
    order = np.lexsort((seen.tenure[tenure], world.phones.number[tenure]))
    tenure = tenure[order]
    number = world.phones.number[tenure]
    last = np.concatenate([number[1:] != number[:-1], np.ones(min(1, number.size), np.bool_)])
    found: I64 = tenure[last]
    return found


def _person_ids(world: World, key: str, person: I64) -> Texts:
    if key == "member_no@brand":
        return member_numbers(person)
    ids_of = {
        "unionid@wx_open": unionids,
        "omid@brand": omids,
        "douyin_union_id@douyin_open": union_ids,
        "email": emails,
    }
    return ids_of[key](person, world.seed)


def _written(key: str, texts: Texts) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar(key), pa.array(texts.tolist(), pa.string()), ":")


def _cut(rows: I64) -> Iterator[I64]:
    for start in range(0, rows.size, _ROWS):
        yield rows[start : start + _ROWS]
