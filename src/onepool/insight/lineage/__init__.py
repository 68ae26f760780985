"""Lineage, compiled from the definitions."""

from __future__ import annotations

from onepool.insight.lineage.graph import DEFINED, Edge, Graph, Node, lineage
from onepool.insight.lineage.uses import Ref, reads

__all__ = ["DEFINED", "Edge", "Graph", "Node", "Ref", "lineage", "reads"]
