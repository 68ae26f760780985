"""Which customers: one small language for segments, tags, journeys and filters.

`parse_condition` reads it, `check` holds it against the names of the workspace, `compile_conditions` turns many
conditions into one plan over the pool, `explain_condition` says why, `sentence` reads it back. What a condition means
is stated by `reference.holds`, which the tests hold every other path to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onepool.audience.conditions.check import check
from onepool.audience.conditions.errors import ConditionError, Problem
from onepool.audience.conditions.model import Condition, canonical_text, condition_hash
from onepool.audience.conditions.names import Context, EventNames, Names, TagNames, names_of
from onepool.audience.conditions.parse import condition_schema, parse_condition
from onepool.audience.conditions.reason import Reason
from onepool.audience.conditions.sentence import sentence
from onepool.loading import later

if TYPE_CHECKING:
    from onepool.audience.conditions.compiler.plan import Plan, compile_conditions
    from onepool.audience.conditions.compiler.scope import Scope
    from onepool.audience.conditions.explain import explain_condition
else:
    # These bring the compiled kernels, which collectors and most commands never ask for.
    _later = {"Plan": "compiler.plan", "compile_conditions": "compiler.plan", "Scope": "compiler.scope"}
    __getattr__ = later(__name__, {**_later, "explain_condition": "explain"})

__all__ = [
    "Condition",
    "ConditionError",
    "Context",
    "EventNames",
    "Names",
    "Plan",
    "Problem",
    "Reason",
    "Scope",
    "TagNames",
    "canonical_text",
    "check",
    "compile_conditions",
    "condition_hash",
    "condition_schema",
    "explain_condition",
    "names_of",
    "parse_condition",
    "sentence",
]
