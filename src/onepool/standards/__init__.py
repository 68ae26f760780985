"""The data standard: what the pool admits, in which names and types, and how input is brought into that form."""

from __future__ import annotations

from onepool.standards.errors import StandardError
from onepool.standards.load import load_standard
from onepool.standards.model import (
    Attribute,
    EventType,
    Field,
    FieldType,
    IdentifierType,
    ObjectType,
    Personal,
    Scope,
    SqlType,
    Standard,
    Strength,
)
from onepool.standards.settings import StandardSettings

__all__ = [
    "Attribute",
    "EventType",
    "Field",
    "FieldType",
    "IdentifierType",
    "ObjectType",
    "Personal",
    "Scope",
    "SqlType",
    "Standard",
    "StandardError",
    "StandardSettings",
    "Strength",
    "load_standard",
]
