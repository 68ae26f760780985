"""What people let an account send to them: reply windows and balances, as channels declare them (`Manifest.windows`).

Deeds open windows ("5 messages within 48 hours of writing to us") or add to a balance ("one message of this template").
The tick folds a batch's deeds into the state's table `allowances`, in the transaction that says how far the log is
applied: each deed counts once, whatever crashes or is built again. The sender asks and takes by reach/allowances.py.

A window is one pair (left, until). A deed at t, good for m messages until t + s, sets it to the larger of both: until =
max(until, t + s) and left = max(left, m), where what is left of a window that had ended by t is nothing. A deed whose
own window ended before the latest thing known of the person changes nothing: it came late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, and_, bindparam, insert, select, update

from onepool.channels import registry
from onepool.channels.base import Manifest, Window, limits
from onepool.collect.touchpoint import Touchpoint
from onepool.identity import Resolver
from onepool.reach.allowances import Allowed, allowed, close, forget, give_back, spend
from onepool.standards import Batch
from onepool.state.bulk import insert_many, update_many
from onepool.state.schema import allowances

__all__ = ["DEEDS", "ENDLESS", "Allowed", "allowed", "close", "deeds", "fold", "folded", "forget", "give_back", "spend"]

I64 = npt.NDArray[np.int64]

ENDLESS: Final = np.iinfo(np.int64).max
_NEVER: Final = np.iinfo(np.int64).min
_CHUNK: Final = 500

DEEDS: Final = pa.schema(
    [
        ("touchpoint", pa.string()),
        ("identifier_id", pa.int64()),
        ("allowance", pa.string()),
        ("per", pa.string()),
        ("seq", pa.int64()),
        ("time", pa.int64()),  # µs
        ("messages", pa.int64()),
        ("until", pa.int64()),  # µs; ENDLESS
        ("adds", pa.bool_()),
    ]
)
"""Deeds that allow messages, in the order of the log."""

Key = tuple[str, int, str, str]


def deeds(batch: Batch, resolver: Resolver, touchpoints: Mapping[str, Touchpoint]) -> pa.Table:
    """The deeds of a batch that allow messages, per identifier that they are sent to (see `DEEDS`)."""
    events = batch.events
    parts: list[pa.Table] = []
    if events.num_rows == 0:
        return DEEDS.empty_table()
    names = pc.unique(events.column("touchpoint")).to_pylist()
    for manifest, of in _windowed(names, touchpoints):
        mine = pc.is_in(events.column("touchpoint"), value_set=pa.array(of, pa.string()))
        for window in manifest.windows:
            # Of the hundreds of columns only these: a filter copies every one.
            wanted = dict.fromkeys(("row", "touchpoint", "seq", "time", *([window.per] if window.per else ())))
            told = events.select(list(wanted)).filter(pc.and_(mine, _counts(events, window)))
            if told.num_rows:
                parts.append(_granted(told, batch.ids, window, _addressed(manifest, window.allowance), resolver))
    return pa.concat_tables(parts).sort_by("seq") if parts else DEEDS.empty_table()


def _windowed(names: Iterable[str], touchpoints: Mapping[str, Touchpoint]) -> list[tuple[Manifest, list[str]]]:
    """Channels that declare windows, as they hold for these touchpoints; those for which they hold alike together."""
    found: dict[tuple[str, object], tuple[Manifest, list[str]]] = {}
    for name in names:
        touchpoint = touchpoints.get(name)
        channel = registry.find(touchpoint.channel) if touchpoint is not None and touchpoint.channel else None
        if touchpoint is not None and channel is not None and channel.manifest.windows:
            said = limits.chosen(channel.manifest, touchpoint.settings)
            manifest = limits.under(channel.manifest, touchpoint.settings)
            found.setdefault((manifest.name, said), (manifest, []))[1].append(name)
    return list(found.values())


def _counts(events: pa.Table, window: Window) -> pa.ChunkedArray:
    kept = pc.equal(events.column("event"), window.event)
    for field, values in window.where.items():
        given = pc.is_in(events.column(field).cast(pa.string()), value_set=pa.array(values, pa.string()))
        kept = pc.and_(kept, given)
    return kept


def _addressed(manifest: Manifest, allowance: str) -> list[str]:
    """Identifier types to which messages under the allowance are sent."""
    return sorted({kind for one in manifest.messages if one.allowance == allowance for kind in one.to})


def _granted(told: pa.Table, ids: pa.Table, window: Window, kinds: Sequence[str], resolver: Resolver) -> pa.Table:
    per = told.column(window.per).cast(pa.string()) if window.per else pa.nulls(told.num_rows, pa.string())
    time = told.column("time").cast(pa.int64())
    seconds = window.seconds
    until = pa.array([ENDLESS] * told.num_rows) if seconds is None else pc.add(time, seconds * 1_000_000)
    deed = pa.table(
        {
            "row": told.column("row"),
            "touchpoint": told.column("touchpoint").cast(pa.string()),
            "per": pc.fill_null(per, ""),
            "seq": told.column("seq"),
            "time": time,
            "until": until,
        }
    )
    if window.per:
        deed = deed.filter(pc.not_equal(deed.column("per"), ""))
    # Few rows are deeds: only their identifiers are looked up.
    ids = ids.filter(pc.is_in(ids.column("row"), value_set=deed.column("row").combine_chunks()))
    named = ids.filter(pc.is_in(ids.column("type").cast(pa.string()), value_set=pa.array(kinds, pa.string())))
    named = pa.table({"row": named.column("row"), "identifier_id": pa.array(resolver.find(named))})
    found = deed.join(named, "row", join_type="inner")
    count = found.num_rows
    found = found.append_column("allowance", pa.array([window.allowance] * count, pa.string()))
    found = found.append_column("messages", pa.array([window.messages] * count, pa.int64()))
    found = found.append_column("adds", pa.array([window.adds] * count, pa.bool_()))
    return found.select(DEEDS.names).cast(DEEDS)


def fold(connection: Connection, done: pa.Table) -> None:
    """Count deeds (`DEEDS`, by seq) in the caller's transaction."""
    if done.num_rows == 0:
        return
    columns = {name: done.column(name).to_pylist() for name in ("touchpoint", "identifier_id", "allowance", "per")}
    named: list[Key] = list(zip(*columns.values(), strict=True))
    place: dict[Key, int] = {}
    code = np.array([place.setdefault(key, len(place)) for key in named], np.int64)
    before = _known(connection, list(place))
    start = np.array([before.get(key, (0, _NEVER, _NEVER)) for key in place], np.int64).reshape(-1, 3)
    numbers = {name: done.column(name).to_numpy().astype(np.int64) for name in ("time", "messages", "until")}
    adds = done.column("adds").to_numpy(zero_copy_only=False)
    after = folded(code, numbers["time"], numbers["messages"], numbers["until"], adds, start)
    rows = [(*key, int(left), None if until == ENDLESS else int(until), int(updated))
            for key, (left, until, updated) in zip(place, after.tolist(), strict=True)]  # fmt: skip
    t = allowances.c
    keys = ("touchpoint", "identifier_id", "allowance", "per")
    values = ("left_count", "until", "updated")
    same = and_(*(t[name] == bindparam(f"of_{name}") for name in keys))
    change = update(allowances).where(same).values({name: bindparam(f"to_{name}") for name in values})
    names = [*(f"of_{name}" for name in keys), *(f"to_{name}" for name in values)]
    update_many(connection, change, names, [row for row in rows if row[:4] in before])
    insert_many(connection, insert(allowances), [*keys, *values], [row for row in rows if row[:4] not in before])


def folded(code: I64, time: I64, messages: I64, until: I64, adds: npt.NDArray[np.bool_], start: I64) -> I64:
    """(left, until, updated) of each key after its deeds, in the order given.

    ``code``: the key of each deed, 0 .. n-1; ``start``: shape (n, 3), the same before. One pass over sorted columns:
    a window begins anew at the last deed by which everything before it had ended.
    """
    count = len(start)
    who = np.concatenate([np.arange(count), code])
    order = np.lexsort((np.r_[np.full(count, -1), np.arange(code.size)], who))
    who = who[order]
    first = np.r_[True, who[1:] != who[:-1]]
    at = np.concatenate([start[:, 2], time])[order]
    end = np.concatenate([start[:, 1], until])[order]
    number = np.concatenate([start[:, 0], messages])[order]
    sums = np.concatenate([np.zeros(count, np.bool_), adds])[order]
    known = _so_far(at, who)
    late = ~first & ~sums & (end <= _before(known, first))
    ended = _so_far(np.where(late, _NEVER, end), who)
    anew = ~first & ~sums & ~late & (_before(ended, first) <= at)
    # What counts towards the result of its key: everything from the last new beginning on.
    begun = np.maximum.accumulate(np.where(first | anew, np.arange(who.size), 0))
    tail = begun == begun[np.r_[np.flatnonzero(first)[1:] - 1, who.size - 1]][who]
    heads = np.flatnonzero(first)
    largest = np.maximum.reduceat(np.where(tail & ~late, number, 0), heads)
    added = np.add.reduceat(np.where(sums, number, 0), heads)
    summing = np.logical_or.reduceat(sums, heads)
    lasts = np.r_[heads[1:] - 1, who.size - 1]
    left = np.where(summing, number[heads] + added, largest)
    return np.stack([left, ended[lasts], known[lasts]], axis=1)


def _so_far(values: I64, who: I64) -> I64:
    """The largest value of a key up to and with each place; keys are together, ascending."""
    levels, rank = np.unique(values, return_inverse=True)
    lifted = np.maximum.accumulate(rank + who * levels.size)
    found: I64 = levels[lifted - who * levels.size]
    return found


def _before(running: I64, first: npt.NDArray[np.bool_]) -> I64:
    """The value at the place before; of a key's first place its own."""
    shifted = np.r_[running[:1], running[:-1]]
    return np.where(first, running, shifted)


def _known(connection: Connection, keys: Sequence[Key]) -> dict[Key, tuple[int, int, int]]:
    t, found = allowances.c, {}
    by_touchpoint: dict[str, set[int]] = {}
    for touchpoint, number, _, _ in keys:
        by_touchpoint.setdefault(touchpoint, set()).add(number)
    wanted = set(keys)
    for touchpoint, numbers in by_touchpoint.items():
        listed = sorted(numbers)
        for start in range(0, len(listed), _CHUNK):
            query = select(allowances).where(
                t.touchpoint == touchpoint, t.identifier_id.in_(listed[start : start + _CHUNK])
            )
            for row in connection.execute(query):
                key = (row.touchpoint, row.identifier_id, row.allowance, row.per)
                if key in wanted:
                    found[key] = (row.left_count, ENDLESS if row.until is None else row.until, row.updated)
    return found
