"""segment list, size, members, explain; what commands of tags and segments share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from onepool.api.explained import shown_figure
from onepool.api.lookup import find_customer
from onepool.api.showing import Shown, shown_to_nobody
from onepool.audience.conditions import Context, Reason, Scope, compile_conditions, explain_condition, sentence
from onepool.audience.conditions.values import parse_moment
from onepool.audience.conditions.windows import moment_bounds
from onepool.audience.definitions import SegmentDefinition, parse_segment, workspace_names
from onepool.audience.past import members_at, sizes_at
from onepool.audience.tags import TagDefinition, parse_tag
from onepool.cli.output import HERE, Json, WorkspaceDir, headed, opened, say, show_json, show_table, worded
from onepool.clock import from_micros
from onepool.errors import UsageError
from onepool.pool import Session
from onepool.pool.home import segment_sizes
from onepool.workspace import Workspace

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
class Audience:
    """What a command works with: definitions, context and instant."""

    ws: Workspace
    tags: dict[str, TagDefinition]
    segments: dict[str, SegmentDefinition]
    ctx: Context
    at: datetime

    @property
    def then(self) -> datetime | None:
        """The instant that is asked about; None: now."""
        return self.at if self.ctx.past_tags else None

    @property
    def language(self) -> str:
        return self.ws.settings.language

    @property
    def view(self) -> Shown:
        """What the command line shows: as to one who may not see names."""
        return shown_to_nobody(self.ws.standard())


def audience_of(folder: Path, as_of: str | None) -> Audience:
    """The workspace of a folder with its definitions."""
    ws = opened(folder)
    bodies = {kind: {d.name: d.body for d in ws.definitions.current(kind)} for kind in ("tag", "segment")}
    lists = [d.body for d in ws.definitions.current("list")]
    names = workspace_names(ws.standard(), bodies["tag"], bodies["segment"], ws.touchpoints().values(), (), lists)
    ctx = Context(names, ws.settings.time_zone, ws.settings.currency, past_tags=as_of is not None)
    return Audience(
        ws,
        {name: parse_tag(body) for name, body in bodies["tag"].items()},
        {name: parse_segment(body) for name, body in bodies["segment"].items()},
        ctx,
        instant_of(as_of, ctx) if as_of is not None else ws.clock.now(),
    )


@segments.command("list")
def list_segments(folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False) -> None:
    """All segments with their titles and live sizes; or with those of then, computed from all history.

    Example: onepool segment list --as-of 2026-10-01
    """
    audience = audience_of(folder, as_of)
    with audience.ws.pool.read() as session:
        if audience.then is None:
            have = segment_sizes(session)
        else:
            whens = {name: segment.when for name, segment in audience.segments.items()}
            have = sizes_at(session, whens, audience.at, audience.ctx)
    rows = [
        {"segment": name, "title": title_of(segment.title, audience), "customers": have.get(name, 0)}
        for name, segment in audience.segments.items()
    ]
    show_json(rows) if as_json else show_table(rows)


@segments.command("size")
def size(name: Name, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False) -> None:
    """How many customers are in a segment, computed now (or as of then) from all history.

    Example: onepool segment size vip --as-of 2026-10-01
    """
    audience = audience_of(folder, as_of)
    count, total = len(_members(audience, name)), audience.ws.pool.query(_CUSTOMERS).column(0)[0].as_py()
    if as_json:
        show_json({"segment": name, "as_of": audience.at, "size": count, "customers": total})
    else:
        at = audience.at.astimezone(audience.ctx.tz).isoformat(timespec="seconds")
        say(worded("{name}: {count:,} of {total:,} customers at {at}", name=name, count=count, total=total, at=at))
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
    audience = audience_of(folder, as_of)
    found = sorted(_members(audience, name))
    if as_json:
        show_json({"segment": name, "as_of": audience.at, "size": len(found), "members": found[:limit]})
        return
    if not found:
        say(headed("(none)"))
    for customer_id in found[:limit]:
        say(str(customer_id))
    if len(found) > limit:
        say(worded("… and {count} more: --limit", count=len(found) - limit))


@segments.command("explain")
def explain_segment(
    name: Name, customer: Customer, folder: WorkspaceDir = HERE, as_of: AsOf = None, as_json: Json = False
) -> None:
    """Why a customer is in a segment or not: every part of its condition, the figures, the events.

    Example: onepool segment explain vip phone:13800000000
    """
    audience = audience_of(folder, as_of)
    condition = one_of(audience.segments, name, "segment").when
    with audience.ws.pool.read() as session:
        customer_id = customer_of(session, customer, audience)
        reason = explain_condition(condition, customer_id, audience.at, session, audience.ctx)
    if as_json:
        found = {"segment": name, "customer_id": customer_id, "as_of": audience.at, "member": reason.holds}
        show_json({**found, "reason": plain_reason(reason, audience)})
        return
    told = "customer {customer} is in {name}" if reason.holds else "customer {customer} is not in {name}"
    say(worded(told, customer=customer_id, name=name))
    print_reason(reason, audience, 0)


@segments.command("steps")
def segment_steps(name: Name, folder: WorkspaceDir = HERE, as_of: AsOf = None) -> None:
    """How a segment is evaluated for everybody: in which order its events are read, and every step as SQL.

    Example: onepool segment steps vip
    """
    audience = audience_of(folder, as_of)
    condition = one_of(audience.segments, name, "segment").when
    say(compile_conditions({"member": condition}, audience.at, Scope.all(), audience.ctx).text())


def _members(audience: Audience, name: str) -> list[int]:
    condition = one_of(audience.segments, name, "segment").when
    with audience.ws.pool.read() as session:
        ids: list[int] = members_at(session, condition, audience.at, audience.ctx).column("customer_id").to_pylist()
    return ids


def customer_of(session: Session, text: str, audience: Audience) -> int:
    """The customer meant. Raises UsageError."""
    customer_id = find_customer(session, text, audience.ws.standard(), audience.ws.settings.country)
    if customer_id is None:
        raise UsageError(f"no customer is known as {text}", hint="give a customer_id or an identifier as type:value")
    return customer_id


def instant_of(as_of: str, ctx: Context) -> datetime:
    """The instant that a text names, in the workspace's zone. Raises UsageError."""
    moment = parse_moment(as_of)
    if moment is None:
        raise UsageError(f"{as_of} is neither a date nor an instant", hint="write 2026-11-01 or 2026-11-01T08:00:00")
    return from_micros(moment_bounds(moment, ctx.tz)[0])


def one_of(known: dict[str, Any], name: str, what: str) -> Any:
    """The definition of that name. Raises UsageError."""
    if name not in known:
        raise UsageError(f"there is no {what} {name}", hint=f"see: onepool {what} list")
    return known[name]


def title_of(title: Any, audience: Audience) -> str:
    """A title in the workspace's language."""
    return str(title.zh if audience.language.startswith("zh") else title.en)


def plain_reason(reason: Reason, audience: Audience) -> dict[str, Any]:
    """A reason as JSON."""
    return {
        "place": reason.place,
        "what": reason.what,
        "sentence": sentence(reason.condition, audience.language, audience.ctx.names),
        "holds": reason.holds,
        "figure": shown_figure(reason.condition, reason.figure, audience.view),
        "events": reason.events,
        "parts": [plain_reason(part, audience) for part in reason.parts],
    }


def print_reason(reason: Reason, audience: Audience, depth: int) -> None:
    """A reason for people, indented."""
    mark = "✓" if reason.holds else "✗"
    found = shown_figure(reason.condition, reason.figure, audience.view)
    figure = "" if found is None else f"  [{found}]"
    words = {"all": "all of", "any": "any of", "not": "not"}
    text = (
        worded(words[reason.what])
        if reason.what in words
        else sentence(reason.condition, audience.language, audience.ctx.names)
    )
    say(f"{'  ' * depth}{mark} {text}{figure}")
    for event in reason.events:
        say(f"{'  ' * (depth + 2)}{worded('event {event}', event=event)}")
    for part in reason.parts:
        print_reason(part, audience, depth + 1)
