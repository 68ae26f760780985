"""Data quality by source and field: five measures, a score, the trend by day, and what costs most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from onepool.collect.touchpoint import Touchpoint
from onepool.insight.columns import own_columns
from onepool.insight.map.declared import NOTHING, declared
from onepool.insight.quality import read
from onepool.insight.quality.types import (
    DIMENSIONS,
    NONE,
    WEIGHTS,
    Day,
    Dimension,
    FieldQuality,
    Measure,
    Problem,
    Quality,
    Source,
    score,
)
from onepool.pool import Session
from onepool.standards import Standard

WORST = 10
_COUNTS = ("accepted", "quarantined", "duplicates", "unknown", "mended")
Expected = dict[tuple[str, str], list[str]]
Measures = defaultdict[tuple[str, date], dict[Dimension, Measure]]


def quality(
    session: Session,
    standard: Standard,
    touchpoints: Mapping[str, Touchpoint],
    now: datetime,
    zone: ZoneInfo,
    *,
    days: int = 30,
) -> Quality:
    """The quality of what came in over the last `days` calendar days of `zone`, today included."""
    today = now.astimezone(zone).date()
    span = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    since = datetime(span[0].year, span[0].month, span[0].day, tzinfo=zone)
    columns = own_columns(session, standard)
    came = read.intake(session, since, zone.key)
    refused = read.refusals(session, since, zone.key)
    filled = read.filled(session, since, zone.key, columns)
    in_time, whole = read.lags(session, since, zone.key)
    agree = read.agreement(session, standard, since, zone.key)
    waiting = read.waiting(session)
    expected = _expected(standard, touchpoints, filled, columns)
    by_day = _by_day(came, filled, in_time, agree, expected)
    lag = {row["touchpoint"]: row for row in whole}
    names = sorted({*touchpoints, *(name for name, _ in by_day)})
    sources = [_source(name, span, by_day, came, waiting, lag.get(name, {})) for name in names]
    fields = _fields(filled, refused, agree, read.facts(session, since), expected)
    worst = _worst(sources, filled, refused, came, agree, expected)
    total: dict[Dimension, Measure] = {name: sum((one.measures[name] for one in sources), NONE) for name in DIMENSIONS}
    shown = [_with_sample(session, one, waiting, since) for one in worst[:WORST]]
    return Quality(now, days, score(total), sources, fields, shown)


def _expected(
    standard: Standard, touchpoints: Mapping[str, Touchpoint], filled: read.Rows, columns: Iterable[str]
) -> Expected:
    """The fields that a touchpoint's event should have: what its channel declares, what the standard requires, and of
    the standard's event whatever the touchpoint gave at least once in the period."""
    given = {name: declared(one, standard) for name, one in touchpoints.items()}
    ever: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in filled:
        place = (row["touchpoint"], row["event"])
        ever[place].update(name for name in columns if row[f"n_{name}"])
    known = set(columns)
    found: Expected = {}
    for place, had in ever.items():
        name, event = place
        kind = standard.events.get(event)
        told = given.get(name, NOTHING).events.get(event, ())
        own = () if kind is None else (*kind.required, *(field for field in kind.fields if field in had))
        found[place] = [field for field in dict.fromkeys([*told, *own]) if field in known]
    return found


def _by_day(came: read.Rows, filled: read.Rows, in_time: read.Rows, agree: read.Rows, expected: Expected) -> Measures:
    found: Measures = defaultdict(lambda: dict.fromkeys(DIMENSIONS, NONE))

    def add(row: Mapping[str, object], name: Dimension, good: int, total: int) -> None:
        place = found[str(row["touchpoint"]), row["day"]]  # type: ignore[index]
        place[name] += Measure(good, total)

    for row in came:
        add(row, "validity", row["accepted"] - row["unknown"], row["accepted"] + row["quarantined"] - row["mended"])
        add(row, "uniqueness", row["accepted"], row["accepted"] + row["duplicates"])
    for row in filled:
        wanted = expected[row["touchpoint"], row["event"]]
        add(row, "completeness", sum(row[f"n_{name}"] for name in wanted), row["n"] * len(wanted))
    for row in in_time:
        add(row, "timeliness", row["in_time"], row["n"])
    for row in agree:
        add(row, "consistency", row["agree"], row["n"])
    return found


def _source(
    name: str,
    span: list[date],
    by_day: Measures,
    came: read.Rows,
    waiting: read.Rows,
    lag: Mapping[str, float],
) -> Source:
    empty: dict[Dimension, Measure] = dict.fromkeys(DIMENSIONS, NONE)
    days = [by_day.get((name, day), empty) for day in span]
    whole: dict[Dimension, Measure] = {one: sum((day[one] for day in days), NONE) for one in DIMENSIONS}
    mine = [row for row in came if row["touchpoint"] == name]
    counts = {key: sum(row[key] for row in mine) for key in _COUNTS}
    return Source(
        touchpoint=name,
        score=score(whole),
        measures=whole,
        received=counts["accepted"] + counts["quarantined"] + counts["duplicates"] - counts["mended"],
        waiting=sum(row["n"] for row in waiting if row["touchpoint"] == name),
        lag_median=lag.get("median"),
        lag_p95=lag.get("p95"),
        days=[Day(day, score(one), one) for day, one in zip(span, days, strict=True)],
        **counts,
    )


def _fields(
    filled: read.Rows, refused: read.Rows, agree: read.Rows, facts: read.Rows, expected: Expected
) -> list[FieldQuality]:
    """Every expected field and every attribute that came; also fields of which only refused values came."""
    found: dict[tuple[str, str, str, str], FieldQuality] = {}

    def at(touchpoint: str, kind: str, name: str, field: str) -> FieldQuality:
        place = (touchpoint, kind, name, field)
        blank = FieldQuality(touchpoint, kind, name, field, NONE, NONE, NONE)  # type: ignore[arg-type]
        return found.setdefault(place, blank)

    def put(one: FieldQuality) -> None:
        found[one.touchpoint, one.kind, one.name, one.field] = one

    for row in filled:
        for field in expected[row["touchpoint"], row["event"]]:
            one = at(row["touchpoint"], "event", row["event"], field)
            had = row[f"n_{field}"]
            put(replace(one, complete=one.complete + Measure(had, row["n"]), valid=one.valid + Measure(had, had)))
    for row in facts:
        one = at(row["touchpoint"], "profile", row["attribute"], row["attribute"])
        put(replace(one, valid=one.valid + Measure(row["n"], row["n"])))
    for row in agree:
        one = at(row["touchpoint"], "profile", row["attribute"], row["attribute"])
        put(replace(one, consistent=one.consistent + Measure(row["agree"], row["n"])))
    for row in refused:
        if not row["field"] or row["kind"] not in ("event", "profile"):
            continue
        name = row["event"] if row["kind"] == "event" else row["field"]
        one = at(row["touchpoint"], row["kind"], name or "", row["field"])
        if row["rule"] == "required":
            put(replace(one, complete=one.complete + Measure(0, row["refused"])))
        else:
            put(replace(one, valid=one.valid + Measure(0, row["refused"])))
    return [found[place] for place in sorted(found)]


def _worst(
    sources: list[Source],
    filled: read.Rows,
    refused: read.Rows,
    came: read.Rows,
    agree: read.Rows,
    expected: Expected,
) -> list[Problem]:
    """Each cause of a loss with the points of its touchpoint's score that it costs, the costliest first."""
    of = {one.touchpoint: one for one in sources}
    bad: defaultdict[tuple[str, Dimension, str | None, str | None, str | None], int] = defaultdict(int)
    for row in filled:
        for field in expected[row["touchpoint"], row["event"]]:
            bad[row["touchpoint"], "completeness", row["event"], field, None] += row["n"] - row[f"n_{field}"]
    for row in refused:
        bad[row["touchpoint"], "validity", row["event"], row["field"] or None, row["rule"]] += row["refused"]
    for row in came:
        bad[row["touchpoint"], "validity", row["event"], None, "event.unknown"] += row["unknown"]
        bad[row["touchpoint"], "uniqueness", row["event"], None, None] += row["duplicates"]
    for row in agree:
        bad[row["touchpoint"], "consistency", row["attribute"], row["attribute"], None] += row["n"] - row["agree"]
    for one in sources:
        late = one.measures["timeliness"]
        bad[one.touchpoint, "timeliness", None, None, None] += late.total - late.good
    found = []
    for (touchpoint, dimension, name, column, rule), count in bad.items():
        total = of[touchpoint].measures[dimension].total
        if not count or not total:
            continue
        weight = WEIGHTS[dimension] / sum(WEIGHTS[d] for d, one in of[touchpoint].measures.items() if one.total)
        points = 100 * weight * count / total
        found.append(Problem(touchpoint, dimension, name, column, rule, count, total, points))
    return sorted(found, key=lambda one: (-one.points, one.touchpoint, one.dimension, one.name or "", one.field or ""))


def _with_sample(session: Session, one: Problem, waiting: read.Rows, since: datetime) -> Problem:
    if one.dimension == "validity" and one.rule is not None:
        place = (one.touchpoint, one.name, one.rule, one.field or "")
        seq = max(
            (r["seq"] for r in waiting if (r["touchpoint"], r["event"], r["rule"], r["field"]) == place), default=None
        )
        return one if seq is None else replace(one, quarantine_id=seq, sample=read.sample_of(session, seq))
    if one.dimension == "completeness" and one.name and one.field:
        return replace(one, sample=read.event_without(session, one.touchpoint, one.name, one.field, since))
    if one.dimension == "timeliness":
        return replace(one, sample=read.late_event(session, one.touchpoint, since))
    return one
