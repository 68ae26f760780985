"""Mined tags: models learned from the pool, with their cards.

`compute` learns one and gives everybody's values, `explain_customer` says why somebody has theirs, `ModelLog` keeps the
runs. Four kinds: lifetime value, classifier, lookalike, clusters.
"""

from __future__ import annotations

from onepool.audience.mining.card import ModelCard
from onepool.audience.mining.compute import compute
from onepool.audience.mining.explain import defined, explain_customer
from onepool.audience.mining.learned import Learned
from onepool.audience.mining.store import ModelLog, TrainedModel, save_model

__all__ = ["Learned", "ModelCard", "ModelLog", "TrainedModel", "compute", "defined", "explain_customer", "save_model"]
