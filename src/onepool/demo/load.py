"""From the package's tables to records in the log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onepool.clock import Clock
from onepool.collect.files import Dictionary, ImportReport, Planner, Progress, import_sources
from onepool.collect.log import Log
from onepool.collect.touchpoint import Touchpoint
from onepool.demo.completejourney import PARTS, find_journey
from onepool.settings import Settings


def write_to_log(
    log: Log,
    standard: Dictionary,
    clock: Clock,
    settings: Settings,
    touchpoints: Mapping[str, Touchpoint],
    *,
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> list[ImportReport]:
    """Writes the whole demonstration data as records of protocol ``file``; one report for each part.

    Loading it a second time on the same day changes nothing. ``touchpoints`` has "supermarket" and "coupon_mail". Days
    are those of the workspace's zone. Raises JourneyMissing, LogUnavailable.
    """
    journey = find_journey(clock.now().astimezone(settings.zone).date())
    reports = []
    for part in PARTS:
        touchpoint = touchpoints[part.touchpoint]
        planner = Planner(part.kind, standard, touchpoint, part.mapping(settings.time_zone))
        source = journey.source(part)
        reports.append(
            import_sources(part.kind, [source], log, touchpoint, planner, clock, progress=progress, scratch=scratch)
        )
    return reports
