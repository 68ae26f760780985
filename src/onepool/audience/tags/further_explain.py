"""What is behind a value of the further kinds: figures by name, in days and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlglot import exp

from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import col
from onepool.audience.conditions.compiler.steps import bound, text_of
from onepool.audience.tags.compiler import TagPlan
from onepool.audience.tags.expression.syntax import Reference, parse_expression, walk
from onepool.audience.tags.further import ExpressionTag, ImportTag, RfmTag
from onepool.audience.tags.model import StateTag
from onepool.audience.tags.scored import DAY
from onepool.pool import Session


def rfm_found(row: Mapping[str, Any], plan: TagPlan, tag: RfmTag) -> dict[str, Any]:
    """Days since the last purchase, purchases, money; and where each is cut. `row`: what was measured."""
    names = ("recency", "frequency", "monetary")
    found: dict[str, Any] = {name: row.get(f"{tag.tag} {name}") for name in names}
    if found["recency"] is None:
        return {}
    kept = plan.populations.get(tag.tag, {})
    cuts: dict[str, Any] = {}
    for name in names:
        points = [kept.get(f"{name}{place}") for place in range(1 if tag.cells == 8 else 4)]
        if tag.at is not None:
            cuts[name] = list(getattr(tag.at, name))
        else:
            cuts[name] = [None if one is None else one / DAY if name == "recency" else one for one in points]
    return {
        "recency": round(found["recency"] / DAY, 2),
        "frequency": found["frequency"],
        "monetary": float(found["monetary"]),
        **{
            f"cut of {name}": [None if one is None else round(one, 4) for one in points]
            for name, points in cuts.items()
        },
    }


def expression_found(row: Mapping[str, Any], tag: ExpressionTag) -> dict[str, Any]:
    """What each name in the formula stands for. `row`: what was measured."""
    names: dict[str, None] = {}
    for node in walk(parse_expression(tag.expression)):
        if isinstance(node, Reference):
            names.setdefault(node.name if node.sort == "input" else f"{node.sort}.{node.name}")
    columns = [f"{tag.tag} v{place}" for place in range(len(names))]
    return {name: row.get(column) for name, column in zip(names, columns, strict=True)}


def quiet_found(session: Session, lasts: Mapping[str, Any], plan: TagPlan, tag: StateTag) -> dict[str, Any]:
    """Of each rule that asks who is quiet: days since the last time, and after how many a customer is quiet. `lasts`:
    what was measured."""
    places = [place for place, rule in enumerate(tag.states) if rule.quiet is not None]
    found: dict[str, Any] = {}
    for place in places:
        rule = tag.states[place]
        assert rule.quiet is not None
        last = lasts.get(f"{tag.tag} last{place}")
        span = plan.populations.get(tag.tag, {}).get(f"quiet{place}")
        if rule.quiet.of == "own":
            own = _columns(session, plan, f"{tag.tag} own{place}", [f"{tag.tag} span{place}"])
            span = own.get(f"{tag.tag} span{place}", span)
        if last is not None and span is not None:
            found[f"days since the last: {rule.value}"] = round((plan.at - last) / DAY, 2)
            found[f"quiet after days: {rule.value}"] = round(span / DAY, 2)
    return found


def given_found(session: Session, tag: ImportTag, customer_id: int, at: datetime) -> dict[str, Any]:
    """When the value came."""
    found = session.query(
        """SELECT max(time) AS at FROM tag_inputs JOIN customer_of USING (identifier_id)
        WHERE tag = $tag AND customer_id = $customer AND time <= $at""",
        {"tag": tag.tag, "customer": customer_id, "at": at},
    )
    when = found.column("at")[0].as_py()
    return {} if when is None else {"imported": when}


def _columns(session: Session, plan: TagPlan, step: str, columns: list[str]) -> dict[str, Any]:
    """Columns of one of the plan's steps, for its one customer."""
    steps = []
    for name, query in plan.steps:
        steps.append((name, query))
        if name == step:
            break
    else:
        return {}
    wanted = exp.select(*(col(name) for name in columns)).from_(table(step))
    text = text_of([*steps, ("answer", wanted)])
    rows: list[dict[str, Any]] = session.query(text, bound(text, plan.params)).to_pylist()
    return rows[0] if rows else {}
