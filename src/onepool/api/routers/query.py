"""Read-only SQL over the analysts' views."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.models.query import QueryColumn, QueryRequest, QueryResult, QueryView, QueryViews
from onepool.api.tabular import plain_rows
from onepool.pool import adhoc
from onepool.privacy import audit
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/query", tags=["query"])
Asker = Annotated[Caller, Depends(Need(Permission.QUERY_RUN))]


@router.post("")
def run_query(body: QueryRequest, who: Asker, ws: Workspace, time: Time) -> QueryResult:
    """One SELECT. Only the views of `GET /api/v1/query/views` may be read; rows, time and size are limited."""
    checked = adhoc.check(body.sql, ws.pool.dialect)
    audit.record(ws.state, time, who.actor, "query.run", "pool", {"sql": mask_text(body.sql[:20_000])})
    answer = adhoc.run(ws.pool, checked, limit=body.limit)
    return QueryResult(
        columns=[QueryColumn(name=name, type=kind) for name, kind in answer.columns],
        rows=plain_rows(answer.table),
        truncated=answer.truncated,
        seconds=answer.seconds,
    )


@router.get("/views")
def list_query_views(_who: Asker, ws: Workspace) -> QueryViews:
    """The views that may be asked, with their columns."""
    with ws.pool.read() as session:
        views = adhoc.views(session)
    return QueryViews(
        items=[
            QueryView(name=name, columns=[QueryColumn(name=column, type=kind) for column, kind in columns])
            for name, columns in views
        ]
    )
