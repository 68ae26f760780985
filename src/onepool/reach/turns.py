"""The messages whose turn it is at an account: what is due, shared out over those who have it (reach/shares.py).

What the account lets through of some kinds of message only (a daily quota of templates, say) is shared out first, among
those who have messages of these kinds; so the last ones of a quota go by class and turn too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from onepool.reach import accounts, waiting
from onepool.reach.accounts import Standing
from onepool.reach.policy_model import Policy
from onepool.reach.shares import Waiting, allot


def candidates(
    connection: Connection,
    touchpoint: str,
    policy: Policy,
    standing: Standing,
    now: int,
    most: int,
    held: Collection[str] = (),
) -> tuple[list[Row[Any]], dict[str, float]]:
    """The messages whose turn it is, at most so many, transactional ones first; and what each sender is owed then.

    What the account lets nothing more through of at the moment stands in nobody's way. `held`: senders that stand
    still; `now`: µs.
    """
    found: dict[tuple[str, int], list[Row[Any]]] = {}
    for group in waiting.groups(connection, touchpoint):
        left = standing.most(now, group.kind)
        room = most if left is None else min(most, left)
        if group.journey not in held and room > 0:
            rows = found.setdefault((group.journey, group.priority // 1000), [])
            rows += waiting.due(connection, touchpoint, group, now, room)
    for rows in found.values():
        rows.sort(key=lambda row: (row.priority, row.due))
    deficits = accounts.deficits(connection, touchpoint)
    owed: dict[str, float] = {}
    for limit, kinds, left in standing.buckets.scarce(now):
        mine = {key: [row for row in rows if row.kind in kinds] for key, rows in found.items()}
        if sum(len(rows) for rows in mine.values()) <= left:
            continue
        # What is owed of this limit is counted for itself.
        prefix = f"{limit}/"
        debts = {name.removeprefix(prefix): one for name, one in deficits.items() if name.startswith(prefix)}
        counts, debts = allot(left, _asking(mine, policy.shares), debts)
        owed |= {prefix + name: one for name, one in debts.items()}
        for (key, rows), count in zip(mine.items(), counts, strict=True):
            over = {row.send_id for row in rows[count:]}
            found[key] = [row for row in found[key] if row.send_id not in over]
    counts, debts = allot(most, _asking(found, policy.shares), deficits)
    taken = [row for rows, count in zip(found.values(), counts, strict=True) for row in rows[:count]]
    return sorted(taken, key=lambda row: int(row.priority // 1000)), owed | debts


def _asking(found: Mapping[tuple[str, int], list[Row[Any]]], shares: Mapping[str, float]) -> list[Waiting]:
    return [Waiting(name, level, len(rows), float(shares.get(name, 1))) for (name, level), rows in found.items()]
