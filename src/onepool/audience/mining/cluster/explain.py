"""Why one customer is in its cluster."""

from __future__ import annotations

import numpy as np

from onepool.audience.conditions import Context
from onepool.audience.mining.card import Contribution, CustomerModel, Figure, Words
from onepool.audience.mining.classifier.samples import asked_of
from onepool.audience.mining.cluster.space import Space
from onepool.audience.mining.features import feature_title, read_features
from onepool.audience.mining.features.words import shown
from onepool.audience.mining.store import TrainedModel, unpack
from onepool.audience.tags.learned import ClusterTag
from onepool.pool import Session

MOST = 8


def explain_cluster(
    session: Session, tag: ClusterTag, trained: TrainedModel, customer_id: int, ctx: Context
) -> CustomerModel:
    """As of the run: the features that bring the customer nearer to its own cluster than to the next one."""
    assert trained.model is not None
    kept = unpack(trained.model)
    space, names = Space.from_arrays(kept), kept["names"].tolist()
    frame = read_features(session, space.plan, trained.as_of, ctx, customer_id)
    found = CustomerModel(customer_id=customer_id, as_of=trained.as_of, value=None, number=None)
    if not frame.customers.size or not asked_of(session, tag.among, customer_id, trained.as_of, ctx):
        return found
    place = space.places(frame.matrix)[0]
    squares = (place - space.centres) ** 2
    order = np.argsort(squares.sum(axis=1), kind="stable")
    own, other = int(order[0]), int(order[1])
    nearer = squares[other] - squares[own]
    contributions = []
    for number in np.argsort(-nearer, kind="stable")[:MOST].tolist():
        if nearer[number] <= 0:
            break
        column = space.plan.columns[number]
        value, title = shown(column, float(frame.matrix[0, number])), feature_title(column, ctx)
        figure = "—" if value is None else f"{value:g}" if isinstance(value, float) else value
        contributions.append(
            Contribution(
                name=column.name,
                title=title,
                value=value,
                effect=float(nearer[number]),
                sentence=Words(
                    zh=f"{title.zh}为 {figure}：更接近 {names[own]}，而不是 {names[other]}",
                    en=f"{title.en} is {figure}: nearer to {names[own]} than to {names[other]}",
                ),
            )
        )
    distances = np.sqrt(squares.sum(axis=1))
    figures = [
        Figure(
            name=names[number],
            title=Words(zh=f"与 {names[number]} 的距离", en=f"distance to {names[number]}"),
            value=float(distances[number]),
        )
        for number in order.tolist()
    ]
    return found.model_copy(update={"value": names[own], "figures": figures, "contributions": contributions})
