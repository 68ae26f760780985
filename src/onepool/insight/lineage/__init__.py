"""Lineage, compiled from the definitions."""

from __future__ import annotations

from onepool.insight.lineage.graph import DEFINED, PROGRAMMES, Edge, Graph, Node, lineage
from onepool.insight.lineage.uses import EVERY_EVENT, Ref, reads

__all__ = ["DEFINED", "EVERY_EVENT", "PROGRAMMES", "Edge", "Graph", "Node", "Ref", "lineage", "reads"]
