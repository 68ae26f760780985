"""OneID: identifiers, links with their evidence, and the customers that follow from them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onepool.identity.graph import Graph
    from onepool.identity.registry import Registry, Rules, RulesError, TypeRule, parse_rules
    from onepool.identity.resolve import Resolver
    from onepool.identity.resolved import Heard, Resolved

__all__ = ["Graph", "Heard", "Registry", "Resolved", "Resolver", "Rules", "RulesError", "TypeRule", "parse_rules"]

_PLACES = {"Graph": "graph", "Heard": "resolved", "Resolved": "resolved", "Resolver": "resolve"}


def __getattr__(name: str) -> Any:
    """Load what is asked for: whoever only reads rules should not wait for the compiled parts."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'registry')}"), name)
