"""Tags: the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query

from onepool.api import audience, tagging
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles, value_titles
from onepool.api.models.common import Instant, JsonObject
from onepool.api.models.tags import (
    NumberBar,
    NumberSpread,
    TagDetail,
    TagList,
    TagRow,
    TagVersion,
    TagVersions,
    ValueShare,
)
from onepool.api.problems import NotFound
from onepool.api.tag_figures import past_spread, spreads_of
from onepool.api.usage import users_of
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions import ConditionError, Names
from onepool.audience.tags import check_definition, parse_tag
from onepool.audience.tags.computed import schedule_of
from onepool.audience.tags.expression import FUNCTIONS
from onepool.audience.tags.parse import tag_schema
from onepool.audience.tags.runs import RunStore
from onepool.definitions import Definition
from onepool.pool import catalog
from onepool.pool.home import customer_count
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/tags", tags=["tags"])
Reader = Annotated[Caller, Depends(Need(Permission.TAGS_READ))]
TagName = Annotated[str, Path(max_length=200)]
AsOf = Annotated[Instant | None, Query(description="Values as they were then; else now.")]


@router.get("")
def list_tags(_who: Reader, ws: Workspace, time: Time, as_of: AsOf = None) -> TagList:
    """All tags with their coverage, freshness, drift and use."""
    names = audience.context(ws).names
    # What groups are called follows from the values that a run found; of the others the definitions say it.
    groups = [name for name, one in names.tags.items() if one.groups]
    with ws.pool.read() as session:
        figures = catalog.tag_figures(session, at=as_of)
        total = customer_count(session)
        valued_by = catalog.tag_values(session, tags=groups) if groups else {}
    used_by = users_of(ws.definitions, "tag")
    store = RunStore(ws.state)
    newest, valued = store.newest(), store.latest()
    now = time.now()
    items = []
    for item in ws.definitions.current("tag"):
        found, tag, run = figures.get(item.name), tagging.parsed(item), newest.get(item.name)
        problems = check_definition(tag, names) if tag is not None else []
        valued_at = found.as_of if found else None
        items.append(
            TagRow(
                name=item.name,
                title=titles(item.body.get("title"), item.name),
                kind=str(item.body.get("kind", "")),
                says=_text(item.body.get("says")),
                owner=_text(item.body.get("owner")),
                group=_text(item.body.get("group")),
                mode=tagging.mode_of(tag),
                schedule=None if tag is None else schedule_of(tag),
                coverage=found.coverage if found else 0,
                values=found.values if found else 0,
                value_titles=value_titles(
                    names, f"tag:{item.name}", valued_by.get(item.name, []) if item.name in groups else None
                ),
                as_of=valued_at,
                freshness=tagging.freshness(tag, valued.get(item.name), now, valued_at),
                psi=None if run is None else run.psi,
                last_run=None if run is None else tagging.shown_run(run),
                version=item.version,
                used_by=used_by.get(item.name, []),
                problem=str(problems[0]) if problems else None if tag is not None else "it can't be read",
            )
        )
    return TagList(items=items, customers=total)


@router.get("/schema")
def read_tag_schema(_who: Reader) -> JsonObject:
    """The JSON Schema of definitions; under `x-functions` what an expression may call."""
    functions = {
        name: {"takes": list(one.takes), "gives": one.gives, "more": one.more, "zh": one.zh, "en": one.en}
        for name, one in FUNCTIONS.items()
    }
    return cast(JsonObject, {**tag_schema(), "x-functions": functions})


@router.get("/{name}")
def read_tag(name: TagName, _who: Reader, ws: Workspace, time: Time, as_of: AsOf = None) -> TagDetail:
    """One tag: its definition and how its values are spread over the customers (of then without quantiles)."""
    return shown_tag(ws, tagging.tag_item(ws, name), time.now(), as_of)


@router.get("/{name}/versions")
def list_tag_versions(name: TagName, _who: Reader, ws: Workspace) -> TagVersions:
    """Every version of a tag, the newest first."""
    found = ws.definitions.history("tag", name)
    if not found:
        raise NotFound("there is no such tag", where=name, code="tag-unknown")
    ctx = audience.context(ws)
    items = []
    for item in found:
        try:
            words = None if item.deleted else tagging.in_words(parse_tag(item.body), ctx)
        except ConditionError:
            words = None
        items.append(
            TagVersion(
                version=item.version,
                author=item.author,
                reason=item.reason,
                at=item.created_at,
                definition=None if item.deleted else cast(JsonObject, item.body),
                sentence=words,
            )
        )
    return TagVersions(items=items)


def shown_tag(ws: WorkspaceLike, item: Definition, now: datetime, then: datetime | None = None) -> TagDetail:
    """A tag as it is shown. `then`: with its values of that instant."""
    name = item.name
    with ws.pool.read() as session:
        total = customer_count(session)
        kept = spreads_of(ws.state).of(session, name) if then is None else past_spread(session, name, then)
    found, values, spread, bars = kept.figures, kept.values, kept.spread, kept.bars
    coverage = found.coverage if found else 0
    as_of = found.as_of if found else None
    tag = tagging.parsed(item)
    ctx = audience.context(ws)
    words = value_titles(ctx.names, f"tag:{name}", _values(ctx.names, name, {name: [value for value, _ in values]}))
    problems = [audience.finding(one) for one in check_definition(tag, ctx.names)] if tag is not None else []
    store = RunStore(ws.state)
    run = store.newest().get(name)
    return TagDetail(
        name=name,
        title=titles(item.body.get("title"), name),
        kind=str(item.body.get("kind", "")),
        says=_text(item.body.get("says")),
        owner=_text(item.body.get("owner")),
        group=_text(item.body.get("group")),
        mode=tagging.mode_of(tag),
        schedule=None if tag is None else schedule_of(tag),
        next_run=tagging.next_run(ws, tag, now),
        sentence=None if tag is None or problems else tagging.in_words(tag, ctx),
        definition=cast(JsonObject, item.body),
        version=item.version,
        author=item.author,
        changed_at=item.created_at,
        coverage=coverage,
        total=total,
        distribution=[
            ValueShare(value=value, title=words.get(value), count=count, share=count / coverage if coverage else 0.0)
            for value, count in values
        ],
        value_titles=words,
        spread=None
        if spread is None
        else NumberSpread(
            minimum=spread.minimum,
            p25=spread.p25,
            median=spread.median,
            p75=spread.p75,
            maximum=spread.maximum,
            mean=spread.mean,
            bars=[NumberBar(low=one.low, high=one.high, count=one.count) for one in bars],
        ),
        as_of=as_of,
        freshness=tagging.freshness(tag, store.latest().get(name), now, as_of),
        last_run=None if run is None else tagging.shown_run(run),
        used_by=users_of(ws.definitions, "tag").get(name, []),
        problems=problems,
    )


def _values(names: Names, tag: str, found: Mapping[str, Sequence[str]]) -> list[str]:
    """The values that the definition names, and those that customers have."""
    known = names.tags.get(tag)
    return [*((known.values or ()) if known else ()), *found.get(tag, ())]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
