"""How much came in, by hour of receipt, touchpoint, kind and event."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from onepool.pool import Session


def count(session: Session, accepted: pa.Table, held: pa.Table, dropped: pa.Table, mended: pa.Table) -> None:
    """Count what came in: rows of received_at, touchpoint, kind and name; of accepted ones also whether the event is
    unknown. ``mended``: what waits in quarantine no more; it is among the accepted or the dropped ones, too."""
    counted = pa.concat_tables(
        [
            _by_minute(accepted, "accepted"),
            _by_minute(held, "quarantined"),
            _by_minute(dropped, "duplicates"),
            _by_minute(mended, "mended"),
        ],
        promote_options="permissive",
    )
    figures = ("accepted", "quarantined", "duplicates", "unknown", "mended")
    rows = counted.group_by(["minute", "touchpoint", "kind", "event"]).aggregate([(name, "sum") for name in figures])
    if rows.num_rows == 0:
        return
    session.relation("_counted", rows)
    counts = ", ".join(f"coalesce(sum({name}_sum), 0)::BIGINT AS {name}" for name in figures)
    # Hours are those of the workspace's zone.
    hours = f"SELECT date_trunc('hour', minute) AS hour, touchpoint, kind, event, {counts} FROM _counted GROUP BY ALL"
    found = f"({hours}) n"
    key = ("hour", "touchpoint", "kind", "event")
    same = " AND ".join(f"intake.{name} IS NOT DISTINCT FROM n.{name}" for name in key)
    session.execute(
        f"""UPDATE intake SET accepted = intake.accepted + n.accepted, quarantined = intake.quarantined + n.quarantined,
            duplicates = intake.duplicates + n.duplicates, unknown = intake.unknown + n.unknown,
            mended = coalesce(intake.mended, 0) + n.mended
        FROM {found} WHERE {same}"""
    )
    session.execute(
        f"INSERT INTO intake BY NAME SELECT n.* FROM {found} WHERE NOT EXISTS (SELECT 1 FROM intake WHERE {same})"
    )


def _by_minute(rows: pa.Table, figure: str) -> pa.Table:
    """One for each row, and which are of events that nobody knows."""
    minute = pc.floor_temporal(rows.column("received_at"), unit="minute")
    found = {"minute": minute, "touchpoint": rows.column("touchpoint"), "kind": rows.column("kind"),
             "event": rows.column("name"), figure: pa.repeat(pa.scalar(1, pa.int64()), rows.num_rows)}  # fmt: skip
    if figure == "accepted":
        found["unknown"] = rows.column("unknown").cast(pa.int64())
    return pa.table(found)
