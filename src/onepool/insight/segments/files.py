"""What definition files would do to the segments of a workspace, before they are applied; what in them is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onepool.audience.catalog import kept_events
from onepool.audience.conditions import Context
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.names import Names
from onepool.audience.conditions.unseen import private_in, seen_values, unseen
from onepool.audience.definitions import workspace_names
from onepool.audience.tags import parse_tag
from onepool.audience.tags.doubtful import tag_doubts
from onepool.insight.segments.plan import SegmentPlan, plan_changes
from onepool.workspace import Workspace

_Bodies = Mapping[str, Mapping[str, Any]]


def plan_bodies(ws: Workspace, tags: _Bodies, segments: _Bodies) -> tuple[dict[str, SegmentPlan], Context]:
    """Every segment whose members these definitions, checked and taken together, would change, by name; also those
    that only use a changed one. Tags are read as they are now: what a changed tag will say is not known before.

    The context knows the definitions as they would be.
    """
    before, ctx = _names(ws, {}, {}), _context(ws, tags, segments)
    with ws.pool.read() as session:
        return plan_changes(session, before.segments, ctx.names.segments, ctx, ws.clock.now()), ctx


def doubts(ws: Workspace, tags: _Bodies, segments: _Bodies) -> dict[tuple[str, str], list[Problem]]:
    """By kind and name, the values in these definitions, checked and taken together, that were never seen."""
    names, private = _names(ws, tags, segments), private_in(ws.standard())
    found: dict[tuple[str, str], list[Problem]] = {}
    with ws.pool.read() as session:
        for name in segments:
            condition = names.segments.get(name)
            if condition is None:
                continue
            found["segment", name] = unseen(condition, names, seen_values(session, condition, names, private))
        for name, body in tags.items():
            found["tag", name] = tag_doubts(session, parse_tag(body), names, private)
    return {which: problems for which, problems in found.items() if problems}


def _context(ws: Workspace, tags: _Bodies, segments: _Bodies) -> Context:
    return Context(_names(ws, tags, segments), ws.settings.time_zone, ws.settings.currency)


def _names(ws: Workspace, tags: _Bodies, segments: _Bodies) -> Names:
    """What can be named once these definitions are in the workspace too."""
    now = {kind: {item.name: item.body for item in ws.definitions.current(kind)} for kind in ("tag", "segment")}
    lists = [item.body for item in ws.definitions.current("list")]
    return workspace_names(
        ws.standard(), {**now["tag"], **tags}, {**now["segment"], **segments}, ws.touchpoints().values(),
        kept_events(ws), lists,
    )  # fmt: skip
