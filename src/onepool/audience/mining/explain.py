"""Why one customer has this value of a learned tag."""

from __future__ import annotations

from onepool.audience.conditions import Context
from onepool.audience.mining.card import CustomerModel
from onepool.audience.mining.store import TrainedModel
from onepool.audience.tags.learned import LearnedTag
from onepool.pool import Session


def explain_customer(
    session: Session, tag: LearnedTag, trained: TrainedModel, customer_id: int, ctx: Context
) -> CustomerModel:
    raise NotImplementedError
