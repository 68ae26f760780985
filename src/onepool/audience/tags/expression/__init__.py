"""The language of expression tags: numbers, texts and truths made of figures, attributes and other tags."""

from __future__ import annotations

from onepool.audience.tags.expression.syntax import ExpressionFault, Node, parse_expression, walk
from onepool.audience.tags.expression.typing import FUNCTIONS, check, compares, gives_text, tags_named, tree_of

__all__ = [
    "FUNCTIONS",
    "ExpressionFault",
    "Node",
    "check",
    "compares",
    "gives_text",
    "parse_expression",
    "tags_named",
    "tree_of",
    "walk",
]
