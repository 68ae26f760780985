"""Values of the pool as canonical text, the form in which runs carry them."""

from __future__ import annotations

from sqlglot import exp

from onepool.audience.conditions.compiler.sql import E, col, fn
from onepool.audience.conditions.names import Field, find_field
from onepool.audience.conditions.names import Names as Known

_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def text_of(value: E, sql_type: str) -> E:
    """A typed column as text: numbers and true/false as in JSON, times in UTC, lists as JSON."""
    match sql_type:
        case "VARCHAR":
            return value
        case "TIMESTAMPTZ":
            there = fn("timezone", exp.Literal.string("UTC"), value)
            return fn("strftime", there, exp.Literal.string(_TIME))
        case "VARCHAR[]":
            return exp.cast(fn("to_json", value), "VARCHAR")
    plain = exp.cast(value, "VARCHAR")
    if sql_type.startswith("DECIMAL"):
        return fn("regexp_replace", plain, exp.Literal.string(r"\.?0+$"), exp.Literal.string(""))
    return plain


def field_text(name: str, names: Known) -> E:
    """A field of an event as text: a column, or a member of its JSON (texts without their quotes)."""
    if name == "event_id":
        return exp.cast(col("event_id"), "VARCHAR")
    here: Field = find_field(name, names)
    if here.source == "json":
        path = "$." + ".".join(f'"{one}"' for one in here.path)
        return fn("json_extract_string", col("fields"), exp.Literal.string(path))
    return text_of(col(here.name), here.type)


def member_text(column: str, name: str) -> E:
    """A member of a JSON object as text (null: missing)."""
    return fn("json_extract_string", col(column), exp.Literal.string(f'$."{name}"'))
