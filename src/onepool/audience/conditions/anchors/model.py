"""What a run of a journey lends to a condition, and where a condition asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RUN = "$run"
ENTERED = "$entered"

_LENT = re.compile(r"\$(trigger|vars)\.\w+(\.\w+)*")
_PARAM = re.compile(r"\$params\.(\w+)")
_ANY = re.compile(r"\$(trigger|vars|params)\.\w+(\.\w+)*")


@dataclass(frozen=True)
class Anchors:
    """The journey that conditions belong to: its nodes, the fields of the event that starts a run, what runs save.

    An empty `trigger` (a journey that starts otherwise) or `vars` lends nothing. `params` are put in by `with_params`.
    """

    nodes: frozenset[str] = frozenset()
    trigger: frozenset[str] = frozenset()
    vars: frozenset[str] = frozenset()
    params: Mapping[str, Any] = field(default_factory=dict)

    def known(self, reference: str) -> bool:
        """Whether the journey has what `$trigger.x` or `$vars.x` names."""
        source, _, name = reference.removeprefix("$").partition(".")
        return name in {"trigger": self.trigger, "vars": self.vars}.get(source, frozenset())


def is_reference(operand: Any) -> bool:
    """Whether an operand is `$trigger.cart_id`, `$vars.code` or `$params.x`: something of the run or of the journey."""
    return isinstance(operand, str) and _ANY.fullmatch(operand) is not None


def references(operand: Any) -> list[str]:
    """Those in an operand, or in its list."""
    return [one for one in (operand if isinstance(operand, list) else [operand]) if is_reference(one)]


def is_lent(operand: Any) -> bool:
    """Whether it is of the run: `$trigger.…` or `$vars.…`."""
    return isinstance(operand, str) and _LENT.fullmatch(operand) is not None


def node_column(node: str) -> str:
    """The column of a run's coming to a node."""
    return f"$node.{node}"


def with_params(data: Any, params: Mapping[str, Any]) -> Any:
    """A condition as it was written, with the journey's parameters in the place of `$params.x`.

    A parameter that is a list takes the place of the whole list. Unknown ones stay, for `check` to name.
    """
    if isinstance(data, Mapping):
        return {key: with_params(value, params) for key, value in data.items()}
    if isinstance(data, list):
        found: list[Any] = []
        for one in data:
            value = with_params(one, params)
            found += value if isinstance(value, list) and not isinstance(one, list) else [value]
        return found
    name = _PARAM.fullmatch(data) if isinstance(data, str) else None
    return params.get(name[1], data) if name is not None else data
