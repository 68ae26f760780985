"""Messages that go in one call: those of one account that say the same, as many as the platform takes.

Where a member of staff confirms what goes out (WeCom's group-send tasks) each call is something to confirm: so a claim
takes all that one of them has to send before it begins with the next one's, and what is still being planned is waited
for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection, Row, func, select

from onepool.channels.base import Manifest, Message, MessageKind, Reach
from onepool.reach import waiting
from onepool.reach.rules import MINUTE
from onepool.state.outbox import broadcasts, sends

MOST: Final = 2_000
"""Of one member of staff at once, and so much more than its turn a claim takes to have all of them."""

_PLANNED_WITHIN: Final = 30 * MINUTE
"""A broadcast whose planning takes longer (its message can't be read, say) holds up nothing of what is planned."""

_CHUNK: Final = 500


class _Sendable(Protocol):
    @property
    def message(self) -> Message: ...
    @property
    def kind(self) -> MessageKind: ...


_One = TypeVar("_One", bound=_Sendable)


def kinds(manifest: Manifest) -> frozenset[str]:
    """Kinds of message of which several go in one call."""
    return frozenset(one.name for one in manifest.messages if one.together > 1)


def parcels(reach: Reach | None, claimed: Iterable[_One]) -> Iterator[list[_One]]:
    """The messages of each call. Nobody is twice in one."""
    found: dict[tuple[str, int], list[_One]] = {}
    seen: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    for one in claimed:
        common = None
        if reach is not None and reach.alike is not None and reach.batch is not None and one.kind.together > 1:
            common = reach.alike(one.message)
        if common is None:
            yield [one]
            continue
        place = (common, tuple(sorted(one.message.to.items())))
        found.setdefault((common, seen[place]), []).append(one)
        seen[place] += 1
    for mine in found.values():
        size = mine[0].kind.together
        yield from (mine[start : start + size] for start in range(0, len(mine), size))


def being_planned(connection: Connection, now: int) -> set[int]:
    """Broadcasts of which more comes in a moment: all of it is taken in hand together. One with a pace of its own is
    planned for days and not waited for. ``now``: µs."""
    b = broadcasts.c
    query = select(b.id, b.body).where(b.status == "planning", b.started > now - _PLANNED_WITHIN)
    return {row.id for row in connection.execute(query) if json.loads(row.body).get("pace") is None}


def gathered(
    connection: Connection, touchpoint: str, rows: Sequence[Row[Any]], those: frozenset[str], now: int, more: int
) -> list[Row[Any]]:
    """Rows of the outbox whose turn it is, where those that go together (of these kinds) stand for as many (at most
    ``more`` more) of the same sender, message and kind: all that one member of staff has, then all of the next."""
    found = [row for row in rows if row.kind not in those or row.staff_id is None]
    classes: dict[tuple[Any, ...], list[Row[Any]]] = {}
    for row in rows:
        if row.kind in those and row.staff_id is not None:
            classes.setdefault(tuple(getattr(row, name) for name in _SAME), []).append(row)
    for same, mine in classes.items():
        found += _of_whole_staff(connection, touchpoint, same, mine, now, more)
    return found


_SAME: Final = ("journey", "priority", "kind", "message", "message_version", "template")


def _of_whole_staff(
    connection: Connection, touchpoint: str, same: tuple[Any, ...], mine: list[Row[Any]], now: int, more: int
) -> list[Row[Any]]:
    t = sends.c
    alike = [t[name].is_(None) if value is None else t[name] == value for name, value in zip(_SAME, same, strict=True)]
    which = (t.touchpoint == touchpoint, *alike, t.due <= now, waiting.WAITING, t.staff_id.is_not(None))
    query = select(t.staff_id, func.count().label("many")).where(*which).group_by(t.staff_id)
    counts = {row.staff_id: int(row.many) for row in connection.execute(query.order_by(func.min(t.due), t.staff_id))}
    if sum(counts.values()) <= len(mine):
        return mine
    taken: list[Row[Any]] = []
    for staff in sorted(counts, key=lambda one: one != mine[0].staff_id):
        room = min(len(mine) + more - len(taken), MOST)
        if len(taken) >= len(mine) or (taken and counts[staff] > room):
            break
        query_all = select(sends).where(*which, t.staff_id == staff).order_by(t.due, t.send_id).limit(room)
        taken += connection.execute(query_all)
    return taken
