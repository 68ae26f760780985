"""How the share of joined customers grew, by when their identifiers were seen."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from onepool.identity.read.sources import Sources
from onepool.pool.schema import FIRST_SEEN, IN_USE

# The first two sightings of each customer: from the first on it is a customer, from the second on a joined one.
_SIGHTINGS = f"""WITH sightings AS (
        SELECT c.customer_id, min({FIRST_SEEN}, 2) AS seen
        FROM identifiers i JOIN customer_of c USING (identifier_id) WHERE {IN_USE} GROUP BY 1
    )
    SELECT greatest((seen[1] AT TIME ZONE $zone)::DATE, $before) AS known,
        CASE WHEN len(seen) > 1 THEN greatest((seen[2] AT TIME ZONE $zone)::DATE, $before) END AS joined, count(*) AS n
    FROM sightings WHERE seen[1] IS NOT NULL GROUP BY 1, 2"""


def joined_by_day(sources: Sources, now: datetime, zone: ZoneInfo, days: int) -> list[tuple[str, int, int]]:
    """(day, customers, those with more than one identifier), at the end of each of so many calendar days.

    Who belongs together is what is known now; the days are those of the events, not of when they were taken in: a
    history that is imported today shows when it happened.
    """
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    before = first - timedelta(days=1)
    found = sources.session.query(_SIGHTINGS, {"zone": zone.key, "before": before})
    known: Counter[object] = Counter()
    joined: Counter[object] = Counter()
    for row in found.to_pylist():
        known[row["known"]] += row["n"]
        if row["joined"] is not None:
            joined[row["joined"]] += row["n"]
    rows: list[tuple[str, int, int]] = []
    customers, several = known[before], joined[before]
    for day in (first + timedelta(days=number) for number in range(days)):
        customers += known[day]
        several += joined[day]
        rows.append((day.isoformat(), customers, several))
    return rows
