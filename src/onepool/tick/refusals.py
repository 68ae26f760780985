"""How much was refused, by hour, touchpoint, rule and field: what is mended leaves the quarantine but stays counted."""

from __future__ import annotations

import pyarrow as pa

from onepool.pool import Session

_KEY = ("hour", "touchpoint", "kind", "event", "rule", "field")
_READ = ["received_at", "touchpoint", "kind", "name", "rule", "field"]


def note(session: Session, held: pa.Table, mended: pa.Table) -> None:
    """Count a batch's refused things, and what waits no more since it was mended (columns received_at, touchpoint,
    kind, name, rule, field), as `intake` does."""
    if held.num_rows == 0 and mended.num_rows == 0:
        return
    session.relation("_refusals", held.select(_READ))
    session.relation("_mended", mended.select(_READ))
    session.execute(
        """CREATE OR REPLACE TEMP TABLE refusal_rows AS
        SELECT date_trunc('hour', received_at) AS hour, touchpoint, kind, name AS event, rule,
            coalesce(field, '') AS field, sum(refused)::BIGINT AS refused, sum(mended)::BIGINT AS mended
        FROM (SELECT *, 1 AS refused, 0 AS mended FROM _refusals
            UNION ALL SELECT *, 0 AS refused, 1 AS mended FROM _mended) GROUP BY ALL"""
    )
    same = " AND ".join(f"refusals.{name} IS NOT DISTINCT FROM n.{name}" for name in _KEY)
    session.execute(
        f"""UPDATE refusals SET refused = refusals.refused + n.refused,
            mended = coalesce(refusals.mended, 0) + n.mended FROM refusal_rows n WHERE {same}"""
    )
    session.execute(
        f"""INSERT INTO refusals BY NAME SELECT n.* FROM refusal_rows n
        WHERE NOT EXISTS (SELECT 1 FROM refusals WHERE {same})"""
    )
    session.execute("DROP TABLE refusal_rows")
