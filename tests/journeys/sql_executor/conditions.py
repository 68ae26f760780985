"""Conditions and event matches as SQL over a run `r`, its customer's events `e` and what was told of him."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onepool.audience.conditions.values import read_span

COLUMNS = ("cart_id", "amount", "coupon_code")


class Params(dict[str, Any]):
    """Bound values, each under a name of its own."""

    def of(self, value: Any) -> str:
        name = f"p{len(self)}"
        self[name] = value
        return f":{name}"


def micros(text: str) -> int:
    """The length of a span that is no month."""
    found = read_span(text).micros
    assert found is not None, text
    return found


def carried(reference: str) -> str:
    """What a run carries under `$trigger.x` or `$vars.x`; null where it carries none."""
    part, name = reference.removeprefix("$").split(".", 1)
    return f"json_extract(r.{part}, '$.\"{name}\"')"


def matching(match: Mapping[str, Any], params: Params) -> str:
    """Whether an event `e` is what a match looks out for."""
    parts = [f"e.name = {params.of(match['did'])}"]
    for field, wanted in match.get("where", {}).items():
        assert field in COLUMNS
        if not isinstance(wanted, Mapping):
            parts.append(f"e.{field} = {params.of(wanted)}")
        elif "at_least" in wanted:
            parts.append(f"e.{field} >= {params.of(wanted['at_least'])}")
        else:
            asked = wanted["is"]
            parts.append(f"e.{field} = {carried(asked) if asked.startswith('$') else params.of(asked)}")
    if "at" in match:
        parts.append(f"e.channel = {params.of(match['at']['channel'])}")
    return " AND ".join(parts)


def holding(said: Mapping[str, Any], params: Params) -> str:
    """Whether a condition is true of a run `r` at `:at`."""
    if "all" in said or "any" in said:
        word = "all" if "all" in said else "any"
        parts = [holding(one, params) for one in said[word]]
        return "(" + (" AND " if word == "all" else " OR ").join(parts) + ")"
    if "not" in said:
        return f"(NOT {holding(said['not'], params)})"
    if "attribute" in said:
        value = (
            "(SELECT f.value FROM facts f WHERE f.customer = r.customer "
            f"AND f.attribute = {params.of(said['attribute'])} AND f.time <= :at "
            "ORDER BY f.time DESC, f.seq DESC LIMIT 1)"
        )
        return f"({value} IS NOT NULL)" if "is_set" in said else f"coalesce({value} = {params.of(said['is'])}, 0)"
    if "segment" in said:
        assert said["segment"] == "buyers"
        return holding({"did": "order_paid"}, params)
    happened = _did({**said, "did": said.get("did", said.get("did_not"))}, params)
    return happened if "did" in said else f"(NOT {happened})"


def _did(said: Mapping[str, Any], params: Params) -> str:
    parts = ["e.customer = r.customer", "e.time < :at", matching(said, params)]
    since = said.get("since")
    if since == "entry":
        parts.append("e.time >= r.entered")
    elif since is not None:
        parts.append(f"e.time >= json_extract(r.nodes, '$.\"{since['node']}\"')")
    if "within" in said:
        parts.append(f"e.time >= :at - {micros(said['within']['last'])}")
    least = said.get("times", {}).get("at_least", 1)
    return f"((SELECT count(*) FROM events e WHERE {' AND '.join(parts)}) >= {int(least)})"
