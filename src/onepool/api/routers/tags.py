"""Tags: coverage, distribution, use."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends

from onepool.api.access import Caller, Need, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.common import JsonObject
from onepool.api.models.tags import NumberSpread, TagDetail, TagList, TagRow, ValueShare
from onepool.api.problems import NotFound
from onepool.api.usage import users_of
from onepool.pool import catalog
from onepool.pool.home import customer_count
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/tags", tags=["tags"])
Reader = Annotated[Caller, Depends(Need(Permission.TAGS_READ))]


@router.get("")
def list_tags(_who: Reader, ws: Workspace) -> TagList:
    """All tags with their coverage."""
    with ws.pool.read() as session:
        figures = catalog.tag_figures(session)
        total = customer_count(session)
    used_by = users_of(ws.definitions, "tag")
    items = []
    for item in ws.definitions.current("tag"):
        found = figures.get(item.name)
        items.append(
            TagRow(
                name=item.name,
                title=titles(item.body.get("title"), item.name),
                kind=str(item.body.get("kind", "")),
                says=_text(item.body.get("says")),
                owner=_text(item.body.get("owner")),
                coverage=found.coverage if found else 0,
                values=found.values if found else 0,
                as_of=found.as_of if found else None,
                version=item.version,
                used_by=used_by.get(item.name, []),
            )
        )
    return TagList(items=items, customers=total)


@router.get("/{name}")
def read_tag(name: str, _who: Reader, ws: Workspace) -> TagDetail:
    """One tag: its definition and how its values are spread over the customers."""
    item = ws.definitions.get("tag", name)
    if item is None:
        raise NotFound("there is no such tag", where=name, code="tag-unknown")
    with ws.pool.read() as session:
        found = catalog.tag_figures(session, name).get(name)
        total = customer_count(session)
        values = catalog.tag_distribution(session, name)
        spread = catalog.tag_spread(session, name)
    coverage = found.coverage if found else 0
    return TagDetail(
        name=name,
        title=titles(item.body.get("title"), name),
        kind=str(item.body.get("kind", "")),
        says=_text(item.body.get("says")),
        owner=_text(item.body.get("owner")),
        definition=cast(JsonObject, item.body),
        version=item.version,
        author=item.author,
        changed_at=item.created_at,
        coverage=coverage,
        total=total,
        distribution=[
            ValueShare(value=value, count=count, share=count / coverage if coverage else 0.0) for value, count in values
        ],
        spread=None
        if spread is None
        else NumberSpread(
            minimum=spread.minimum,
            p25=spread.p25,
            median=spread.median,
            p75=spread.p75,
            maximum=spread.maximum,
            mean=spread.mean,
        ),
        as_of=found.as_of if found else None,
        used_by=users_of(ws.definitions, "tag").get(name, []),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
