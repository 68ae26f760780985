"""The data standard: what the pool admits, in which names and types, and how input is brought into that form."""

from __future__ import annotations

from onepool.standards.asked import Asked
from onepool.standards.batch import Batch
from onepool.standards.errors import StandardError
from onepool.standards.gathered import event_id
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
    Strength,
)
from onepool.standards.options import Options, parse_options
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard
from onepool.standards.standardise import standardise

__all__ = [
    "Asked",
    "Attribute",
    "Batch",
    "EventType",
    "Field",
    "FieldType",
    "IdentifierType",
    "ObjectType",
    "Options",
    "Personal",
    "Scope",
    "SqlType",
    "Standard",
    "StandardError",
    "StandardSettings",
    "Strength",
    "event_id",
    "load_standard",
    "parse_options",
    "standardise",
]
