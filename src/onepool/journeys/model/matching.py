"""What several parts of a journey are made of: titles, events that match, categories of messages."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator

from onepool.audience.conditions.parts import Part, Predicate, Slice, bare_predicate
from onepool.audience.conditions.values import Name

Title: TypeAlias = dict[Literal["zh", "en"], str]
Where: TypeAlias = dict[Name, Annotated[Predicate, BeforeValidator(bare_predicate)]]

Category: TypeAlias = Literal["promotion", "service", "transactional"]


class EventMatch(Part):
    """An event of one name, its place and its fields: each event either matches or does not."""

    did: Name
    at: Slice | None = None
    where: Where | None = None
