"""Portraits: what sets a segment apart from all customers, or from another segment."""

from __future__ import annotations

from onepool.insight.portrait.build import Asked, portrait
from onepool.insight.portrait.channels import Channels
from onepool.insight.portrait.tgi import Counts, Index, index
from onepool.insight.portrait.types import EVERYBODY, MIN_CELL, Cell, Dimension, Leader, Numbers, Portrait

__all__ = [
    "EVERYBODY",
    "MIN_CELL",
    "Asked",
    "Cell",
    "Channels",
    "Counts",
    "Dimension",
    "Index",
    "Leader",
    "Numbers",
    "Portrait",
    "index",
    "portrait",
]
