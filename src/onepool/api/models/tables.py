"""Tables of a touchpoint's database."""

from __future__ import annotations

from pydantic import Field

from onepool.api.models.common import JsonObject, Model


class TableNames(Model):
    """The tables and views that the touchpoint's user may see."""

    items: list[str]


class TableColumn(Model):
    """A column, and what it would be taken for by its name (empty: it would be left out)."""

    name: str
    type: str
    nullable: bool
    key: bool = Field(description="Part of the primary key.")
    indexed: bool = Field(description="The first of an index: fit for a cursor.")
    use: str


class TablePreview(Model):
    """One table with a few rows, masked, and a mapping to correct and save in the setting `tables`."""

    table: str
    columns: list[TableColumn]
    rows: list[list[str | None]]
    proposal: JsonObject
