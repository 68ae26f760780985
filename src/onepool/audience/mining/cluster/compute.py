"""Clusters for all customers with any behaviour in the window."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from onepool.audience.conditions import Context
from onepool.audience.mining.card import ClusterCard, FeatureWeight, ModelCard, Notice, Sample, Words, counted, notice
from onepool.audience.mining.classifier.samples import holding
from onepool.audience.mining.cluster.naming import SHOWN, matched, names_of, title_of, traits
from onepool.audience.mining.cluster.space import F32, I64, Space, explained, grouped, wanted
from onepool.audience.mining.features import FeaturePlan, feature_title, plan_features, read_features
from onepool.audience.mining.layers import named, nothing
from onepool.audience.mining.learned import Learned, Say
from onepool.audience.mining.store import pack, unpack
from onepool.audience.tags.learned import ClusterTag
from onepool.pool import Session

WEAK = 0.15
DAY = 86_400_000_000


def compute_cluster(
    session: Session, tag: ClusterTag, at: datetime, ctx: Context, say: Say, previous: bytes | None
) -> Learned:
    """Each customer's cluster, and the card. `previous`: the model of the run before, so that names stay."""
    span = tag.within.last
    assert span is not None and span.micros is not None
    window = max(1, span.micros // DAY)
    say("reading features", 0.1)
    plan = plan_features(session, tag.features, at, window, ctx, facts=False)
    plan = plan.taken([column for column in plan.columns if wanted(column, window)])
    frame = read_features(session, plan, at, ctx)
    asked = holding(session, tag.among, at, ctx)
    customers = frame.customers if asked is None else np.intersect1d(frame.customers, asked, assume_unique=True)
    rows = frame.of(customers)
    if (
        customers.size < tag.minimum.customers
        or not plan.columns
        or np.unique(rows, axis=0).shape[0] <= tag.clusters[1]
    ):
        return _refused(tag, at, int(customers.size))
    say("grouping", 0.3)
    least, most = tag.clusters
    space, metrics = grouped(plan, rows, least, most, tag.random_seed)
    places = [plan.columns.index(column) for column in space.plan.columns]
    mine = rows[:, places]
    group = space.nearest(mine)
    count = len(space.centres)
    say("naming", 0.8)
    found = traits(space.plan, mine, group, count, ctx)
    kept = {} if previous is None else _matched(session, previous, customers, group, count, at, ctx)
    names = names_of(found, {column.name: column.topic for column in plan.columns}, kept)
    card = _card(tag, at, space, mine, group, metrics, ctx)
    clusters = [
        ClusterCard(
            name=names[number],
            title=title_of(names[number], tag.tag, ctx),
            customers=int((group == number).sum()),
            share=float((group == number).mean()),
            before=kept.get(number),
            traits=found[number][:SHOWN],
        )
        for number in range(count)
    ]
    clusters.sort(key=lambda cluster: -cluster.customers)
    card = card.model_copy(update={"clusters": clusters, "scored": int(customers.size)})
    values = named(customers, np.array(names)[group])
    return Learned(values, card, pack({**space.arrays(), "names": np.array(names)}))


def _matched(
    session: Session, previous: bytes, customers: I64, group: I64, count: int, at: datetime, ctx: Context
) -> dict[int, str]:
    """Today's customers grouped by the model before, held against today's groups."""
    kept = unpack(previous)
    if "centres" not in kept:
        return {}
    before = Space.from_arrays(kept)
    frame = read_features(session, before.plan, at, ctx)
    known = np.isin(customers, frame.customers, assume_unique=True)
    old = before.nearest(frame.of(customers[known]))
    return matched(old, kept["names"].tolist(), group[known], count)


def _card(
    tag: ClusterTag, at: datetime, space: Space, rows: F32, group: I64, metrics: dict[str, float], ctx: Context
) -> ModelCard:
    count, score = len(space.centres), metrics["silhouette"]
    warned: list[Notice] = []
    if score < WEAK:
        warned.append(
            notice(
                "weak-clusters",
                f"轮廓系数只有 {score:.2f}：各群之间没有明显的界限",
                f"the silhouette is {score:.2f}: there are no clear borders between the groups",
                ("把它当作方便的划分，而不是天然的群体", "take it for a handy division, not for natural groups"),
            )
        )
    share = explained(space, rows, group)
    order = np.argsort(-share, kind="stable")
    return ModelCard(
        model="cluster",
        method="kmeans",
        as_of=at,
        summary=Words(
            zh=f"{len(rows)} 位客户分成 {count} 群，轮廓系数 {score:.2f}",
            en=f"{count} groups of {len(rows)} customers, silhouette {score:.2f}",
        ),
        rows=len(rows),
        scored=0,
        features=[_weight(space.plan, place, float(share[place]), ctx) for place in order.tolist()],
        metrics={**metrics, "clusters": float(count)},
        samples=[Sample(use="train", cut_off=at, rows=len(rows))],
        warnings=warned,
    )


def _weight(plan: FeaturePlan, place: int, share: float, ctx: Context) -> FeatureWeight:
    column = plan.columns[place]
    return FeatureWeight(name=column.name, title=feature_title(column, ctx), weight=share)


def _refused(tag: ClusterTag, at: datetime, customers: int) -> Learned:
    least = tag.minimum.customers
    why = notice(
        "few-customers",
        f"时间窗内{f'只有 {customers:,} 位' if customers else '没有'}客户有足够不同的行为，至少需要 {least:,} 位",
        f"{counted(customers, 'customer', 'customers')} with behaviour of their own in the window;"
        f" at least {least:,} are wanted",
        ("加宽 within 或 among", "widen `within` or `among`"),
    )
    card = ModelCard(
        model="cluster",
        method="kmeans",
        as_of=at,
        summary=Words(zh=f"未发布：{why.words.zh}", en=f"not published: {why.words.en}"),
        rows=customers,
        scored=0,
        refusals=[why],
    )
    return Learned(nothing(), card, None)
