"""tag list, show, plan, run, backfill, runs, values, explain; jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml

from onepool import yaml_core
from onepool.api.explained import shown_found
from onepool.api.tagging import usable
from onepool.audience.tags import TagDefinition, explain_tag, tag_sentence
from onepool.audience.tags.computed import is_live, schedule_of
from onepool.audience.tags.dry import dry_run
from onepool.audience.tags.inputs import import_values
from onepool.audience.tags.model import ImportTag
from onepool.audience.tags.runs import Run, RunStore
from onepool.cli.audience import (
    AsOf,
    Audience,
    Customer,
    Name,
    audience_of,
    customer_of,
    instant_of,
    one_of,
    plain_reason,
    print_reason,
    title_of,
)
from onepool.cli.imports import progress_bars
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table, worded
from onepool.errors import UsageError
from onepool.handle.jobs import see_done
from onepool.pool import catalog
from onepool.pool.remote import RemoteEngine
from onepool.tick.jobs import Job, Jobs, Kind
from onepool.tick.schedules import instants_between
from onepool.workspace import Workspace

tags = typer.Typer(help="Tags: computed descriptions of customers.", no_args_is_help=True)
jobs = typer.Typer(help="Jobs: runs of tags beside the tick.", no_args_is_help=True)


@tags.command("list")
def list_tags(folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False) -> None:
    """All tags: kind, title, how many customers have a value (or had one then).

    Example: onepool tag list --as-of 2026-10-01
    """
    audience = audience_of(folder, as_of)
    with audience.ws.pool.read() as session:
        figures = catalog.tag_figures(session, at=audience.then)
    have = {name: one.coverage for name, one in figures.items()}
    rows = [
        {
            "tag": name,
            "kind": tag.kind,
            "computed": _mode(tag),
            "title": title_of(tag.title, audience),
            "customers": have.get(name, 0),
        }
        for name, tag in audience.tags.items()
    ]
    show_json(rows) if as_json else show_table(rows)


@tags.command("show")
def show_tag(name: Name, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False) -> None:
    """One tag: how it is made, and how its values are spread now (or were then).

    Example: onepool tag show lifecycle_stage --as-of 2026-10-01
    """
    audience = audience_of(folder, as_of)
    tag = one_of(audience.tags, name, "tag")
    with audience.ws.pool.read() as session:
        spread = catalog.spread_of(session, name, audience.then).to_pylist()
    said = tag_sentence(tag, audience.language, audience.ctx.names)
    if as_json:
        show_json({"definition": tag.canonical(), "sentence": said, "as_of": audience.at, "values": spread})
        return
    say(f"{name}  {title_of(tag.title, audience)}\n{said}")
    show_table(spread)


@tags.command("plan")
def plan_tag(
    file: Annotated[Path, typer.Argument(help="The tag as YAML (or the name of a saved one).")],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """A dry run of a tag on all customers: counts by value beside the live ones. Nothing is saved.

    Example: onepool tag plan tags/rfm_segment.yaml
    """
    ws = opened(folder)
    body = _body(ws, file)
    tag, _, ctx = usable(ws, body)
    with ws.pool.read() as session:
        found = dry_run(session, tag, ws.clock.now(), ctx)
    rows = [{"value": value, "customers": count, "live": live} for value, count, live in found.values]
    if as_json:
        figures = {"coverage": found.figures.coverage, "customers": found.figures.total, "changed": found.changed}
        show_json({"tag": tag.tag, **figures, "gained": found.gained, "lost": found.lost, "values": rows})
        return
    say(tag_sentence(tag, ws.settings.language, ctx.names))
    counts = {"coverage": found.figures.coverage, "total": found.figures.total, "changed": found.changed}
    told = "{tag}: {coverage:,} of {total:,} customers; {changed:,} would change ({gained:,} gained, {lost:,} lost)"
    show_table(rows, worded(told, tag=tag.tag, **counts, gained=found.gained, lost=found.lost))


@tags.command("run")
def run_tag(
    name: Name,
    folder: WorkspaceDir = HERE,
    as_of: AsOf = None,
    save: Annotated[bool, typer.Option(help="Keep the result as a run of the tag.")] = True,
    as_json: Json = False,
) -> None:
    """Compute a tag for all customers now (or as of then), keep it, and show how its values are spread.

    A running server does it as one of its jobs; without one it is done here.

    Example: onepool tag run rfm_segment --as-of 2026-10-01
    """
    audience = audience_of(folder, as_of)
    tag = one_of(audience.tags, name, "tag")
    if not save:
        with audience.ws.pool.read() as session:
            tried = dry_run(session, tag, audience.at, audience.ctx)
        _show_values(name, audience, tried.figures.coverage, tried.figures.values, as_json)
        return
    _done(audience.ws, "tag_run", name, [audience.at], "run", as_json)
    run = next(run for run in RunStore(audience.ws.state).of(name) if run.as_of == audience.at)
    _show_values(name, audience, run.figures.coverage, run.figures.values, as_json)


@tags.command("backfill")
def backfill_tag(
    name: Name,
    start: Annotated[str, typer.Option("--from", help="The first instant: 2026-09-01.")],
    end: Annotated[str | None, typer.Option("--to", help="Not after this one (default: now).")] = None,
    every: Annotated[Literal["day", "week", "month"], typer.Option(help="Steps.")] = "day",
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Compute a tag at earlier instants, the same computation as of then.

    Example: onepool tag backfill rfm_segment --from 2026-06-01 --every month
    """
    audience = audience_of(folder, None)
    one_of(audience.tags, name, "tag")
    last = audience.at if end is None else min(instant_of(end, audience.ctx), audience.at)
    zone = audience.ws.settings.zone
    instants = instants_between(instant_of(start, audience.ctx), last, every, zone)
    if not instants:
        raise UsageError("there is no instant between these", hint="--from lies before --to")
    _done(audience.ws, "tag_backfill", name, instants, "backfill", as_json)
    _show_runs(audience, RunStore(audience.ws.state).of(name, len(instants)), as_json)


@tags.command("runs")
def list_runs(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What the tag was at earlier instants: coverage, drift (PSI), commonest values.

    Example: onepool tag runs rfm_segment
    """
    audience = audience_of(folder, None)
    _show_runs(audience, RunStore(audience.ws.state).of(name), as_json)


@tags.command("values")
def put_values(
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV with a header: identifier, value.", exists=True, dir_okay=False)],
    kind: Annotated[str, typer.Option("--type", help="Of the identifiers: phone, member_no@SCOPE, customer.")],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Give an imported tag its values.

    Example: onepool tag values vip_level levels.csv --type member_no@crm
    """
    audience = audience_of(folder, None)
    tag = one_of(audience.tags, name, "tag")
    if not isinstance(tag, ImportTag):
        raise UsageError(f"{name} is of kind {tag.kind}: only tags of kind import take values")
    found = import_values(audience.ws, tag, file.read_bytes(), kind, author())
    rows = {"read": found.read, "matched": found.matched, "unmatched": found.unmatched, "refused": found.refused}
    rows["duplicates"] = found.duplicates
    if as_json:
        show_json({**rows, "samples": found.samples})
        return
    show_table([rows])
    for sample in found.samples:
        note(sample)
    if not isinstance(audience.ws.pool, RemoteEngine):
        note("the values count from the next tick: start the server")


@tags.command("explain")
def explain_one_tag(
    name: Name, customer: Customer, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False
) -> None:
    """Why a customer has this value of a tag.

    Example: onepool tag explain lifecycle_stage phone:13800000000
    """
    audience = audience_of(folder, as_of)
    tag = one_of(audience.tags, name, "tag")
    with audience.ws.pool.read() as session:
        customer_id = customer_of(session, customer, audience)
        reason = explain_tag(tag, customer_id, audience.at, session, audience.ctx, audience.ws.behaviour)
    figures = shown_found(tag, reason.found, audience.view)
    rules = [{"value": value, "reason": plain_reason(rule, audience)} for value, rule in reason.rules]
    if as_json:
        answer = {"customer_id": customer_id, "value": reason.value, "number": reason.number, "list": reason.values}
        show_json({**answer, "as_of": audience.at, "found": figures, "events": reason.events, "rules": rules})
        return
    say(f"{name} = {reason.value if reason.values is None else ', '.join(reason.values)}")
    say(tag_sentence(tag, audience.language, audience.ctx.names))
    for key, value in figures.items():
        say(f"  {key}: {json.dumps(value, ensure_ascii=False, default=str)}")
    for event in reason.events:
        say(f"  {worded('event {event}', event=event)}")
    for value, rule in reason.rules:
        say(f"{value}:")
        print_reason(rule, audience, 1)


@jobs.command("list")
def list_jobs(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """The latest jobs: what runs, what waits, how they ended.

    Example: onepool job list
    """
    ws = opened(folder)
    rows = [_job_row(job) for job in Jobs(ws.state, ws.clock).list(50)]
    show_json(rows) if as_json else show_table(rows)


@jobs.command("cancel")
def cancel_job(
    number: Annotated[int, typer.Argument(help="The job's number.")], folder: WorkspaceDir = HERE, as_json: Json = False
) -> None:
    """Stop a job; what it has kept stays.

    Example: onepool job cancel 12
    """
    ws = opened(folder)
    store = Jobs(ws.state, ws.clock)
    if store.get(number) is None:
        raise UsageError(f"there is no job {number}", hint="see: onepool job list")
    store.cancel(number)
    job = store.get(number)
    assert job is not None
    show_json(_job_row(job)) if as_json else show_table([_job_row(job)])


def _done(ws: Workspace, kind: Kind, name: str, instants: list[Any], why: str, as_json: bool) -> None:
    """`see_done`, with its progress shown."""
    with progress_bars(quiet=as_json) as progress:
        see_done(ws, kind, name, instants, author=author(), why=why, told=progress)


def _body(ws: Workspace, file: Path) -> dict[str, Any]:
    if file.exists():
        try:
            found = yaml_core.load(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"not readable as YAML: {error}", where=file.name) from error
        if not isinstance(found, dict):
            raise UsageError("a tag is written as a mapping", where=file.name)
        return found
    item = ws.definitions.get("tag", str(file))
    if item is None:
        raise UsageError(f"there is no file and no tag {file}")
    return item.body


def _show_values(name: str, audience: Audience, coverage: int, values: list[tuple[str, int]], as_json: bool) -> None:
    rows = [{"value": value, "customers": count} for value, count in values]
    if as_json:
        show_json({"tag": name, "as_of": audience.at, "customers": coverage, "values": rows})
    else:
        at = audience.at.astimezone(audience.ctx.tz).isoformat(timespec="seconds")
        show_table(rows, worded("{name} at {at}: {count:,} customers", name=name, at=at, count=coverage))


def _show_runs(audience: Audience, runs: list[Run], as_json: bool) -> None:
    zone = audience.ctx.tz
    rows = [
        {
            "as_of": run.as_of.astimezone(zone).isoformat(timespec="seconds"),
            "version": run.version,
            "why": run.why,
            "customers": run.figures.coverage,
            "of": run.figures.total,
            "psi": run.psi,
            "values": ", ".join(f"{value} {count}" for value, count in run.figures.values[:5]),
        }
        for run in runs
    ]
    show_json(rows) if as_json else show_table(rows)


def _job_row(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "kind": job.kind,
        "subject": job.subject,
        "why": job.why,
        "status": job.status,
        "done": f"{job.done} of {len(job.instants)}",
        "problem": job.problem,
    }


def _mode(tag: TagDefinition) -> str:
    return "live" if is_live(tag) else str(schedule_of(tag))
