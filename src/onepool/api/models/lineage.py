"""Lineage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Model, Titles

LineageKind = Literal[
    "touchpoint",
    "event",
    "field",
    "attribute",
    "identifier",
    "list",
    "tag",
    "segment",
    "destination",
    "journey",
    "broadcast",
]


class LineageNode(Model):
    """Something that data comes from or goes to."""

    id: str = Field(examples=["tag:lifecycle_stage", "field:order_paid.amount"])
    kind: LineageKind
    name: str
    title: Titles
    missing: bool = Field(description="It is named by something though it is not there.")


class LineageEdge(Model):
    """What `from` holds goes into `to`."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")


class Lineage(Model):
    """A graph in the direction in which data flows."""

    focus: str | None = Field(description="The node that was asked about.")
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    impact: list[str] = Field(
        description="Ids of everything that depends on the focus and that people define, nearest first."
    )
