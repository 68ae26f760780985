"""Tags computed as a whole: every kind at one instant for all customers, in one way.

Kinds that compile to queries come from `compile_tags`; others (SQL of people's own, learned tags) register a function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.names import Context
from onepool.audience.tags.compiler import compile_tags
from onepool.audience.tags.model import LearnedTag, SqlTag, TagDefinition
from onepool.audience.tags.population import Populations
from onepool.audience.tags.runs import VALUES
from onepool.audience.tags.schedule import NIGHTLY
from onepool.audience.tags.sql import compute_sql
from onepool.pool import Session

Say: TypeAlias = Callable[[str, float | None], None]
"""Tells what a computation is doing, and how far it is (0 to 1); raises when it is to stop."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Values (customer_id, value, number, list; one row per customer who has one), and what was learned with them.

    `card`: of a learned tag, JSON; `populations`: what customers were compared with; `keep`: writes what belongs to
    the run into the state, in the transaction that keeps it, given the definition's version and the present;
    `refused`: why nothing may be published (then nothing is kept but what `keep` writes, and the job fails).
    """

    values: pa.Table
    card: dict[str, Any] | None = None
    populations: Populations | None = None
    keep: Callable[[Connection, int, datetime], None] | None = None
    refused: str | None = None


class Compute(Protocol):
    """Computes a tag for all customers at an instant. Raises OnePoolError with a reason for people."""

    def __call__(
        self, session: Session, definition: TagDefinition, at: datetime, ctx: Context, say: Say, previous: bytes | None
    ) -> Computed: ...


_KINDS: dict[str, Compute] = {}


def register(kind: str, compute: Compute) -> None:
    """Let a kind be computed by a function."""
    _KINDS[kind] = compute


def live_able(tag: TagDefinition) -> bool:
    """Whether the kind can follow each event."""
    return not isinstance(tag, SqlTag | LearnedTag)


def schedule_of(tag: TagDefinition) -> str | None:
    """When the tag is computed for all; None for a live one."""
    return tag.schedule or (None if live_able(tag) else NIGHTLY)


def is_live(tag: TagDefinition) -> bool:
    """Whether the tag follows each event (else it is computed by its schedule)."""
    return schedule_of(tag) is None


def silent(_step: str, _progress: float | None) -> None:
    """Tells nobody."""


def compute(
    session: Session,
    tag: TagDefinition,
    at: datetime,
    ctx: Context,
    say: Say = silent,
    previous: bytes | None = None,
) -> Computed:
    """The tag's values for all customers at an instant. `previous`: of a learned tag, the model of the run before."""
    own = _KINDS.get(tag.kind)
    if own is not None:
        found = own(session, tag, at, ctx, say, previous)
        return replace(found, values=found.values.select(VALUES.names).cast(VALUES))
    if isinstance(tag, SqlTag):
        say("running the query", None)
        values, populations = compute_sql(session, tag, at)
        return Computed(values.cast(VALUES), None, populations)
    say("computing", None)
    plan = compile_tags({tag.tag: tag}, at, Scope.all(), ctx)
    rows = plan.run(session)
    values = rows.filter(pc.is_valid(rows.column("tag")))
    return Computed(values.select(VALUES.names).cast(VALUES), None, plan.populations)
