"""map, quality: what the pool as a whole says."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.cli.output import HERE, Json, WorkspaceDir, opened, say, show_json, show_table
from onepool.errors import UsageError

if TYPE_CHECKING:
    from onepool.identity.read import Sources
    from onepool.insight.map import Gathered
    from onepool.insight.map.types import DataMap
    from onepool.insight.quality import Quality
    from onepool.workspace import Workspace

Rows = list[dict[str, Any]]

TODO = {
    "unused": "nothing was sent over it yet: send a message, or take the touchpoint away",
    "silent": "nothing ever came: check the touchpoint's settings, keys and the address on the platform's side",
    "stopped": "nothing comes any more: look at the touchpoint's last error, its keys, and the platform's console",
    "behind": "its events come later than usual: see whether the platform or the pull is late",
    "late": "many events come more than an hour late: pull more often, or push instead of files",
    "signal-unseen": "its channel could give this: switch it on at the platform, or accept that it is not there",
    "field-empty": "this field never has a value: map it, or ask the platform for it",
    "identifier-unseen": "its channel could give this identifier: fill in the setting that it needs",
    "identifier-joins-nothing": "no other touchpoint names these: ask for a phone or member number beside it",
    "unjoinable": "nothing that these customers gave is known elsewhere: ask for what is named here",
    "island": "its customers are known nowhere else: collect an identifier that another touchpoint has too",
}
"""What to do about each kind of gap."""

Csv = Annotated[Path | None, typer.Option("--csv", help="Write the matrices as CSV files into this folder.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("map")(data_map)
    app.command("quality")(data_quality)


@contextmanager
def _map(folder: Path) -> Iterator[tuple[Workspace, Sources, Gathered, DataMap]]:
    # Loaded here: OneID brings compiled kernels that other commands need not wait for.
    from onepool.api.whom import sources
    from onepool.insight.map import data_map, gather

    ws = opened(folder)
    try:
        with ws.pool.read() as session:
            src, now = sources(ws, session), ws.clock.now()
            gathered = gather(src, ws.touchpoints(), now)
            try:
                yield ws, src, gathered, data_map(src, gathered, ws.touchpoints(), now, ws.settings.zone)
            finally:
                gathered.close()
    finally:
        ws.close()


def data_map(
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
    csv_folder: Csv = None,
    what_if: Annotated[
        str | None, typer.Option(metavar="TOUCHPOINT", help="What if more of its customers gave an identifier?")
    ] = None,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="What if: of those who have none.")] = 0.3,
    gives: Annotated[str, typer.Option(metavar="TYPE", help="What if: the type of identifier.")] = "phone",
) -> None:
    """The data map: what each touchpoint yields, what joins them, whom they reach, and where the gaps are.

    Example: onepool map --what-if oa --share 0.3
    """
    with _map(folder) as (_, src, gathered, found):
        if what_if is not None:
            from onepool.insight.map import what_if as compute

            answer = asdict(compute(src, gathered, what_if, share, gives=gives))
            show_json(answer) if as_json else _show_what_if(answer)
            return
    if csv_folder is not None:
        for name, rows in matrices(found).items():
            _write_csv(csv_folder / f"{name}.csv", rows)
    if as_json:
        show_json(asdict(found))
        return
    _show_map(found)
    if csv_folder is not None:
        say(f"matrices written to {csv_folder}")


def data_quality(
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
    csv_folder: Csv = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Of so many calendar days.")] = 30,
) -> None:
    """Data quality by source and field: completeness, validity, uniqueness, consistency, timeliness.

    Example: onepool quality --days 7
    """
    from onepool.insight.quality import quality

    ws = opened(folder)
    try:
        with ws.pool.read() as session:
            found = quality(session, ws.standard(), ws.touchpoints(), ws.clock.now(), ws.settings.zone, days=days)
    finally:
        ws.close()
    if csv_folder is not None:
        for name, rows in quality_tables(found).items():
            _write_csv(csv_folder / f"{name}.csv", rows)
    if as_json:
        # Samples are in clear: they stay in the quarantine.
        show_json(asdict(found) | {"worst": [_without(asdict(one), "sample") for one in found.worst]})
        return
    _show_quality(found)


def matrices(found: DataMap) -> dict[str, Rows]:
    """The map's tables by name, flat, as they go into CSV files."""
    return {
        "touchpoints": [_without(asdict(one), "title") for one in found.places],
        "identifiers": [asdict(one) for one in found.identifier_cells],
        "signals": [_without(asdict(one), "fields") for one in found.signal_cells],
        "fields": [
            {"touchpoint": cell.touchpoint, "kind": cell.kind, "name": cell.name, **asdict(one)}
            for cell in found.signal_cells
            for one in cell.fields
        ],
        "linkage": [
            _without(asdict(one), "carriers")
            | {"carriers": " ".join(f"{by.type}:{by.customers}" for by in one.carriers)}
            for one in found.linkage
        ],
        "flows": [asdict(one) for one in found.flows],
        "reach": [_without(asdict(one), "title", "to") | {"to": " ".join(one.to)} for one in found.reach],
        "overlap": [asdict(one) for one in found.overlap],
        "gaps": [
            _without(asdict(one), "figures", "subjects")
            | {
                "subjects": " ".join(one.subjects),
                "figures": " ".join(f"{key}={value}" for key, value in one.figures.items()),
            }
            for one in (*found.gaps, *found.explained)
        ],
    }


def quality_tables(found: Quality) -> dict[str, Rows]:
    """Quality as flat tables: sources, days and fields; shares with their counts."""
    sources: Rows = []
    days: Rows = []
    for one in found.sources:
        sources.append(
            {"touchpoint": one.touchpoint, "score": one.score, **_flat(one.measures)}
            | {"received": one.received, "quarantined": one.quarantined, "mended": one.mended, "waiting": one.waiting}
        )
        days += [
            {"touchpoint": one.touchpoint, "day": day.day, "score": day.score, **_flat(day.measures)}
            for day in one.days
        ]
    fields = [
        {"touchpoint": one.touchpoint, "kind": one.kind, "name": one.name, "field": one.field}
        | _flat({"complete": one.complete, "valid": one.valid, "consistent": one.consistent})
        for one in found.fields
    ]
    return {"quality": sources, "quality-days": days, "quality-fields": fields}


def _flat(measures: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, one in measures.items():
        found |= {str(name): one.share, f"{name}_good": one.good, f"{name}_total": one.total}
    return found


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            if rows:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    except OSError as error:
        raise UsageError(f"can't be written: {error.strerror}", where=str(path)) from error


def _show_map(found: DataMap) -> None:
    say(f"customers: {found.customers:,}, reachable: {found.reachable:,}")
    show_table(
        [
            {
                "touchpoint": one.touchpoint + (" (island)" if one.island else ""),
                "customers": one.customers,
                "joined": one.joined,
                "events": one.events,
                "last event": None if one.last_at is None else f"{one.last_at:%Y-%m-%d %H:%M}",
                "identifiers": ", ".join(
                    f"{cell.type} {cell.fill:.0%}"
                    for cell in found.identifier_cells
                    if cell.touchpoint == one.touchpoint and cell.identifiers
                ),
            }
            for one in found.places
        ],
        "touchpoints",
    )
    show_table(
        [
            {
                "pair": f"{one.a} - {one.b}",
                "customers": one.customers,
                "of the first": f"{one.share_a:.1%}",
                "of the second": f"{one.share_b:.1%}",
                "joined by": ", ".join(f"{by.type} {by.customers}" for by in one.carriers[:3]),
                "otherwise": one.chained,
            }
            for one in found.linkage[:20]
        ],
        "customers on both (20 largest)",
    )
    show_table(
        [{"touchpoint": name, "reachable": count} for name, count in sorted(found.reachable_by.items())],
        "whom each can write to",
    )
    show_table(
        [
            {
                "severity": one.severity,
                "touchpoint": one.touchpoint,
                "gap": one.kind,
                "what": ", ".join(one.subjects[:6]) + (f" (+{len(one.subjects) - 6})" if len(one.subjects) > 6 else ""),
                "customers": one.customers,
                "to do": TODO[one.kind],
            }
            for one in found.gaps
        ],
        "gaps",
    )
    if found.explained:
        say(f"{len(found.explained)} more are missing for a reason (--json, --csv)")


def _show_what_if(answer: Mapping[str, Any]) -> None:
    say(
        f"{answer['givers']:,} of {answer['without']:,} customers of {answer['touchpoint']} without a "
        f"{answer['gives']} give one ({answer['share']:.0%}); interval {answer['level']:.0%}, {answer['draws']:,} draws"
    )
    show_table(
        [
            {"what": title, **{part: round(answer[key][part]) for part in ("low", "middle", "high")}}
            for key, title in (
                ("joined", "customers known at a further touchpoint"),
                ("duplicates", "duplicates fall away"),
                ("reachable", "customers more that have one"),
            )
        ]
    )
    say(
        f"learned from {answer['gave']:,} who gave one; it was known elsewhere for {answer['known']:,} of them"
        + (" (few: rates of all touchpoints weigh more)" if answer["borrowed"] else "")
    )


def _show_quality(found: Quality) -> None:
    def shown(measure: Any) -> str | None:
        return None if measure.share is None else f"{measure.share:.1%} ({measure.good:,}/{measure.total:,})"

    show_table(
        [
            {"touchpoint": one.touchpoint, "score": None if one.score is None else f"{one.score:.1f}"}
            | {str(name): shown(measure) for name, measure in one.measures.items()}
            for one in found.sources
        ],
        f"quality of the last {found.days} days",
    )
    show_table(
        [
            {
                "touchpoint": one.touchpoint,
                "dimension": one.dimension,
                "what": " / ".join(part for part in (one.name, one.field, one.rule) if part),
                "bad": one.bad,
                "points": f"{one.points:.2f}",
            }
            for one in found.worst
        ],
        "what costs most",
    )
