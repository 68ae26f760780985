"""Goals and money by step: each goal is credited to the last message that was accepted before it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import pyarrow as pa

from onepool.journeys.results.types import Credited
from onepool.journeys.store import Published
from onepool.pool import Session
from onepool.pool.schema import NET_AMOUNT

_HIT: Final = "_journey_hit"


def credited(session: Session, reached: pa.Table, versions: Sequence[Published], currency: str) -> dict[str, Credited]:
    """By node. `reached`: of customers who reached the goal (run_id, customer_id, entered, until, at in µs): of the
    run that they are counted by, up to when their orders count, and when the goal was reached."""
    if reached.num_rows == 0:
        return {}
    session.relation(_HIT, reached)
    rows = session.query(
        f"""WITH paid AS (
            SELECT h.run_id, sum({NET_AMOUNT}) AS value
            FROM {_HIT} h JOIN customer_of c USING (customer_id) JOIN orders o USING (identifier_id)
            WHERE epoch_us(o.paid_at) > h.entered AND epoch_us(o.paid_at) <= h.until
                AND coalesce(o.currency, $currency) = $currency GROUP BY 1),
        sent AS (
            SELECT s.run_id, arg_max(struct_pack(version_id := s.version_id, node := s.node),
                (coalesce(s.claimed, s.planned), s.send_id)) AS step
            FROM sends s JOIN {_HIT} h USING (run_id)
            WHERE s.state BETWEEN 10 AND 13 AND coalesce(s.claimed, s.planned) <= h."at" GROUP BY 1)
        SELECT step.version_id AS version_id, step.node AS node, count(*) AS goals,
            coalesce(sum(value), 0)::DECIMAL(18, 4) AS amount
        FROM sent LEFT JOIN paid USING (run_id) GROUP BY 1, 2""",
        {"currency": currency},
    ).to_pylist()
    by_id = {one.version_id: one for one in versions}
    found: dict[str, Credited] = {}
    for row in rows:
        version = by_id.get(row["version_id"])
        if version is None:
            continue
        name = version.nodes[row["node"]]
        before = found.get(name, Credited(0, Decimal(0)))
        found[name] = Credited(before.goals + row["goals"], before.amount + row["amount"])
    return found
