"""What moved one customer's probability."""

from __future__ import annotations

import numpy as np

from onepool.audience.conditions import Context
from onepool.audience.mining.calibrate import Calibration
from onepool.audience.mining.card import Contribution, CustomerModel, Figure, Words
from onepool.audience.mining.classifier.samples import asked_of
from onepool.audience.mining.features import FeaturePlan, feature_title, in_words, read_features
from onepool.audience.mining.features.words import shown
from onepool.audience.mining.store import TrainedModel, unpack
from onepool.audience.mining.trees import F32, F64, Trees
from onepool.audience.tags.learned import ClassifierTag
from onepool.pool import Session

MOST = 10


def explain_classifier(
    session: Session, tag: ClassifierTag, trained: TrainedModel, customer_id: int, ctx: Context
) -> CustomerModel:
    """As of the run: the probability, and the features that made it."""
    assert trained.model is not None
    kept = unpack(trained.model)
    plan = FeaturePlan.from_text(str(kept["plan"]))
    trees = Trees.from_text(str(kept["trees"]))
    calibration = Calibration(str(kept["method"]), kept["scores"], kept["probabilities"])
    found = CustomerModel(customer_id=customer_id, as_of=trained.as_of, value=None, number=None)
    if not asked_of(session, tag.among, customer_id, trained.as_of, ctx):
        return found
    mine = None if tag.among is None else np.array([customer_id])
    frame = read_features(session, plan, trained.as_of, ctx, customer_id, besides=mine)
    if not frame.customers.size:
        return found
    number = round(float(calibration(trees.scores(frame.matrix))[0]), 4)
    rate = trained.card.metrics.get("base_rate")
    figures = [
        Figure(name="probability", title=Words(zh="概率", en="Probability"), value=number),
        Figure(name="base_rate", title=Words(zh="全体平均", en="Average of all"), value=rate),
    ]
    return found.model_copy(
        update={
            "value": f"{number:g}",
            "number": number,
            "figures": figures,
            "contributions": contributions(plan, frame.matrix[0], trees.contributions(frame.matrix)[0], ctx),
        }
    )


def contributions(plan: FeaturePlan, row: F32, effects: F64, ctx: Context) -> list[Contribution]:
    """The strongest effects in words."""
    found = []
    for place in np.argsort(-np.abs(effects), kind="stable")[:MOST].tolist():
        effect, column = float(effects[place]), plan.columns[place]
        if abs(effect) < 1e-6:
            break
        value = shown(column, float(row[place]))
        found.append(
            Contribution(
                name=column.name,
                title=feature_title(column, ctx),
                value=value,
                effect=effect,
                sentence=in_words(column, value, effect, ctx),
            )
        )
    return found
