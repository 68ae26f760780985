"""segment portrait, overlap, plan, versions, diff, restore, snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from onepool import yaml_core
from onepool.apply import DefinitionError
from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import Condition, ConditionError, Context, check, parse_condition, sentence
from onepool.audience.conditions.diff import Difference, differences
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.unseen import private_in, seen_values, unseen
from onepool.audience.lists import snapshot_list
from onepool.audience.sets import Sets, ids_of
from onepool.cli.audience import Name, segments
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table, worded
from onepool.definitions import Definition
from onepool.errors import UsageError
from onepool.insight.portrait import EVERYBODY, MIN_CELL, Asked, Channels
from onepool.insight.portrait.tables import overlap_table, portrait_table, segment_portrait
from onepool.insight.segments import SegmentPlan, plan_segment
from onepool.insight.segments.words import uses_of
from onepool.workspace import Workspace

commands = segments

Reason = Annotated[str, typer.Option(help="Why, for the history.")]


@segments.command("portrait")
def show_portrait(
    name: Name,
    folder: WorkspaceDir = HERE,
    base: Annotated[str, typer.Option(help="`all` customers, or another segment.")] = EVERYBODY,
    tags: Annotated[str | None, typer.Option(help="Only these tags, joined by commas.")] = None,
    min_cell: Annotated[int, typer.Option(min=1, help="Values of fewer customers are marked as few.")] = MIN_CELL,
    as_json: Json = False,
) -> None:
    """What sets a segment apart: every tag, attribute and channel against all customers or another segment.

    TGI is the share in the segment over the share in the base, times 100, with its 95 % interval.

    Example: onepool segment portrait vip --base all
    """
    ws = opened(folder)
    wanted = None if tags is None else [one for one in tags.split(",") if one]
    found = segment_portrait(ws, Asked(name, base, wanted, min_cell), Sets(), Channels())
    rows = portrait_table(found).to_pylist()
    if as_json:
        top = [{"kind": o.dimension.kind, "dimension": o.dimension.name, "value": o.cell.value} for o in found.top]
        sizes = {"segment": found.size, "base": found.base_size, "common": found.common}
        show_json({"segment": name, "base": base, "as_of": found.at, "sizes": sizes, "top": top, "values": rows})
        return
    told = "{name}: {size:,} customers; base {base}: {base_size:,}; at {at}"
    at = found.at.astimezone(ws.settings.zone).isoformat(timespec="seconds")
    say(worded(told, name=name, size=found.size, base=base, base_size=found.base_size, at=at))
    for one in found.top:
        tgi = "∞" if one.cell.index.tgi is None else f"{one.cell.index.tgi:.0f}"
        say(f"  {one.dimension.name} = {one.cell.value}: TGI {tgi}")
    show_table(
        [
            {
                "dimension": row["dimension"],
                "value": "…" if row["value"] is None else row["value"],
                "members": row["in_segment"],
                "share": _percent(row["share"]),
                "base": _percent(row["base_share"]),
                "TGI": _number(row["tgi"]),
                "95 %": "" if row["low"] is None else f"{row['low']:.0f}-{_number(row['high']) or '∞'}",
                "": "few" if row["small"] else "",
            }
            for row in rows
        ]
    )


@segments.command("overlap")
def show_overlap(
    names: Annotated[list[str], typer.Argument(help="Two to six segments.")],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """How segments overlap: every exclusive intersection, the largest first.

    Example: onepool segment overlap vip churned new_buyers
    """
    if not 2 <= len(set(names)) <= 6:
        raise UsageError("two to six different segments are wanted")
    rows = overlap_table(opened(folder), names, Sets()).to_pylist()
    if as_json:
        show_json(rows)
        return
    show_table(
        [
            {"in": " & ".join(row["inside"]), "not in": ", ".join(row["outside"]), "customers": row["customers"]}
            for row in rows
        ]
    )


@segments.command("plan")
def plan_one(
    name: Annotated[str, typer.Argument(help="The segment; a name that is not there stands for a new one.")],
    condition: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="YAML or JSON: a condition, or a whole segment.")
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="An old version in place of a file.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What saving a condition would do: who enters and leaves, what changes in words, what uses the segment.

    Without --condition the file segments/NAME.yaml of the workspace is taken. Nothing is saved.

    Example: onepool segment plan vip --condition new.yaml
    """
    ws = opened(folder)
    ctx = load_catalog(ws).context
    if version is not None:
        wanted = _condition(_version(ws, name, version))
    else:
        path = condition or ws.root / "segments" / f"{name}.yaml"
        if not path.exists():
            raise UsageError(f"there is no file {path.name}", hint="name one: --condition FILE")
        wanted = read_condition(path)
    _usable(wanted, ctx, name)
    with ws.pool.read() as session:
        found = plan_segment(session, name, wanted, ctx, ws.clock.now())
        doubtful = unseen(wanted, ctx.names, seen_values(session, wanted, ctx.names, private_in(ws.standard())))
    if as_json:
        show_json({**plan_json(ws, name, found, ctx), "warnings": problems_json(doubtful)})
    else:
        say(sentence(wanted, ws.settings.language, ctx.names))
        print_plan(ws, name, found, ctx)
        for one in doubtful:
            note(f"warning: segment {name}: {one}")


@segments.command("versions")
def list_versions(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All versions of a segment, the newest first.

    Example: onepool segment versions vip
    """
    ws = opened(folder)
    ctx = load_catalog(ws).context
    rows = []
    for item in _versions(ws, name):
        read = None if item.deleted else _readable(item)
        said = "(removed)" if item.deleted else "(can't be read)" if read is None else _words(read, ws, ctx)
        row = {"version": item.version, "at": item.created_at.isoformat(timespec="seconds"), "author": item.author}
        rows.append({**row, "reason": item.reason, "condition": said})
    show_json(rows) if as_json else show_table(rows)


@segments.command("diff")
def diff_versions(
    name: Name,
    before: Annotated[int, typer.Argument(min=1, help="A version.")],
    after: Annotated[int | None, typer.Argument(min=1, help="Another one; the latest when left out.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What changed between two versions of a segment, in words.

    Example: onepool segment diff vip 1 3
    """
    ws = opened(folder)
    ctx = load_catalog(ws).context
    latest = _versions(ws, name)[0].version
    pair = [_condition(_version(ws, name, one)) for one in (before, latest if after is None else after)]
    found = differences(*pair)
    if as_json:
        show_json([diff_json(one, ws, ctx) for one in found])
        return
    if not found:
        say("they say the same")
    for one in found:
        _print_difference(one, ws, ctx)


@segments.command("restore")
def restore_version(
    name: Name,
    version: Annotated[int, typer.Argument(min=1, help="The version to go back to.")],
    folder: WorkspaceDir = HERE,
    reason: Reason = "",
) -> None:
    """Save an old version of a segment anew: its title and condition. Members follow with the next tick.

    Example: onepool segment restore vip 2 --reason "the wider group again"
    """
    ws = opened(folder)
    item = _version(ws, name, version)
    _usable(_condition(item), load_catalog(ws).context, name)
    saved = ws.save("segment", name, item.body, author=author(), reason=reason or f"back to version {version}")
    say(f"{name} is at version {saved.version}, which says what version {version} said")


@segments.command("snapshot")
def make_snapshot(
    name: Name,
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="Name of the list to make.")],
    folder: WorkspaceDir = HERE,
    title: Annotated[str, typer.Option(help="For people; the segment's title and the day when left out.")] = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Make a list of a segment's members as they are now. Later merges and splits carry them along.

    Example: onepool segment snapshot vip vip_november
    """
    ws = opened(folder)
    segment = ws.definitions.get("segment", name)
    if segment is None:
        raise UsageError(f"there is no segment {name}", hint="see: onepool segment list")
    with ws.pool.read() as session:
        members = Sets().segments(session, [name])[name]
    given = title or f"{_title(segment.body.get('title'), name)} {ws.clock.now().astimezone(ws.settings.zone).date()}"
    snapshot_list(ws, list_name, given, ids_of(members), author=author(), segment=name, reason=reason)
    if as_json:
        show_json({"list": list_name, "segment": name, "customers": len(members)})
    else:
        say(worded("{list_name}: {count:,} customers of {name}", list_name=list_name, count=len(members), name=name))


def read_condition(path: Path) -> Condition:
    """The condition in a YAML or JSON file: alone, or of a whole segment. Raises DefinitionError, ConditionError."""
    try:
        found = yaml_core.load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"not readable as YAML: {error}", where=path.name) from error
    if not isinstance(found, dict):
        raise DefinitionError("a condition is written as a mapping", where=path.name)
    return parse_condition(found.get("condition", found))


def plan_json(ws: Workspace, name: str, found: SegmentPlan, ctx: Context) -> dict[str, Any]:
    """A plan for machines."""
    uses = [
        {"kind": one.kind, "name": one.name, "before": one.before, "after": one.after, "means": one.means}
        for one in uses_of(ws.definitions, name, found)
    ]
    return {
        "segment": name,
        "as_of": found.at,
        "customers": found.customers,
        "before": found.before,
        "after": found.after,
        "entered": found.entered,
        "left": found.left,
        "sample_entered": found.sample_entered,
        "sample_left": found.sample_left,
        "diff": [diff_json(one, ws, ctx) for one in found.differences],
        "used_by": uses,
        "seconds": round(found.seconds, 4),
    }


def problems_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """What is doubtful in a definition, for machines."""
    return [{"place": one.place, "message": one.message, "suggestion": one.suggestion} for one in problems]


def print_plan(ws: Workspace, name: str, found: SegmentPlan, ctx: Context) -> None:
    """A plan for people."""
    was = worded("new") if found.before is None else str(found.before)
    moved = {"customers": found.customers, "entered": found.entered, "left": found.left}
    told = "{name}: {was} -> {after} of {customers} customers (+{entered} -{left})"
    say(worded(told, name=name, was=was, after=found.after, **moved))
    for one in found.differences:
        _print_difference(one, ws, ctx)
    for sign, sample in (("+", found.sample_entered), ("-", found.sample_left)):
        if sample:
            listed = ", ".join(map(str, sample)) + (" …" if len(sample) == 10 else "")
            say(f"  {sign} {worded('customers {listed}', listed=listed)}")
    for use in uses_of(ws.definitions, name, found):
        say(f"  {worded('used by {kind} {name}', kind=use.kind, name=use.name)}: {use.means[_language(ws)]}")


def diff_json(one: Difference, ws: Workspace, ctx: Context) -> dict[str, Any]:
    """A difference for machines, with both sentences."""
    return {
        "op": one.op,
        "group": one.group,
        "place": one.after_place if one.after is not None else one.before_place,
        "before": None if one.before is None else _words(one.before, ws, ctx),
        "after": None if one.after is None else _words(one.after, ws, ctx),
    }


def _print_difference(one: Difference, ws: Workspace, ctx: Context) -> None:
    if one.before is not None:
        say(f"  - {_words(one.before, ws, ctx)}")
    if one.after is not None:
        say(f"  + {_words(one.after, ws, ctx)}")


def _words(condition: Condition, ws: Workspace, ctx: Context) -> str:
    return sentence(condition, ws.settings.language, ctx.names)


def _versions(ws: Workspace, name: str) -> Sequence[Definition]:
    found = ws.definitions.history("segment", name)
    if not found:
        raise UsageError(f"there is no segment {name}", hint="see: onepool segment list")
    return found


def _version(ws: Workspace, name: str, version: int) -> Definition:
    found = next((item for item in _versions(ws, name) if item.version == version), None)
    if found is None or found.deleted:
        raise UsageError(
            f"there is no version {version} of {name} to read", hint=f"see: onepool segment versions {name}"
        )
    return found


def _readable(item: Definition) -> Condition | None:
    try:
        return _condition(item)
    except ConditionError:
        return None


def _condition(item: Definition) -> Condition:
    condition = item.body.get("condition")
    return parse_condition(condition if isinstance(condition, dict) else {})


def _usable(condition: Condition, ctx: Context, name: str) -> None:
    problems = check(condition, ctx.names, name)
    if problems:
        raise ConditionError(problems, where=f"segment {name}")


def _title(title: object, name: str) -> str:
    if isinstance(title, dict):
        return str(title.get("zh") or title.get("en") or name)
    return str(title) if title else name


def _language(ws: Workspace) -> Any:
    return "zh" if ws.settings.language.startswith("zh") else "en"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
