"""Computing a learned tag of any kind."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from onepool.audience.conditions import Context
from onepool.audience.mining.learned import Learned, Say
from onepool.audience.mining.store import save_model
from onepool.audience.tags.computed import Computed, register
from onepool.audience.tags.learned import ClassifierTag, ClusterTag, ClvTag, LearnedTag, LookalikeTag
from onepool.audience.tags.model import TagDefinition
from onepool.pool import Session


def silent(_what: str, _done: float | None) -> None:
    """Tells nobody."""


def compute(
    session: Session,
    tag: LearnedTag,
    at: datetime,
    ctx: Context,
    say: Say = silent,
    previous: bytes | None = None,
) -> Learned:
    """Learn the tag from what was known at an instant, and its values for all customers then.

    The same pool, definition, instant and `previous` (the model of the published run before, see `ModelLog.before`)
    give the same result. A run that may not be published has reasons in `card.refusals` and no values. Raises
    PoolError when the pool can't be read; what `say` raises to stop it passes through.
    """
    # Each is imported where it is wanted: learning brings much of SciPy, which a server's start need not wait for.
    match tag:
        case ClvTag():
            from onepool.audience.mining.clv import compute_clv

            return compute_clv(session, tag, at, ctx, say)
        case ClassifierTag():
            from onepool.audience.mining.classifier import compute_classifier

            return compute_classifier(session, tag, at, ctx, say)
        case LookalikeTag():
            from onepool.audience.mining.lookalike import compute_lookalike

            return compute_lookalike(session, tag, at, ctx, say)
        case ClusterTag():
            from onepool.audience.mining.cluster import compute_cluster

            return compute_cluster(session, tag, at, ctx, say, previous)
    raise TypeError(f"{type(tag).__name__} is no learned tag")


def _for_jobs(
    session: Session, definition: TagDefinition, at: datetime, ctx: Context, say: Say, previous: bytes | None
) -> Computed:
    """As the jobs that compute tags want it."""
    if not isinstance(definition, LearnedTag):
        raise TypeError(f"{definition.kind} is no learned tag")
    found = compute(session, definition, at, ctx, say, previous)

    def keep(connection: Connection, version: int, now: datetime) -> None:
        save_model(
            connection,
            tag=definition.tag,
            version=version,
            at=at,
            trained_at=now,
            card=found.card,
            model=found.model,
        )

    refusals = [
        one.words.en if one.advice is None else f"{one.words.en} ({one.advice.en})" for one in found.card.refusals
    ]
    return Computed(
        found.values,
        card=found.card.model_dump(mode="json"),
        keep=keep,
        refused="; ".join(refusals) or None,
    )


register("model", _for_jobs)
