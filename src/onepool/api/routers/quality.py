"""Data quality: five measures by source, field and day, and what costs most."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import event_titles, titles
from onepool.api.models.common import Titles
from onepool.api.models.quality import (
    QualityDay,
    QualityField,
    QualityMeasure,
    QualityMeasures,
    QualityProblem,
    QualitySource,
    QualityView,
)
from onepool.api.showing import Shown, shown
from onepool.insight.quality import WEIGHTS, Dimension, Measure, quality
from onepool.insight.quality.read import LATE_SECONDS
from onepool.insight.quality.types import FieldQuality, Problem
from onepool.privacy.roles import Permission
from onepool.standards import Standard

router = APIRouter(prefix="/quality", tags=["insight"])


@router.get("")
def read_quality(
    who: Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_READ))],
    ws: Workspace,
    time: Time,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
) -> QualityView:
    """Completeness, validity, uniqueness, consistency and timeliness, with the trend by day and the worst ten.

    Samples are shown to those who may read the quarantine.
    """
    standard, touchpoints = ws.standard(), ws.touchpoints()
    with ws.pool.read() as session:
        found = quality(session, standard, touchpoints, time.now(), ws.settings.zone, days=days)
    view = shown(who, standard) if who.may(Permission.QUARANTINE_READ) else None

    def called(name: str) -> Titles:
        return titles(touchpoints[name].title if name in touchpoints else None, name)

    return QualityView(
        at=found.at,
        days=found.days,
        score=found.score,
        weights=dict(WEIGHTS),
        late_seconds=LATE_SECONDS,
        sources=[
            QualitySource(
                touchpoint=one.touchpoint,
                title=called(one.touchpoint),
                channel=touchpoints[one.touchpoint].channel if one.touchpoint in touchpoints else None,
                score=one.score,
                measures=_measures(one.measures),
                received=one.received,
                accepted=one.accepted,
                quarantined=one.quarantined,
                mended=one.mended,
                duplicates=one.duplicates,
                unknown=one.unknown,
                waiting=one.waiting,
                lag_median=one.lag_median,
                lag_p95=one.lag_p95,
                days=[QualityDay(day=day.day, score=day.score, measures=_measures(day.measures)) for day in one.days],
            )
            for one in found.sources
        ],
        fields=[_field(one, standard) for one in found.fields],
        worst=[_problem(one, standard, called(one.touchpoint), view) for one in found.worst],
    )


def _measure(one: Measure) -> QualityMeasure:
    return QualityMeasure(good=one.good, total=one.total, share=one.share)


def _measures(given: dict[Dimension, Measure]) -> QualityMeasures:
    return QualityMeasures(**{name: _measure(one) for name, one in given.items()})


def _field(one: FieldQuality, standard: Standard) -> QualityField:
    return QualityField(
        touchpoint=one.touchpoint,
        kind=one.kind,
        name=one.name,
        name_title=_name(standard, one.name, one.kind == "profile"),
        field=one.field,
        field_title=_called(standard, one.field, one.kind == "profile"),
        complete=_measure(one.complete),
        valid=_measure(one.valid),
        consistent=_measure(one.consistent),
    )


def _problem(one: Problem, standard: Standard, title: Titles, view: Shown | None) -> QualityProblem:
    person = one.dimension == "consistency"
    return QualityProblem(
        touchpoint=one.touchpoint,
        title=title,
        dimension=one.dimension,
        name=one.name,
        name_title=_name(standard, one.name, person) if one.name else None,
        field=one.field,
        field_title=_called(standard, one.field, person) if one.field else None,
        rule=one.rule,
        bad=one.bad,
        total=one.total,
        points=one.points,
        quarantine_id=str(one.quarantine_id) if view is not None and one.quarantine_id is not None else None,
        sample=view.sample(one.sample) if view is not None and one.sample else None,
    )


def _name(standard: Standard, name: str, person: bool) -> Titles:
    return _called(standard, name, True) if person else event_titles(standard, name)


def _called(standard: Standard, field: str, person: bool) -> Titles:
    known = standard.attributes.get(field) if person else standard.fields.get(field)
    return titles(known.title if known else None, field)
