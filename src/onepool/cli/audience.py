"""tag list, show, run, explain; segment list, size, members, explain."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from onepool.api.lookup import find_customer
from onepool.audience.conditions import Context, Reason, Scope, compile_conditions, explain_condition, sentence
from onepool.audience.conditions.values import parse_moment
from onepool.audience.conditions.windows import moment_bounds
from onepool.audience.definitions import SegmentDefinition, parse_segment, workspace_names
from onepool.audience.tags import TagDefinition, compile_tags, explain_tag, parse_tag, tag_sentence
from onepool.cli.output import HERE, Json, WorkspaceDir, opened, say, show_json, show_table
from onepool.clock import from_micros
from onepool.errors import UsageError
from onepool.pool import Session
from onepool.workspace import Workspace

tags = typer.Typer(help="Tags: computed descriptions of customers.", no_args_is_help=True)
segments = typer.Typer(help="Segments: sets of customers by condition.", no_args_is_help=True)

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Evaluate as if it were then: 2026-11-01 (its beginning) or 2026-11-01T08:00:00."),
]
Name = Annotated[str, typer.Argument(help="Its name.")]
Customer = Annotated[
    str, typer.Argument(help="customer_id, or an identifier as type:value, such as phone:13800000000.")
]


@dataclass(frozen=True)
class _Audience:
    """What a command works with: definitions, context and instant."""

    ws: Workspace
    tags: dict[str, TagDefinition]
    segments: dict[str, SegmentDefinition]
    ctx: Context
    at: datetime

    @property
    def language(self) -> str:
        return self.ws.settings.language


def _audience(folder: Path, as_of: str | None) -> _Audience:
    ws = opened(folder)
    bodies = {kind: {d.name: d.body for d in ws.definitions.current(kind)} for kind in ("tag", "segment")}
    lists = [d.body for d in ws.definitions.current("list")]
    names = workspace_names(ws.standard(), bodies["tag"], bodies["segment"], ws.touchpoints().values(), (), lists)
    ctx = Context(names, ws.settings.time_zone, ws.settings.currency, past_tags=as_of is not None)
    return _Audience(
        ws,
        {name: parse_tag(body) for name, body in bodies["tag"].items()},
        {name: parse_segment(body) for name, body in bodies["segment"].items()},
        ctx,
        _instant(as_of, ctx) if as_of is not None else ws.clock.now(),
    )


@tags.command("list")
def list_tags(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All tags: kind, title, how many customers have a value.

    Example: onepool tag list
    """
    audience = _audience(folder, None)
    counted = audience.ws.pool.query("SELECT tag, count(*) AS customers FROM tag_values GROUP BY tag").to_pylist()
    have = {row["tag"]: row["customers"] for row in counted}
    rows = [
        {"tag": name, "kind": tag.kind, "title": _title(tag.title, audience), "customers": have.get(name, 0)}
        for name, tag in audience.tags.items()
    ]
    show_json(rows) if as_json else show_table(rows)


@tags.command("show")
def show_tag(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """One tag: how it is made, and how its values are spread now.

    Example: onepool tag show lifecycle_stage
    """
    audience = _audience(folder, None)
    tag = _one(audience.tags, name, "tag")
    query = (
        "SELECT value, count(*) AS customers FROM tag_values WHERE tag = $tag GROUP BY value ORDER BY customers DESC"
    )
    spread = audience.ws.pool.query(query, {"tag": name}).to_pylist()
    said = tag_sentence(tag, audience.language, audience.ctx.names)
    if as_json:
        show_json({"definition": tag.canonical(), "sentence": said, "values": spread})
        return
    say(f"{name}  {_title(tag.title, audience)}\n{said}")
    show_table(spread)


@tags.command("run")
def run_tag(name: Name, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute a tag for all customers and show how its values are spread; nothing is saved.

    Example: onepool tag run lifecycle_stage --as-of 2026-10-01
    """
    audience = _audience(folder, as_of)
    plan = compile_tags({name: _one(audience.tags, name, "tag")}, audience.at, Scope.all(), audience.ctx)
    with audience.ws.pool.read() as session:
        found = plan.run(session)
    values = Counter(row["value"] for row in found.select(["tag", "value"]).to_pylist() if row["tag"] is not None)
    rows = [{"value": value, "customers": count} for value, count in values.most_common()]
    if as_json:
        show_json({"tag": name, "as_of": audience.at, "customers": values.total(), "values": rows})
    else:
        show_table(rows, f"{name} at {audience.at.isoformat(timespec='seconds')}: {values.total()} customers")


@tags.command("explain")
def explain_one_tag(
    name: Name, customer: Customer, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False
) -> None:
    """Why a customer has this value of a tag.

    Example: onepool tag explain lifecycle_stage phone:13800000000
    """
    audience = _audience(folder, as_of)
    tag = _one(audience.tags, name, "tag")
    with audience.ws.pool.read() as session:
        customer_id = _customer(session, customer, audience)
        reason = explain_tag(tag, customer_id, audience.at, session, audience.ctx)
    rules = [{"value": value, "reason": _plain(rule, audience)} for value, rule in reason.rules]
    if as_json:
        answer = {"customer_id": customer_id, "value": reason.value, "number": reason.number, "list": reason.values}
        show_json({**answer, "as_of": audience.at, "found": reason.found, "events": reason.events, "rules": rules})
        return
    say(f"{name} = {reason.value if reason.values is None else ', '.join(reason.values)}")
    say(tag_sentence(tag, audience.language, audience.ctx.names))
    for key, value in reason.found.items():
        say(f"  {key}: {json.dumps(value, ensure_ascii=False, default=str)}")
    for event in reason.events:
        say(f"  event {event}")
    for value, rule in reason.rules:
        say(f"{value}:")
        _print_reason(rule, audience, 1)


@segments.command("list")
def list_segments(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All segments with their titles and live sizes.

    Example: onepool segment list
    """
    audience = _audience(folder, None)
    counted = audience.ws.pool.query(
        "SELECT segment, count(*) AS customers FROM segment_members GROUP BY segment"
    ).to_pylist()
    have = {row["segment"]: row["customers"] for row in counted}
    rows = [
        {"segment": name, "title": _title(segment.title, audience), "customers": have.get(name, 0)}
        for name, segment in audience.segments.items()
    ]
    show_json(rows) if as_json else show_table(rows)


@segments.command("size")
def size(name: Name, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False) -> None:
    """How many customers are in a segment, computed now (or as of then) from all history.

    Example: onepool segment size vip --as-of 2026-10-01
    """
    audience = _audience(folder, as_of)
    count, total = len(_members(audience, name)), audience.ws.pool.query(_CUSTOMERS).column(0)[0].as_py()
    if as_json:
        show_json({"segment": name, "as_of": audience.at, "size": count, "customers": total})
    else:
        say(f"{name}: {count} of {total} customers at {audience.at.isoformat(timespec='seconds')}")
        say(sentence(audience.segments[name].when, audience.language, audience.ctx.names))


_CUSTOMERS = "SELECT count(DISTINCT customer_id) FROM customer_of"


@segments.command("members")
def members(
    name: Name,
    folder: WorkspaceDir = HERE,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """The customers in a segment, by customer_id.

    Example: onepool segment members vip --limit 20 --json
    """
    audience = _audience(folder, as_of)
    found = sorted(_members(audience, name))
    if as_json:
        show_json({"segment": name, "as_of": audience.at, "size": len(found), "members": found[:limit]})
        return
    if not found:
        say("(none)")
    for customer_id in found[:limit]:
        say(str(customer_id))
    if len(found) > limit:
        say(f"… and {len(found) - limit} more")


@segments.command("explain")
def explain_segment(
    name: Name, customer: Customer, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False
) -> None:
    """Why a customer is in a segment or not: every part of its condition, the figures, the events.

    Example: onepool segment explain vip phone:13800000000
    """
    audience = _audience(folder, as_of)
    condition = _one(audience.segments, name, "segment").when
    with audience.ws.pool.read() as session:
        customer_id = _customer(session, customer, audience)
        reason = explain_condition(condition, customer_id, audience.at, session, audience.ctx)
    if as_json:
        found = {"segment": name, "customer_id": customer_id, "as_of": audience.at, "member": reason.holds}
        show_json({**found, "reason": _plain(reason, audience)})
        return
    say(f"customer {customer_id} is {'' if reason.holds else 'not '}in {name}")
    _print_reason(reason, audience, 0)


def _members(audience: _Audience, name: str) -> list[int]:
    condition = _one(audience.segments, name, "segment").when
    plan = compile_conditions({"member": condition}, audience.at, Scope.all(), audience.ctx)
    with audience.ws.pool.read() as session:
        found = plan.run(session)
    ids: list[int] = found.column("customer_id").filter(found.column("member")).to_pylist()
    return ids


def _customer(session: Session, text: str, audience: _Audience) -> int:
    customer_id = find_customer(session, text, audience.ws.standard(), audience.ws.settings.country)
    if customer_id is None:
        raise UsageError(f"no customer is known as {text}", hint="give a customer_id or an identifier as type:value")
    return customer_id


def _instant(as_of: str, ctx: Context) -> datetime:
    moment = parse_moment(as_of)
    if moment is None:
        raise UsageError(f"{as_of} is neither a date nor an instant", hint="write 2026-11-01 or 2026-11-01T08:00:00")
    return from_micros(moment_bounds(moment, ctx.tz)[0])


def _one(known: dict[str, Any], name: str, what: str) -> Any:
    if name not in known:
        raise UsageError(f"there is no {what} {name}", hint=f"see: onepool {what} list")
    return known[name]


def _title(title: Any, audience: _Audience) -> str:
    return str(title.zh if audience.language.startswith("zh") else title.en)


def _plain(reason: Reason, audience: _Audience) -> dict[str, Any]:
    return {
        "place": reason.place,
        "what": reason.what,
        "sentence": sentence(reason.condition, audience.language, audience.ctx.names),
        "holds": reason.holds,
        "figure": reason.figure,
        "events": reason.events,
        "parts": [_plain(part, audience) for part in reason.parts],
    }


def _print_reason(reason: Reason, audience: _Audience, depth: int) -> None:
    mark = "✓" if reason.holds else "✗"
    figure = "" if reason.figure is None else f"  [{reason.figure}]"
    words = {"all": "all of", "any": "any of", "not": "not"}
    text = words.get(reason.what) or sentence(reason.condition, audience.language, audience.ctx.names)
    say(f"{'  ' * depth}{mark} {text}{figure}")
    for event in reason.events:
        say(f"{'  ' * (depth + 2)}event {event}")
    for part in reason.parts:
        _print_reason(part, audience, depth + 1)
