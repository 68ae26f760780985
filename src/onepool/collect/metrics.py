"""Figures of one collector process for Prometheus, gathered only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from onepool.collect.group_commit import CommitFigures
from onepool.collect.hooks import HookFigures
from onepool.collect.intake import IntakeFigures, LogWriter

Others: TypeAlias = Callable[[], Iterable[Metric]]
"""Figures of other parts, asked for at each reading."""


class _Figures(Collector):
    def __init__(self, intake: IntakeFigures, writer: LogWriter, hooks: HookFigures) -> None:
        self._intake = intake
        self._hooks = hooks
        self._writer = writer

    def collect(self) -> Iterable[Metric]:
        intake = self._intake
        requests = CounterMetricFamily(
            "onepool_collect_requests", "Requests on the collection path by outcome", labels=["outcome"]
        )
        for outcome in ("accepted", "unauthorized", "malformed", "too_large", "unavailable"):
            requests.add_metric([outcome], getattr(intake, outcome))
        yield requests
        pushes = CounterMetricFamily("onepool_hooks_requests", "Callbacks of platforms by outcome", labels=["outcome"])
        for outcome, count in sorted(self._hooks.outcomes.items()):
            pushes.add_metric([outcome], count)
        yield pushes
        yield CounterMetricFamily(
            "onepool_collect_accepted_bytes", "Body bytes accepted, as received", value=intake.accepted_bytes
        )
        yield GaugeMetricFamily(
            "onepool_log_queued_records", "Requests waiting for the disk", value=self._writer.queued
        )
        yield GaugeMetricFamily(
            "onepool_log_writable", "1 while the log can be written", value=0 if self._writer.trouble else 1
        )
        figures = getattr(self._writer, "figures", None)
        if isinstance(figures, CommitFigures):
            yield CounterMetricFamily("onepool_log_commits", "Durable commits of the log", value=figures.commits)
            yield CounterMetricFamily("onepool_log_records", "Records committed to the log", value=figures.records)
            yield CounterMetricFamily("onepool_log_failures", "Commits that failed", value=figures.failures)


class _Others(Collector):
    def __init__(self, others: Others) -> None:
        self._others = others

    def collect(self) -> Iterable[Metric]:
        return self._others()


def registry(
    intake: IntakeFigures, writer: LogWriter, hooks: HookFigures, others: Others | None = None
) -> CollectorRegistry:
    """A registry of its own per application, so that several can live in one process."""
    made = CollectorRegistry()
    made.register(_Figures(intake, writer, hooks))
    if others is not None:
        made.register(_Others(others))
    return made
