"""Segments looked at: what a change of one would do, how its size went."""

from __future__ import annotations

from onepool.insight.segments.history import Span, spans
from onepool.insight.segments.plan import Dependent, SegmentPlan, inlined, plan_changes, plan_segment

__all__ = ["Dependent", "SegmentPlan", "Span", "inlined", "plan_changes", "plan_segment", "spans"]
