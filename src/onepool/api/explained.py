"""Figures of explanations as a caller may see them: what is masked on the customer page is masked here too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onepool.api.showing import Shown
from onepool.audience.conditions import Condition
from onepool.audience.conditions.model import AttributeLeaf, Behaviour
from onepool.audience.tags import TagDefinition
from onepool.audience.tags.model import AttributeTag

# Figures of a field that say how many, and not what.
_COUNTS = ("times", "days", "distinct")


def shown_figure(condition: Condition, figure: Any, view: Shown) -> Any:
    """The figure found of a condition: an attribute's text, how much a field came to."""
    if figure is None:
        return None
    if isinstance(condition, AttributeLeaf):
        return _attribute(condition.attribute, figure, view)
    asked = condition.figure() if isinstance(condition, Behaviour) else None
    if asked is not None and asked[0] not in _COUNTS and asked[1] is not None:
        return _field(asked[1], figure, view)
    return figure


def shown_found(tag: TagDefinition, found: Mapping[str, Any], view: Shown) -> dict[str, Any]:
    """The figures by name that a tag's value was made of."""
    if isinstance(tag, AttributeTag):
        return {name: _attribute(name, figure, view) for name, figure in found.items()}
    figures = {}
    for name, figure in found.items():
        sort, _, of = name.partition(".")
        figures[name] = _attribute(of, figure, view) if sort == "attribute" and of else figure
    return figures


def _attribute(name: str, figure: Any, view: Shown) -> Any:
    return figure if figure is None else _masked(figure, view.attribute(name, str(figure)))


def _field(name: object, figure: Any, view: Shown) -> Any:
    plain = str(name).removeprefix("items.").removeprefix("fields.")
    return "***" if not view.hidden.may_stand("field", plain, with_names=view.with_names) else figure


def _masked(figure: Any, shown: tuple[str, bool]) -> Any:
    return shown[0] if shown[1] else figure
