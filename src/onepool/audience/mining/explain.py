"""Why one customer has this value of a learned tag."""

from __future__ import annotations

from onepool.audience.conditions import ConditionError, Context
from onepool.audience.mining.card import CustomerModel
from onepool.audience.mining.store import TrainedModel
from onepool.audience.tags.learned import ClassifierTag, ClusterTag, ClvTag, LearnedTag, LookalikeTag
from onepool.audience.tags.parse import parse_tag
from onepool.definitions import Definitions
from onepool.pool import Session


def defined(definitions: Definitions, trained: TrainedModel) -> LearnedTag | None:
    """The tag as it was defined when the run was made; None where that can't be read any more."""
    for item in definitions.history("tag", trained.tag):
        if item.version == trained.version:
            try:
                tag = parse_tag(item.body)
            except ConditionError:
                return None
            return tag if isinstance(tag, LearnedTag) else None
    return None


def explain_customer(
    session: Session, tag: LearnedTag, trained: TrainedModel, customer_id: int, ctx: Context
) -> CustomerModel:
    """By a published run, as of that run; without a value for customers whom it did not look at.

    `tag`: the definition that the run was made with. Raises PoolError when the pool can't be read.
    """
    # Imported where it is wanted, as in `compute`.
    match tag:
        case ClvTag():
            from onepool.audience.mining.clv import explain_clv

            return explain_clv(session, tag, trained, customer_id, ctx)
        case ClassifierTag():
            from onepool.audience.mining.classifier import explain_classifier

            return explain_classifier(session, tag, trained, customer_id, ctx)
        case LookalikeTag():
            from onepool.audience.mining.lookalike import explain_lookalike

            return explain_lookalike(session, tag, trained, customer_id, ctx)
        case ClusterTag():
            from onepool.audience.mining.cluster import explain_cluster

            return explain_cluster(session, tag, trained, customer_id, ctx)
    raise TypeError(f"{type(tag).__name__} is no learned tag")
