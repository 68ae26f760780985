"""Pace and health of accounts as the state keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from onepool.channels import registry
from onepool.channels.base.limits import under
from onepool.collect.touchpoint import Touchpoint
from onepool.reach.breaker import Breaker
from onepool.reach.buckets import Buckets, limits_of
from onepool.reach.policy_model import Policy
from onepool.state.outbox import reach_accounts, reach_shares


@dataclass(slots=True)
class Standing:
    """One account. `known`: whether the state has a row of it."""

    touchpoint: str
    buckets: Buckets
    breaker: Breaker
    paused: bool
    known: bool

    def most(self, now: int, kind: str | None = None) -> int | None:
        """How many messages of a kind may be claimed now (µs); None: any number. Without a kind: of all together, which
        says nothing about quotas of single kinds."""
        if self.paused:
            return 0
        left, some = self.buckets.left(now, kind), self.breaker.most(now)
        bounds = [one for one in (left, some) if one is not None]
        return max(min(bounds), 0) if bounds else None


def load(connection: Connection, touchpoint: Touchpoint, policy: Policy, zone: ZoneInfo) -> Standing:
    """How an account stands."""
    channel = registry.find(touchpoint.channel)
    row = connection.execute(select(reach_accounts).where(reach_accounts.c.touchpoint == touchpoint.name)).one_or_none()
    pace = policy.pace.get(touchpoint.name, [])
    limits = [] if channel is None else limits_of(under(channel.manifest, touchpoint.settings), pace)
    if row is None:
        return Standing(touchpoint.name, Buckets(limits, "{}", zone), Breaker(), paused=False, known=False)
    breaker = Breaker(row.breaker, row.failures, row.open_until, row.reason)
    return Standing(touchpoint.name, Buckets(limits, row.buckets, zone), breaker, bool(row.paused), known=True)


def save(connection: Connection, standing: Standing, now: int) -> None:
    """Keep how an account stands, in the caller's transaction."""
    values = {
        "buckets": standing.buckets.dump(), "breaker": standing.breaker.position, "paused": standing.paused,
        "failures": standing.breaker.failures, "open_until": standing.breaker.until,
        "reason": standing.breaker.reason[:200], "changed": now,
    }  # fmt: skip
    if standing.known:
        same = reach_accounts.c.touchpoint == standing.touchpoint
        connection.execute(update(reach_accounts).where(same).values(**values))
    else:
        connection.execute(insert(reach_accounts).values(touchpoint=standing.touchpoint, **values))
        standing.known = True


def known(connection: Connection) -> set[str]:
    """Accounts that the state knows."""
    return set(connection.execute(select(reach_accounts.c.touchpoint)).scalars())


def deficits(connection: Connection, touchpoint: str) -> dict[str, float]:
    """What each sender is owed at an account."""
    t = reach_shares.c
    rows = connection.execute(select(t.sender, t.deficit).where(t.touchpoint == touchpoint))
    return {row.sender: row.deficit for row in rows}


def save_deficits(connection: Connection, touchpoint: str, owed: Mapping[str, float]) -> None:
    """Keep what each sender is owed, in the caller's transaction; of two that claim at once the later one counts."""
    t = reach_shares.c
    before = deficits(connection, touchpoint)
    for sender, deficit in owed.items():
        if before.get(sender) == deficit:
            continue
        if sender in before:
            same = (t.touchpoint == touchpoint, t.sender == sender)
            connection.execute(update(reach_shares).where(*same).values(deficit=deficit))
        else:
            connection.execute(insert(reach_shares).values(touchpoint=touchpoint, sender=sender, deficit=deficit))
