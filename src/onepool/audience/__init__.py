"""The audience room: conditions, segments, tags."""

from __future__ import annotations

from onepool.audience.conditions import (
    Condition,
    ConditionError,
    Context,
    Names,
    Plan,
    Problem,
    Reason,
    Scope,
    check,
    compile_conditions,
    condition_schema,
    explain_condition,
    names_of,
    parse_condition,
    sentence,
)

__all__ = [
    "Condition",
    "ConditionError",
    "Context",
    "Names",
    "Plan",
    "Problem",
    "Reason",
    "Scope",
    "check",
    "compile_conditions",
    "condition_schema",
    "explain_condition",
    "names_of",
    "parse_condition",
    "sentence",
]
