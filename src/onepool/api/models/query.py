"""Read-only SQL."""

from __future__ import annotations

from pydantic import Field, JsonValue

from onepool.api.models.common import Model


class QueryRequest(Model):
    """One SELECT over the views of the pool."""

    sql: str = Field(min_length=1, max_length=100_000, examples=["SELECT count(*) FROM events"])
    limit: int = Field(1000, ge=1, le=50_000, description="Rows at most.")


class QueryColumn(Model):
    """A column of the answer."""

    name: str
    type: str = Field(examples=["BIGINT"])


class QueryResult(Model):
    """The answer. Decimals, wide integers and times come as text, so that nothing is lost."""

    columns: list[QueryColumn]
    rows: list[list[JsonValue]]
    truncated: bool = Field(description="True when there are more rows than the limit.")
    seconds: float


class QueryView(Model):
    """A view that may be asked."""

    name: str
    columns: list[QueryColumn]


class QueryViews(Model):
    """All views that may be asked."""

    items: list[QueryView]
