"""What customers let a brand do, asked for many at once: the meaning of `consent` in conditions, from the state.

The state holds the latest word of each identifier by purpose, category and channel; the latest of those that concern
what is asked, over all identifiers of a customer, is what holds. So merges and splits need no rewriting. The meaning of
each word is that of `onepool.audience.conditions.standing.consents`, and a property test holds both together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Integer, Table, and_, case, cast, select
from sqlalchemy.sql.elements import ColumnElement

from onepool.privacy.consents.words import ALL, GRANTED, bounded, of_template, template_purpose
from onepool.state.columns import fetch
from onepool.state.consents import consent_ledger, consent_states

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BEARERS: Final = pa.schema([("customer_id", pa.int64()), ("identifier_id", pa.int64())])
"""Identifiers of customers, as the pool's table `customer_of` has them."""

ASKED: Final = pa.schema(
    [("customer_id", pa.int64()), ("purpose", pa.string()), ("category", pa.string()), ("channel", pa.string())]
)
"""What is asked: may this customer be sent something for the purpose, in the category, over the channel."""

_FEW: Final = 4_000
"""Up to so many identifiers are asked for by name; of more, ranges of the table are read as columns."""
_SPARSE: Final = 50
_PARTS: Final = ("purpose", "category", "channel")
_CHUNK: Final = 500
_RANGE: Final = 500_000


@dataclass(frozen=True, slots=True)
class Held:
    """The answer, row by row of what was asked. `seq`, `time`: of the word that decided it (the proof: its entry in the
    ledger has the same `seq`); -1 where nobody said a word."""

    granted: Bools
    seq: I64
    time: I64


@dataclass(frozen=True, slots=True)
class _Said:
    """Words by place: whose (a place among the customers), what they mean, and what they say."""

    whose: I64
    purpose: I64
    category: I64
    channel: I64
    granted: Bools
    time: I64
    seq: I64
    purposes: Sequence[str]
    categories: Sequence[str]
    channels: Sequence[str]

    def named(self, part: str, *values: str) -> Bools:
        """Which words name one of the values in a part."""
        known: Sequence[str] = {"purpose": self.purposes, "category": self.categories, "channel": self.channels}[part]
        codes: I64 = getattr(self, part)
        wanted = np.array([one in values for one in known], np.bool_)
        found: Bools = wanted[codes] if codes.size else np.zeros(0, np.bool_)
        return found


def consented(connection: Connection, bearers: pa.Table, asked: pa.Table, at: int) -> Held:
    """Who of `asked` has consented at the instant `at` (microseconds).

    `bearers`: see `BEARERS`, all identifiers of the customers asked about. `asked`: see `ASKED`; an empty category or
    channel asks about every one, as in conditions. The latest word before `at` decides; without one the answer is no.
    """
    customers, place = _customers(asked)
    kinds = list(_kinds(asked))
    concerning = {
        "purpose": sorted({ALL, *(bounded(purpose, 64) for purpose, _, _, _ in kinds)}),
        "category": sorted({"", *(bounded(category, 32) for _, category, _, _ in kinds)}),
        "channel": sorted({"", *(bounded(channel, 32) for _, _, channel, _ in kinds)}),
    }
    said = _said(connection, bearers, customers, at, concerning)
    held = _nothing(len(place))
    for purpose, category, channel, rows in kinds:
        concerns = said.named("purpose", ALL, bounded(purpose, 64))
        concerns &= said.named("category", "", bounded(category, 32))
        concerns &= said.named("channel", "", bounded(channel, 32))
        _answer(held, said, concerns, customers.size, place, rows)
    return held


def refused(connection: Connection, bearers: pa.Table, customers: I64, channel: str, at: int) -> Bools:
    """Who of the customers refuses the channel altogether: what `reachable` asks beside a live address.

    The latest word about the channel is a no. A no that names a purpose, a category or a template is none of these;
    a yes always is.
    """
    known, place = _customers(_same(customers, "", "", channel))
    refusing = _refusing(connection, bearers, known, channel, at, whole=False)
    if refusing.any():
        # The state of a purpose has its latest word only: a no there hides the yes before it, which was a word about
        # the channel. Who refuses by the states is asked about in the ledger.
        refusing[refusing] = _refusing(connection, bearers, known[refusing], channel, at, whole=True)
    return refusing[place]


def _refusing(
    connection: Connection, bearers: pa.Table, customers: I64, channel: str, at: int, *, whole: bool
) -> Bools:
    said = _said(connection, bearers, customers, at, {"channel": sorted({"", bounded(channel, 32)})}, whole=whole)
    concerns = said.named("channel", "", bounded(channel, 32)) & ~_of_template(said)
    concerns &= said.granted | (said.named("purpose", ALL) & said.named("category", ""))
    held, rows = _nothing(customers.size), np.arange(customers.size)
    _answer(held, said, concerns, customers.size, rows, rows)
    return ~held.granted & (held.seq >= 0)


def refuses_template(connection: Connection, bearers: pa.Table, customers: I64, template: str, at: int) -> Bools:
    """Who of the customers has refused messages of one template (platforms have a switch for each)."""
    asked = _same(customers, "", "", "")
    known, place = _customers(asked)
    said = _said(connection, bearers, known, at, {"purpose": [template_purpose(template)]})
    held = _nothing(len(place))
    concerns = said.named("purpose", template_purpose(template))
    _answer(held, said, concerns, known.size, place, np.arange(len(place)))
    return ~held.granted & (held.seq >= 0)


def spoken(connection: Connection, nodes: I64, since: int) -> pa.Table:
    """All words of identifiers (ascending) that decide anything from an instant (µs) on: `identifier_id`, `purpose`,
    `category`, `channel`, `granted` (0 or 1), `time`, `seq`.

    Of identifiers that said nothing since, their state as it is; of the others their whole ledger.
    """
    word = consent_ledger.c
    found = _gather(connection, nodes, consent_states, cast(consent_states.c.granted, Integer), None)
    early = pc.less(found.column("time"), since)
    moving = np.unique(found.filter(pc.invert(early)).column("identifier_id").to_numpy().astype(np.int64))
    if not moving.size:
        return found
    told = _gather(connection, moving, consent_ledger, cast(word.action == GRANTED, Integer), None)
    still = pc.invert(pc.is_in(found.column("identifier_id"), value_set=pa.array(moving)))
    return pa.concat_tables([found.filter(still), told])


def _same(customers: I64, purpose: str, category: str, channel: str) -> pa.Table:
    texts = {"purpose": purpose, "category": category, "channel": channel}
    count = len(customers)
    return pa.table(
        {"customer_id": pa.array(customers, pa.int64())}
        | {name: pa.repeat(pa.scalar(text, pa.string()), count) for name, text in texts.items()}
    )


def _customers(asked: pa.Table) -> tuple[I64, I64]:
    """The customers asked about, ascending, and the place of each row's among them."""
    numbers = asked.column("customer_id").to_numpy().astype(np.int64)
    customers, place = np.unique(numbers, return_inverse=True)
    return customers, place


def _kinds(asked: pa.Table) -> Iterator[tuple[str, str, str, I64]]:
    """Each (purpose, category, channel) that is asked for, with its rows: few, however many rows there are."""
    if asked.num_rows == 0:
        return
    parts = [asked.column(name).combine_chunks().dictionary_encode() for name in _PARTS]
    code = np.zeros(asked.num_rows, np.int64)
    for part in parts:
        code = code * (len(part.dictionary) + 1) + pc.fill_null(part.indices, len(part.dictionary)).to_numpy()
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    for number, row in enumerate(first.tolist()):
        texts = [part[row].as_py() or "" for part in parts]
        yield texts[0], texts[1], texts[2], np.flatnonzero(inverse == number)


def _nothing(count: int) -> Held:
    return Held(np.zeros(count, np.bool_), np.full(count, -1, np.int64), np.full(count, -1, np.int64))


def _answer(held: Held, said: _Said, concerns: Bools, count: int, place: I64, rows: I64) -> None:
    """Write what the latest of these words says into the rows of the answer."""
    chosen = np.flatnonzero(concerns)
    order = chosen[np.lexsort((said.seq[chosen], said.time[chosen], said.whose[chosen]))]
    latest = np.full(count, -1, np.int64)
    latest[said.whose[order]] = order  # of several the last stays: the latest
    word = latest[place[rows]]
    there = word >= 0
    at, word = rows[there], word[there]
    held.granted[at] = said.granted[word]
    held.seq[at] = said.seq[word]
    held.time[at] = said.time[word]


def _of_template(said: _Said) -> Bools:
    wanted = np.array([of_template(one) for one in said.purposes], np.bool_)
    return wanted[said.purpose] if said.purpose.size else np.zeros(0, np.bool_)


Concerning = Mapping[str, Sequence[str]]
"""By part the values of words that are asked about; others decide nothing."""


def _said(
    connection: Connection,
    bearers: pa.Table,
    customers: I64,
    at: int,
    concerning: Concerning | None = None,
    *,
    whole: bool = False,
) -> _Said:
    """The words of these customers before the instant that can decide anything. `whole`: with all of the ledger, also
    those that a later word about the same purpose, category and channel came after."""
    owner = bearers.column("customer_id").to_numpy().astype(np.int64)
    node = bearers.column("identifier_id").to_numpy().astype(np.int64)
    where = np.searchsorted(customers, owner)
    kept = np.zeros(owner.size, np.bool_)
    inside = where < customers.size
    kept[inside] = customers[where[inside]] == owner[inside]
    node, where = node[kept], where[kept]
    order = np.argsort(node, kind="stable")
    node, where = node[order], where[order]
    table = _words(connection, node, at, concerning)
    if whole:
        table = pa.concat_tables([table, _ledger(connection, node, at, concerning)])
    found = table.column("identifier_id").to_numpy().astype(np.int64)
    spot = np.searchsorted(node, found)
    mine = np.zeros(found.size, np.bool_)
    near = spot < node.size
    mine[near] = node[spot[near]] == found[near]
    table, spot = table.filter(pa.array(mine)), spot[mine]
    coded = {name: table.column(name).combine_chunks().dictionary_encode() for name in _PARTS}
    codes = {name: one.indices.to_numpy(zero_copy_only=False).astype(np.int64) for name, one in coded.items()}
    return _Said(
        whose=where[spot].astype(np.int64),
        purpose=codes["purpose"],
        category=codes["category"],
        channel=codes["channel"],
        granted=table.column("granted").to_numpy().astype(np.bool_),
        time=table.column("time").to_numpy().astype(np.int64),
        seq=table.column("seq").to_numpy().astype(np.int64),
        purposes=coded["purpose"].dictionary.to_pylist(),
        categories=coded["category"].dictionary.to_pylist(),
        channels=coded["channel"].dictionary.to_pylist(),
    )


def _words(connection: Connection, nodes: I64, at: int, concerning: Concerning | None) -> pa.Table:
    """The states of identifiers (ascending) as of an instant: what was said later is looked past, in the ledger."""
    state = consent_states.c
    found = _gather(connection, nodes, consent_states, cast(state.granted, Integer), concerning)
    early = pc.less(found.column("time"), at)
    ahead = np.unique(found.filter(pc.invert(early)).column("identifier_id").to_numpy().astype(np.int64))
    if not ahead.size:
        return found
    return pa.concat_tables([found.filter(early), _ledger(connection, ahead, at, concerning)])


def _ledger(connection: Connection, nodes: I64, at: int, concerning: Concerning | None) -> pa.Table:
    """All words of identifiers (ascending) before an instant."""
    word = consent_ledger.c
    granted = cast(word.action == GRANTED, Integer)
    return _gather(connection, nodes, consent_ledger, granted, concerning, word.time < at)


_TYPES: Final = pa.schema(
    [
        ("identifier_id", pa.int64()),
        ("purpose", pa.string()),
        ("category", pa.string()),
        ("channel", pa.string()),
        ("granted", pa.int64()),
        ("time", pa.int64()),
        ("seq", pa.int64()),
    ]
)


def _gather(
    connection: Connection,
    nodes: I64,
    table: Table,
    granted: ColumnElement[int],
    concerning: Concerning | None,
    *where: ColumnElement[bool],
) -> pa.Table:
    """Words of identifiers from one of both tables: by number, or by ranges where most of a range is asked for."""
    key = table.c.identifier_id
    wanted = [*where, *(table.c[name].in_(list(values)) for name, values in (concerning or {}).items())]
    rest = [granted.label("granted"), table.c.time, table.c.seq]
    parts: list[pa.Table] = []
    if nodes.size <= _FEW or int(nodes[-1]) - int(nodes[0]) > _SPARSE * nodes.size:
        columns = [key, *(table.c[name] for name in _PARTS), *rest]
        for start in range(0, nodes.size, _CHUNK):
            some = key.in_(nodes[start : start + _CHUNK].tolist())
            rows = connection.execute(select(*columns).where(some, *wanted)).all()
            values = list(zip(*rows, strict=True)) or [()] * len(_TYPES)
            parts.append(pa.table([pa.array(one, kind.type) for one, kind in zip(values, _TYPES, strict=True)], _TYPES))
        return pa.concat_tables(parts) if parts else _TYPES.empty_table()
    texts = dict(concerning or {})
    for name in _PARTS:
        if name not in texts:
            texts[name] = sorted(connection.execute(select(table.c[name]).distinct()).scalars()) or [""]
    # As numbers: texts would have to be packed and unpacked for every row.
    coded = [
        case({text: place for place, text in enumerate(texts[name])}, value=table.c[name], else_=-1).label(name)
        for name in _PARTS
    ]
    low, high = int(nodes[0]), int(nodes[-1])
    for start in range(low, high + 1, _RANGE):
        within = and_(key >= start, key < min(start + _RANGE, high + 1), *wanted)
        part = fetch(connection, [key, *coded, *rest], within)
        for place, name in enumerate(_PARTS, 1):
            codes = part.column(name).combine_chunks().cast(pa.int32())
            named = pa.DictionaryArray.from_arrays(codes, pa.array(texts[name], pa.string()))
            part = part.set_column(place, name, named.cast(pa.string()))
        parts.append(part.cast(_TYPES))
    return pa.concat_tables(parts)
