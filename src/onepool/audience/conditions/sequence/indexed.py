"""The events of sequences from the behaviour index: they lie there in order, so there is nothing to join or sort."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from onepool.audience.conditions.parts import Slice
from onepool.pool.behaviour import Ordered, View
from onepool.pool.kernels import Marked, gather
from onepool.pool.kernels.pattern import I64, U64, Bools

# Below this share of history, reading what is recent from the table costs less (docs/decisions has the measurements).
LEAST_SHARE = 0.04
_SAMPLE = 4_096


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events of one name that get a bit, where they happened on the channels and touchpoints, from an instant on that
    is the same for all of that name."""

    event: str
    bit: int
    at: Slice | None
    since: int | None


def columns(wanted: Sequence[Wanted]) -> set[str]:
    """What has to be in the index."""
    named = {name for one in wanted if one.at is not None for name in ("channel", "touchpoint") if _words(one.at, name)}
    return {"event", "time", *named}


def worth(view: View, wanted: Sequence[Wanted], at: int) -> bool:
    """Whether so much of history is asked for that the index is the shorter way."""
    sinces = [one.since for one in wanted]
    since = None if None in sinces else min(one for one in sinces if one is not None)
    firsts = view.base.offsets[:-1]
    if since is None or firsts.size == 0:
        return True
    some = view.base.columns["time"][firsts[:: max(1, firsts.size // _SAMPLE)]]
    return bool(at - since >= LEAST_SHARE * (at - int(some.min())))


def read(
    view: View, wanted: Sequence[Wanted], needs: Collection[int] | None, at: int, *, threads: int
) -> list[tuple[Marked, Bools | None]]:
    """Events in order in two parts: those of the build with the customers that count, and those of all others.

    `needs`: only of customers who have all bits of one of these, or an event at the instant or later (None: of all).
    """
    needed = None if needs is None else np.array(sorted(needs), np.uint64)
    base, some = _read(view, view.base, wanted, needed, at, threads)
    skip = view.skip[some]
    overlay, _ = _read(view, view.overlay, wanted, needed, at, threads)
    return [(base, ~skip if skip.any() else None), (overlay, None)]


def _read(
    view: View, part: Ordered, wanted: Sequence[Wanted], needs: U64 | None, at: int, threads: int
) -> tuple[Marked, I64]:
    marks, since = marked(view, wanted)
    codes, time = part.columns["event"], part.columns["time"]
    found, which = gather(
        part.customers, part.offsets, codes, time, marks,
        since=since, latest=part.latest, needs=needs, ahead=at, threads=threads,
    )  # fmt: skip
    unmark(view, part, wanted, found.rows, found.masks)
    return found, which


def marked(view: View, wanted: Sequence[Wanted]) -> tuple[U64, I64]:
    """The bits of each event name, by its code, and since when its events count."""
    names = view.words["event"].to_pylist()
    marks = np.zeros(len(names), np.uint64)
    since = np.full(len(names), np.iinfo(np.int64).max, np.int64)
    for one in wanted:
        if one.event in names:
            code = names.index(one.event)
            marks[code] |= np.uint64(one.bit)
            since[code] = min(since[code], np.iinfo(np.int64).min if one.since is None else one.since)
    return marks, since


def unmark(view: View, part: Ordered, wanted: Sequence[Wanted], rows: I64, masks: U64) -> None:
    """Take the bits of those places away that events (`rows` of the part) did not happen at."""
    for one in wanted:
        wrong = _wrong(view, part, rows, one)
        if wrong is not None:
            _clear(masks, wrong, one.bit)


def _wrong(view: View, part: Ordered, rows: I64, one: Wanted) -> Bools | None:
    """Which events are none of those wanted after all; None where all are."""
    wrong: Bools | None = None
    for name in ("channel", "touchpoint"):
        words = _words(one.at, name)
        if words:
            allowed = np.isin(np.array(view.words[name].to_pylist(), object), words)
            here = ~allowed[part.columns[name][rows]]
            wrong = here if wrong is None else wrong | here
    return wrong


def _words(at: Slice | None, name: str) -> list[str]:
    return list(getattr(at, name) or ()) if at is not None else []


def _clear(masks: U64, where: Bools, bit: int) -> None:
    np.bitwise_and(masks, np.uint64(~bit & 0xFFFF_FFFF_FFFF_FFFF), out=masks, where=where)
