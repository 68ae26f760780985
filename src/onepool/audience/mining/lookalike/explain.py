"""What makes one customer like the seed."""

from __future__ import annotations

import numpy as np

from onepool.audience.conditions import Context
from onepool.audience.mining.card import CustomerModel, Figure, Words
from onepool.audience.mining.classifier.explain import contributions
from onepool.audience.mining.features import FeaturePlan, read_features
from onepool.audience.mining.store import TrainedModel, unpack
from onepool.audience.mining.trees import Trees
from onepool.audience.tags.learned import LookalikeTag
from onepool.pool import Session

_KEPT = "SELECT value, number FROM tag_values WHERE tag = $tag AND customer_id = $customer"


def explain_lookalike(
    session: Session, tag: LookalikeTag, trained: TrainedModel, customer_id: int, ctx: Context
) -> CustomerModel:
    """As of the run: the features that make the customer like or unlike the seed, by models that did not see it; the
    percentile is the one that was published (it compares with everybody)."""
    assert trained.model is not None
    kept = unpack(trained.model)
    plan = FeaturePlan.from_text(str(kept["plan"]))
    models = [Trees.from_text(str(text)) for text in kept["trees"]]
    mine = None if tag.among is None else np.array([customer_id])
    frame = read_features(session, plan, trained.as_of, ctx, customer_id, besides=mine)
    found = CustomerModel(customer_id=customer_id, as_of=trained.as_of, value=None, number=None)
    if not frame.customers.size:
        return found
    place = np.flatnonzero(kept["base"] == customer_id)
    if place.size:
        models = [models[int(kept["fold"][place[0]])]]
    effects = np.mean([model.contributions(frame.matrix)[0] for model in models], axis=0)
    score = float(np.mean([model.scores(frame.matrix)[0] for model in models]))
    published = session.query(_KEPT, {"tag": tag.tag, "customer": customer_id}).to_pylist()
    return found.model_copy(
        update={
            "value": published[0]["value"] if published else None,
            "number": published[0]["number"] if published else None,
            "figures": [
                Figure(name="score", title=Words(zh="相似得分（对数几率）", en="Likeness (log-odds)"), value=score)
            ],
            "contributions": contributions(plan, frame.matrix[0], effects, ctx),
        }
    )
