"""Lineage: where things come from and where they go."""

from __future__ import annotations

from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path, Query

from onepool.api.access import Caller, Need, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.lineage import Lineage, LineageEdge, LineageKind, LineageNode
from onepool.api.problems import NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.insight.lineage import DEFINED, PROGRAMMES, Graph, lineage
from onepool.journeys import store
from onepool.privacy.roles import Permission
from onepool.reach.broadcasts import store as broadcasts

router = APIRouter(tags=["insight"])
_TOUCHED: Final = (*DEFINED, *PROGRAMMES)
_BROADCASTS: Final = 1_000
Reader = Annotated[Caller, Depends(Need(Permission.TAGS_READ))]


@router.get("/lineage")
def read_lineage(
    _who: Reader,
    ws: Workspace,
    of: Annotated[
        str | None,
        Query(max_length=300, description="Only what this depends on and what depends on it: kind:name."),
    ] = None,
) -> Lineage:
    """Touchpoints, events, fields, attributes -> tags -> segments -> lists, destinations, journeys,
    broadcasts. With `of`: the impact of one
    of them, a field (`field:order_paid.amount`) say."""
    graph = workspace_lineage(ws)
    if of is None:
        return _view(graph, None)
    if of not in graph.nodes:
        raise NotFound("nothing reads this, or it is not there", where=of, hint="write kind:name", code="node-unknown")
    return _view(graph, of)


@router.get("/tags/{name}/lineage")
def read_tag_lineage(name: Annotated[str, Path(max_length=200)], _who: Reader, ws: Workspace) -> Lineage:
    """What a tag is made of, and what is made of it."""
    if ws.definitions.get("tag", name) is None:
        raise NotFound("there is no such tag", where=name, code="tag-unknown")
    return _view(workspace_lineage(ws), f"tag:{name}")


def workspace_lineage(ws: WorkspaceLike) -> Graph:
    """The graph of all that is defined now: journeys as drafted and as published, broadcasts that are not over."""
    journeys = {item.name: item.body for item in ws.definitions.current("journey")}
    with ws.state.read() as connection:
        going = list(store.going(connection))
    # What is published goes on as it was, whatever became of its draft.
    for version in going:
        drafted = journeys.get(version.journey, version.body)
        journeys[version.journey] = {**drafted, "published": [*drafted.get("published", []), version.body]}
    open_ = {one.name: one.body for one in broadcasts.every(ws.state, limit=_BROADCASTS) if one.ended is None}
    with ws.pool.read() as session:
        programmes = {"journey": journeys, "broadcast": open_}
        return lineage(ws.definitions, ws.standard(), ws.touchpoints(), session, programmes)


def _view(graph: Graph, focus: str | None) -> Lineage:
    shown = graph.around(focus) if focus is not None else graph
    impact = [one for one in graph.reached(focus, "down") if graph.nodes[one].kind in _TOUCHED] if focus else []
    return Lineage(
        focus=focus,
        nodes=[
            LineageNode(
                id=node.id,
                kind=cast(LineageKind, node.kind),
                name=node.name,
                title=titles(dict(node.title), node.name),
                missing=node.missing,
            )
            for node in shown.nodes.values()
        ],
        edges=[LineageEdge.model_validate({"from": edge.source, "to": edge.target}) for edge in shown.edges],
        impact=impact,
    )
