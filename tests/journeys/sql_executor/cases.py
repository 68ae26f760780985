"""Drawn cases without what the SQL statements leave out (see the package)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.journeys.drawing_logs import Case

_AUDIENCES = ("schedule", "one_off", "date")


def plain(made: Case) -> Case:
    """The case with other nodes and entries in the place of those left out; ways and histories stay."""
    found = deepcopy(made)
    found.bodies = [_body(one) for one in found.bodies]
    for quantum in found.quanta:
        quantum.merges, quantum.statuses, quantum.crowded = [], [], frozenset()
        quantum.requests = [one for one in quantum.requests if one[2] == "enter"]
    return found


def _body(body: dict[str, Any]) -> dict[str, Any]:
    body.pop("group", None)
    for part in ("quiet", "caps"):
        body["policy"].pop(part, None)
    entry = body["entry"]
    for part in ("rate", "backfill"):
        entry.pop(part, None)
    if any(name in entry for name in _AUDIENCES):
        kept = {name: entry[name] for name in ("eligible", "reentry") if name in entry}
        body["entry"] = {"segment_enter": "buyers", **kept}
    body["nodes"] = {name: _node(node) for name, node in body["nodes"].items()}
    return body


def _node(node: dict[str, Any]) -> dict[str, Any]:
    if node["do"] == "tag":
        return {"do": "set_profile", "set": {"city": "Chengdu"}, "next": node["next"]}
    if node["do"] == "call_journey":
        return {"do": "wait", "for": "1 hour", "next": node["next"]}
    if node["do"] == "wait" and "date" in node:
        when = {"attribute": "city", "is_set": True}
        return {"do": "branch", "cases": [{"when": when, "next": node["next"]}], "else": node["else"]}
    return node
