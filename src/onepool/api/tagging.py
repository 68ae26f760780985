"""What the API asks of tags: checking definitions, shapes of runs, modes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from onepool.api import audience
from onepool.api.models.common import Finding, Titles
from onepool.api.models.tags import Mode, TagRun, ValueShare
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions import ConditionError, Context, Problem
from onepool.audience.conditions.check import segments_of
from onepool.audience.definitions import tag_circle, workspace_names
from onepool.audience.tags import TagDefinition, check_definition, parse_tag, tag_sentence, tags_used, with_files
from onepool.audience.tags.computed import is_live, schedule_of
from onepool.audience.tags.model import ImportTag, LearnedTag
from onepool.audience.tags.parse import MAPS
from onepool.audience.tags.runs import Run
from onepool.audience.tags.schedule import next_time
from onepool.audience.tags.uses import conditions_in
from onepool.definitions import Definition
from onepool.pool import catalog


def tag_item(ws: WorkspaceLike, name: str) -> Definition:
    """The current definition. Raises NotFound."""
    item = ws.definitions.get("tag", name)
    if item is None:
        raise NotFound("there is no such tag", where=name, code="tag-unknown")
    return item


def parsed(item: Definition) -> TagDefinition | None:
    """The tag; None where it was written for another edition."""
    try:
        return parse_tag(item.body)
    except ConditionError:
        return None


def checked(
    ws: WorkspaceLike, body: Mapping[str, Any], name: str | None = None
) -> tuple[TagDefinition | None, dict[str, Any], Context, list[Finding]]:
    """(tag, body with its map read in, names, problems) of a definition that is to be `name`."""
    tags = {item.name: item.body for item in ws.definitions.current("tag")}
    segments = {item.name: item.body for item in ws.definitions.current("segment")}
    with ws.pool.read() as session:
        kept = [one for one in catalog.event_names(session) if one not in ws.standard().events]
    try:
        # Who asks over HTTP may not read the workspace's files: maps lie in a folder of their own.
        whole = with_files(_of_maps(body), ws.root / MAPS)
        tag = parse_tag(whole)
    except ConditionError as error:
        ctx = audience.context(ws, kept)
        return None, dict(body), ctx, [audience.finding(problem) for problem in error.problems]
    tags[tag.tag] = whole
    lists = [item.body for item in ws.definitions.current("list")]
    names = workspace_names(ws.standard(), tags, segments, ws.touchpoints().values(), kept, lists)
    ctx = Context(names, ws.settings.time_zone, ws.settings.currency)
    problems = check_definition(tag, names)
    if name is not None and tag.tag != name:
        problems.append(Problem("tag", f"the name stays {name}"))
    circle = tag_circle(tag.tag, tags, segments)
    if circle:
        problems.append(Problem("", f"tags may not go round in a circle: {' -> '.join(circle)}"))
    return tag, whole, ctx, [audience.finding(problem) for problem in problems]


def _of_maps(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition with its map's file as seen from the folder of maps (`maps/x.csv` and `x.csv` are one)."""
    mapped = body.get("map")
    if not isinstance(mapped, Mapping) or set(mapped) != {"file"}:
        return body
    return {**body, "map": {"file": str(mapped["file"]).removeprefix(f"{MAPS}/")}}


def usable(
    ws: WorkspaceLike, body: Mapping[str, Any], name: str | None = None
) -> tuple[TagDefinition, dict[str, Any], Context]:
    """The same where it has no fault. Raises Invalid with every problem."""
    tag, whole, ctx, problems = checked(ws, body, name)
    if tag is None or problems:
        raise Invalid("the tag can't be used as written", code="tag", where="definition", problems=problems)
    return tag, whole, ctx


def in_words(tag: TagDefinition, ctx: Context) -> Titles:
    """The definition in words."""
    return Titles(zh=tag_sentence(tag, "zh", ctx.names), en=tag_sentence(tag, "en", ctx.names))


def mode_of(tag: TagDefinition | None) -> Mode:
    """How the tag's values come about."""
    if isinstance(tag, LearnedTag):
        return "model"
    if isinstance(tag, ImportTag):
        return "import"
    return "live" if tag is None or is_live(tag) else "scheduled"


def freshness(tag: TagDefinition | None, run: Run | None, now: datetime, changed: datetime | None) -> datetime | None:
    """Up to when the tag's values are right."""
    if tag is None:
        return None
    if isinstance(tag, ImportTag):
        return changed
    return now if is_live(tag) else (None if run is None else run.as_of)


def next_run(ws: WorkspaceLike, tag: TagDefinition | None, now: datetime) -> datetime | None:
    """When a scheduled tag is computed next."""
    text = None if tag is None else schedule_of(tag)
    return None if text is None else next_time(text, ws.settings.zone, now)


def shown_run(run: Run) -> TagRun:
    """A run in the shape of the API."""
    figures = run.figures
    return TagRun(
        as_of=run.as_of,
        at=run.at,
        version=run.version,
        why=run.why,
        coverage=figures.coverage,
        total=figures.total,
        psi=run.psi,
        seconds=round(run.seconds, 3),
        values=[
            ValueShare(
                value=value, title=None, count=count, share=count / figures.coverage if figures.coverage else 0.0
            )
            for value, count in figures.values
        ],
        kept=run.valued,
    )


def reads(tag: TagDefinition) -> list[str]:
    """Tags and segments that the tag reads itself, as `tag:x`, `segment:y`."""
    segments = {f"segment:{name}" for _, condition in conditions_in(tag) for _, name in segments_of(condition)}
    return sorted({f"tag:{name}" for name in tags_used(tag)} | segments)
