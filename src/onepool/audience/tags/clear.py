"""Tags whose values would be what is masked elsewhere: a phone number, a name, an address. They are refused.

A tag's values stand on every page, in lists, in the analyst's views. Whether there is a phone number, or how many
receivers there were, may be a tag; the number itself may not.
"""

from __future__ import annotations

from collections.abc import Iterator

from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.names import Names
from onepool.audience.tags.expression.syntax import Node, Operation, Reference
from onepool.audience.tags.expression.typing import PLACE, tree_of
from onepool.audience.tags.model import (
    AttributeTag,
    ExpressionTag,
    FigureSource,
    FirstLastTag,
    MetricTag,
    PreferenceTag,
    RfmTag,
    TagDefinition,
)

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "=", "!=", "and", "or", "not", "known", "rank_share"})
_HINT = "make a state or an expression that says whether it is there, or an attribute tag with a map"


def check_personal(tag: TagDefinition, names: Names) -> list[Problem]:
    """What of the tag's values would be shown masked elsewhere."""
    return [
        Problem(place, f"{name} is personal: it is shown masked, and what a tag says is not", _HINT)
        for place, kind, name in _sources(tag)
        if _personal(kind, name, names)
    ]


def _sources(tag: TagDefinition) -> Iterator[tuple[str, str, str]]:
    """(place, attribute or field, name) of everything whose values come out as the tag's."""
    match tag:
        case AttributeTag():
            if tag.map is None:
                yield "from.attribute", "attribute", tag.source.attribute
        case FirstLastTag() | PreferenceTag():
            yield "from.field", "field", tag.source.field
        case MetricTag():
            for place, source in (("from", tag.source), ("over", tag.over)):
                # What is cut into layers says no more than its labels.
                if source is not None and tag.cut is None:
                    yield from _figure(place, source)
        case RfmTag():
            yield "from.sum", "field", tag.source.sum
        case ExpressionTag():
            tree = tree_of(tag)
            for node in () if tree is None or tag.cut is not None else _carried(tree):
                if node.sort == "attribute":
                    yield PLACE, "attribute", node.name
                elif node.sort == "input" and node.name in tag.inputs:
                    yield from _figure(f"inputs.{node.name}", tag.inputs[node.name])


def _figure(place: str, source: FigureSource) -> Iterator[tuple[str, str, str]]:
    name, of = source.figure()
    if of is not None and name != "distinct":
        yield f"{place}.{name}", "field", of


def _carried(node: Node) -> Iterator[Reference]:
    """The names whose values come out of the expression, and are not only compared."""
    if isinstance(node, Reference):
        yield node
    elif isinstance(node, Operation) and node.name not in _COMPARISONS:
        for operand in node.operands[1:] if node.name == "if" else node.operands:
            yield from _carried(operand)


def _personal(kind: str, name: str, names: Names) -> bool:
    """Whether it is shown masked. `name` among the items of an order is a product's."""
    if kind == "field" and name.startswith("items."):
        return f"field:{name.removeprefix('items.')}" in names.personal
    steps = name.removeprefix("fields.").split(".") if kind == "field" else [name]
    return any(f"{kind}:{step}" in names.personal for step in steps)
