"""A tag tried out: what it would be for all customers now, beside what it is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.conditions.names import Context
from onepool.audience.tags.computed import Say, compute, silent
from onepool.audience.tags.figures import Figures, measure
from onepool.audience.tags.model import TagDefinition
from onepool.audience.tags.runs import VALUES
from onepool.pool import Session


@dataclass(frozen=True, slots=True)
class DryRun:
    """`values`: (value, customers who would have it, customers who have it); `changed`: customers whose value differs.

    `gained`, `lost`: of those, customers who have none now, and who would have none.
    """

    figures: Figures
    values: list[tuple[str, int, int]]
    changed: int
    gained: int
    lost: int
    seconds: float


def dry_run(session: Session, tag: TagDefinition, at: datetime, ctx: Context, say: Say = silent) -> DryRun:
    """Compute the tag for everybody and compare it with the live values. Nothing is kept."""
    started = time.perf_counter()
    found = compute(session, tag, at, ctx, say).values
    total = int(session.query("SELECT count(DISTINCT customer_id) AS n FROM customer_of")["n"][0].as_py())
    live = session.query("SELECT customer_id, value, number, list FROM tag_values WHERE tag = $tag", {"tag": tag.tag})
    now, before = measure(found, total), measure(live.cast(VALUES), total)
    names = list(dict.fromkeys([*(value for value, _ in now.values), *(value for value, _ in before.values)]))
    will, has = dict(now.values), dict(before.values)
    gained, lost, changed = difference(session, found, tag.tag)
    values = [(name, will.get(name, 0), has.get(name, 0)) for name in names]
    return DryRun(now, values, changed, gained, lost, time.perf_counter() - started)


def difference(session: Session, found: pa.Table, tag: str) -> tuple[int, int, int]:
    """(gained, lost, all) customers for whom these values differ from the tag's live ones."""
    session.relation("_tried", found)
    rows = session.query(
        """WITH live AS (SELECT customer_id, value, number, list FROM tag_values WHERE tag = $tag)
        SELECT (l.customer_id IS NULL)::INT AS gained, (n.customer_id IS NULL)::INT AS lost, count(*) AS n
        FROM _tried n FULL JOIN live l ON n.customer_id = l.customer_id
        WHERE n.customer_id IS NULL OR l.customer_id IS NULL OR n.value IS DISTINCT FROM l.value
            OR n.number IS DISTINCT FROM l.number OR n.list IS DISTINCT FROM l.list
        GROUP BY ALL""",
        {"tag": tag},
    )
    n = rows.column("n")
    return tuple(
        int(pc.sum(pc.multiply(n, part)).as_py() or 0) for part in (rows.column("gained"), rows.column("lost"), 1)
    )  # type: ignore[return-value]
