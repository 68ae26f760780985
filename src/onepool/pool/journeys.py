"""The pool's tables of journeys and messages, folds of the state, and the views that analysts see.

Instants are microseconds since 1970, as in the state; the views show them as times.
"""

from __future__ import annotations

from typing import Final

RUNS: Final = {
    "run_id": "BIGINT",
    "version_id": "BIGINT",
    "journey": "VARCHAR",
    "version": "INTEGER",
    "customer_id": "BIGINT",
    "key": "VARCHAR",
    "node": "INTEGER",
    "node_name": "VARCHAR",
    "visit": "INTEGER",
    "hop": "INTEGER",
    "state": "TINYINT",
    "due": "BIGINT",
    "entered": "BIGINT",
    "arrived": "BIGINT",
    "ended": "BIGINT",
    "reason": "VARCHAR",
    "goal_at": "BIGINT",
    "parent": "BIGINT",
    "seq": "INTEGER",
}

STEPS: Final = {
    "tick": "BIGINT",
    "run_id": "BIGINT",
    "version_id": "BIGINT",
    "customer_id": "BIGINT",
    "seq": "INTEGER",
    "node": "INTEGER",
    "visit": "INTEGER",
    "edge": "VARCHAR",
    "at": "BIGINT",
    "detail": "VARCHAR",
}

SENDS: Final = {
    "send_id": "BIGINT",
    "run_id": "BIGINT",
    "broadcast_id": "BIGINT",
    "version_id": "BIGINT",
    "journey": "VARCHAR",
    "customer_id": "BIGINT",
    "node": "INTEGER",
    "visit": "INTEGER",
    "hop": "INTEGER",
    "channel": "VARCHAR",
    "touchpoint": "VARCHAR",
    "kind": "VARCHAR",
    "message": "VARCHAR",
    "message_version": "INTEGER",
    "category": "VARCHAR",
    "state": "TINYINT",
    "reason": "VARCHAR",
    "due": "BIGINT",
    "planned": "BIGINT",
    "expires": "BIGINT",
    "claimed": "BIGINT",
    "concluded": "BIGINT",
    "attempts": "INTEGER",
    "provider_id": "VARCHAR",
    "code": "VARCHAR",
    "delivered": "BIGINT",
    "read": "BIGINT",
    "clicked": "BIGINT",
    "cost": "DOUBLE",
}

TABLES: Final = {"journey_runs": RUNS, "journey_steps": STEPS, "sends": SENDS}

# As numbers in journeys/states.py and reach/states.py.
_RUN_STATES: Final = {
    0: "held", 1: "ready", 2: "wait_time", 3: "wait_event", 4: "wait_outcome", 5: "paused", 9: "ended",
}  # fmt: skip
_SEND_STATES: Final = {
    1: "deferred", 2: "queued", 3: "claimed", 4: "retry", 5: "task", 6: "unknown", 10: "accepted", 11: "delivered",
    12: "read", 13: "clicked", 20: "suppressed", 21: "failed", 22: "bounced", 23: "cancelled",
}  # fmt: skip


def _named(names: dict[int, str]) -> str:
    cases = " ".join(f"WHEN {number} THEN '{name}'" for number, name in names.items())
    return f"CASE state {cases} END AS state"


def _times(*columns: str) -> str:
    return ", ".join(f'make_timestamptz("{name}") AS "{name}"' for name in columns)


VIEWS: Final = {
    "runs": f"""SELECT run_id, journey, version, customer_id, key, node_name AS node, visit, hop, {_named(_RUN_STATES)},
        reason, {_times("entered", "arrived", "due", "ended", "goal_at")}, parent AS parent_run_id, seq AS steps
        FROM main.journey_runs""",
    "sends": f"""SELECT send_id, run_id, broadcast_id, journey, customer_id, channel, touchpoint, kind, message,
        message_version, category, hop, {_named(_SEND_STATES)}, reason,
        {_times("planned", "due", "expires")},
        {_times("claimed", "concluded", "delivered", "read", "clicked")}, attempts, provider_id, code, cost
        FROM main.sends""",
    # What came back: one row for each thing that is known of a message, and when.
    "receipts": """SELECT send_id, run_id, customer_id, channel, touchpoint, receipt, reason, code,
        make_timestamptz("at") AS "time" FROM (
            SELECT *, unnest([concluded, delivered, "read", clicked]) AS "at",
                unnest([CASE WHEN state BETWEEN 10 AND 13 THEN 'accepted' WHEN state = 6 THEN 'unknown'
                    WHEN state = 22 THEN 'bounced' ELSE 'failed' END, 'delivered', 'read', 'clicked']) AS receipt
            FROM main.sends WHERE state NOT IN (20, 23)
        ) WHERE "at" IS NOT NULL""",
}
"""Analysts' views by name."""
