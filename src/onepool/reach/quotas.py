"""What platforms allow for one person: so many messages a minute, day or month to one address, or by one associate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from onepool.channels.base import Manifest, Quota
from onepool.clock import from_micros, to_micros
from onepool.reach.states import COUNTED
from onepool.state.outbox import sends

_PERSONAL: Final = ("person", "staff_person")
_CHUNK: Final = 500


def exceeded(
    connection: Connection, manifest: Manifest, touchpoint: str, rows: Sequence[Row[Any]],
    addresses: Mapping[int, tuple[int, str | None]], now: int, zone: ZoneInfo,
) -> set[int]:  # fmt: skip
    """Messages of one account (send ids) that the platform would not take any more; those before count for those after.

    ``addresses``: send id -> (identifier, member of staff).
    """
    found: set[int] = set()
    for quota in manifest.quotas:
        if quota.scope not in _PERSONAL:
            continue
        concerned = [row for row in rows if not quota.messages or row.kind in quota.messages]
        if not concerned:
            continue
        used = _used(connection, quota, touchpoint, {addresses[row.send_id][0] for row in concerned}, now, zone)
        for row in concerned:
            if row.send_id in found:
                continue
            place = _key(quota, *addresses[row.send_id])
            if used.get(place, 0) >= quota.count:
                found.add(row.send_id)
            else:
                used[place] = used.get(place, 0) + 1
    return found


def _used(
    connection: Connection, quota: Quota, touchpoint: str, identifiers: set[int], now: int, zone: ZoneInfo
) -> dict[tuple[int, str], int]:
    t, found = sends.c, dict[tuple[int, str], int]()
    wanted = sorted(identifiers)
    since = begin(quota, now, zone)
    for start in range(0, len(wanted), _CHUNK):
        query = select(t.identifier_id, t.staff_id).where(
            t.touchpoint == touchpoint,
            t.identifier_id.in_(wanted[start : start + _CHUNK]),
            t.claimed >= since,
            t.state.in_([int(one) for one in COUNTED]),
        )
        if quota.messages:
            query = query.where(t.kind.in_(quota.messages))
        for row in connection.execute(query):
            place = _key(quota, row.identifier_id, row.staff_id)
            found[place] = found.get(place, 0) + 1
    return found


def _key(quota: Quota, identifier: int, staff: str | None) -> tuple[int, str]:
    return identifier, (staff or "") if quota.scope == "staff_person" else ""


def begin(quota: Quota, now: int, zone: ZoneInfo) -> int:
    """From when messages count for a quota (µs)."""
    if quota.seconds is not None:
        return now - quota.seconds * 1_000_000 + 1
    local: datetime = from_micros(now).astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return to_micros(midnight.replace(day=1) if quota.period == "month" else midnight)
