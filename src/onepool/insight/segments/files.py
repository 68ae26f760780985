"""What definition files would do to the segments of a workspace, before they are applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onepool.audience.catalog import kept_events
from onepool.audience.conditions import Condition, Context
from onepool.audience.definitions import workspace_names
from onepool.insight.segments.plan import SegmentPlan, plan_changes
from onepool.workspace import Workspace

_Bodies = Mapping[str, Mapping[str, Any]]


def plan_bodies(ws: Workspace, tags: _Bodies, segments: _Bodies) -> tuple[dict[str, SegmentPlan], Context]:
    """Every segment whose members these definitions, checked and taken together, would change, by name; also those
    that only use a changed one. Tags are read as they are now: what a changed tag will say is not known before.

    The context knows the definitions as they would be.
    """
    now = {kind: {item.name: item.body for item in ws.definitions.current(kind)} for kind in ("tag", "segment")}
    kept = kept_events(ws)
    lists = [item.body for item in ws.definitions.current("list")]

    def conditions(tag_bodies: _Bodies, segment_bodies: _Bodies) -> tuple[Mapping[str, Condition], Context]:
        names = workspace_names(ws.standard(), tag_bodies, segment_bodies, ws.touchpoints().values(), kept, lists)
        return names.segments, Context(names, ws.settings.time_zone, ws.settings.currency)

    current, _ = conditions(now["tag"], now["segment"])
    wanted, ctx = conditions({**now["tag"], **tags}, {**now["segment"], **segments})
    with ws.pool.read() as session:
        return plan_changes(session, current, wanted, ctx, ws.clock.now()), ctx
