"""Which messages counted when one was over a cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, and_, select

from onepool.reach.caps import Messages as Rows
from onepool.reach.caps import Names, rules_of
from onepool.reach.hours import local_days
from onepool.reach.rules import DAY, TRANSACTIONAL, ContactPolicy, SendPolicy
from onepool.reach.states import COUNTED
from onepool.state.outbox import sends


@dataclass(frozen=True, slots=True)
class Counted:
    """A message that went out, or may have. `at`: when the call began, microseconds."""

    send_id: int
    at: int
    journey: str
    channel: str
    category: str


def ledger(connection: Connection, customer: int, since: int, until: int) -> list[Counted]:
    """Messages to a customer that count for caps, claimed in [since, until], the earliest first."""
    t = sends.c
    rows = connection.execute(
        select(t.send_id, t.claimed, t.journey, t.channel, t.category)
        .where(and_(t.customer_id == customer, t.claimed >= since, t.claimed <= until))
        .where(t.state.in_([int(one) for one in COUNTED]))
        .order_by(t.claimed, t.send_id)
    )
    return [Counted(*row) for row in rows]


def over(one: Counted, past: Sequence[Counted], policy: SendPolicy, contact: ContactPolicy, zone: str) -> list[Counted]:
    """Of the messages before it, those that filled a cap that `one` (planned at its `at`) came under."""
    each = np.zeros(1, np.int64)
    names = Names([one.category], [one.channel], [one.journey])
    rows = Rows(each, each, each, each, np.array([one.at], np.int64))
    found: dict[int, Counted] = {}
    begins, _ = local_days(np.array([one.at], np.int64), [zone], each)
    for rule in rules_of(rows, names, each, [policy.caps], contact.caps):
        since = int(begins[0]) if rule.window is None else one.at - rule.window + 1
        mine = [
            other
            for other in past
            if other.at >= since
            and other.send_id != one.send_id
            and (not rule.category or other.category == one.category)
            and (not rule.channel or other.channel == one.channel)
            and (not rule.journey or other.journey == one.journey)
            and (rule.category or rule.journey or other.category != TRANSACTIONAL)
        ]
        if len(mine) >= rule.count:
            found |= {other.send_id: other for other in mine[-rule.count :]}
    return sorted(found.values(), key=lambda other: (other.at, other.send_id))


LONGEST = 92 * DAY
"""How far back messages are looked at: caps are not longer."""
