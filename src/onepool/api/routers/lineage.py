"""Lineage: where things come from and where they go."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query

from onepool.api.access import Caller, Need, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.lineage import Lineage, LineageEdge, LineageKind, LineageNode
from onepool.api.problems import NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.insight.lineage import DEFINED, Graph, lineage
from onepool.privacy.roles import Permission

router = APIRouter(tags=["insight"])
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
    """Touchpoints, events, fields, attributes -> tags -> segments -> lists, destinations. With `of`: the impact of one
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
    """The graph of everything that is defined now."""
    with ws.pool.read() as session:
        return lineage(ws.definitions, ws.standard(), ws.touchpoints(), session)


def _view(graph: Graph, focus: str | None) -> Lineage:
    shown = graph.around(focus) if focus is not None else graph
    impact = [one for one in graph.reached(focus, "down") if graph.nodes[one].kind in DEFINED] if focus else []
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
