"""OneID: identifiers, links with their evidence, and the customers that follow from them."""

from __future__ import annotations

from onepool.identity.graph import Graph
from onepool.identity.registry import Registry, Rules, RulesError, TypeRule, parse_rules
from onepool.identity.resolve import Heard, Resolved, Resolver

__all__ = ["Graph", "Heard", "Registry", "Resolved", "Resolver", "Rules", "RulesError", "TypeRule", "parse_rules"]
