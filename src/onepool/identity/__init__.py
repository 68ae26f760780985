"""OneID: identifiers, links with their evidence, and the customers that follow from them."""

from __future__ import annotations

from onepool.identity.components import Components, union
from onepool.identity.links import LinkBatch
from onepool.identity.resolve import Resolved, Resolver, TypeRule, key_of

__all__ = ["Components", "LinkBatch", "Resolved", "Resolver", "TypeRule", "key_of", "union"]
