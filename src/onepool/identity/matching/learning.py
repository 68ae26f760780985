"""Learning weights and blocking rules without labels: the order of the steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onepool.identity.matching.blocking import KeyMaker, Rule, all_pairs
from onepool.identity.matching.comparing import Comparer, is_chinese, plan
from onepool.identity.matching.estimate import (
    Bools,
    Learned,
    all_pair_count,
    draw_pairs,
    learn_m,
    learn_prior,
    learn_u,
    refine_m,
    start,
    with_frequencies,
)
from onepool.identity.matching.model import BlockingRule, Comparison, Model
from onepool.identity.matching.prepare import Ints, Records, subset
from onepool.identity.matching.search import Offer, choose, offers
from onepool.identity.matching.settings import MatchingError, Settings
from onepool.identity.matching.weights import probability

#: most records on which rules are counted
_COUNTED_RECORDS = 120_000


def learn_from(
    records: Records, side: Bools | None, settings: Settings
) -> tuple[Learned, tuple[BlockingRule, ...], Ints, float]:
    """As ``learn``, from a share of the records drawn at random where there are many."""
    size = len(records)
    if size <= settings.learn_records:
        return learn(records, side, settings)
    chosen = np.sort(np.random.default_rng(settings.seed).choice(size, settings.learn_records, replace=False))
    part = None if side is None else side[chosen]
    learned, rules, _, recall = learn(subset(records, chosen), part, settings, settings.learn_records / size)
    packed, counts = all_pairs(KeyMaker(records), tuple(rule.rule for rule in rules), side)
    rules = tuple(replace(rule, pairs=counts[rule.rule]) for rule in rules)
    plain = tuple(replace(spec, frequencies={}) for spec in learned.specs)
    return with_frequencies(learned, records, Comparer(records, plain), settings), rules, packed, recall


def learn(
    records: Records, side: Bools | None, settings: Settings, share: float = 1.0
) -> tuple[Learned, tuple[BlockingRule, ...], Ints, float]:
    """Weights and rules without labels; also all candidate pairs (packed) and the estimated recall of the rules.

    ``share``: the records are that share of all; rules are chosen by the pairs they give among all."""
    size = len(records)
    random = np.random.default_rng(settings.seed)
    maker = KeyMaker(records)
    total = all_pair_count(size, side)
    specs = plan(records)
    if not specs:
        raise MatchingError("no column to compare", hint="name the kinds of the columns")
    comparer = Comparer(records, specs)
    learned = start(specs, size)
    drawn = draw_pairs(size, int(min(settings.random_pairs, 4 * total + 100)), side, random)
    random_levels, _ = comparer.compare(*drawn, remember="random")
    learned = learn_u(learned, random_levels, None)
    budget = settings.pairs(size / share)
    offered = _count_offers(records, maker, side, budget // 2, random, share)
    if not offered:
        raise MatchingError("no blocking rule gives pairs", hint="are all values different or all the same?")
    first = _first_rules(offered, size / share)
    for _ in range(2):
        learned = learn_m(learned, records, maker, comparer, first, settings, side)
        learned = learn_u(learned, random_levels, None)
    packed, _ = all_pairs(maker, tuple(first), side)
    left, right, stands_for = _sample(packed, size, settings.sample, random)
    recall = 0.7
    # A record of one set matches at most one of the other; a person has at most so many records.
    most = size * (settings.max_cluster - 1) / 2 if side is None else float(min(side.sum(), (~side).sum()))
    rules: list[Offer] = []
    for turn in range(2):
        for _ in range(2):
            learned = with_frequencies(learned, records, comparer, settings)
            comparer = Comparer(records, learned.specs, comparer)
            levels, shared = comparer.compare(left, right, remember=f"candidates {turn}")
            weights = learned.weigh(levels, shared)
            learned = learn_prior(learned, learned.total(weights), stands_for, total, recall, most)
            learned = refine_m(learned, levels, weights)
            random_levels, random_shared = comparer.compare(*drawn, remember="random")
            learned = learn_u(learned, random_levels, random_shared)
        chance = probability(learned.total(learned.weigh(levels, shared)), learned.prior)
        sure = chance >= 0.9
        if turn == 0 and sure.any():
            rules, own, recall = choose(maker, offered, left[sure], right[sure], budget, settings.seed, settings.rules)
            packed, counts = all_pairs(maker, tuple(offer.rule for offer in rules), side)
            left, right, stands_for = _sample(packed, size, settings.sample, random)
    if not rules:
        rules, own, recall = [Offer(rule, 0, 1.0) for rule in first], {}, 1.0
        packed, counts = all_pairs(maker, tuple(first), side)
    blocking = tuple(BlockingRule(o.rule, counts.get(o.rule, 0), own.get(o.rule, 0.0)) for o in rules)
    return learned, blocking, packed, recall


def _count_offers(
    records: Records, maker: KeyMaker, side: Bools | None, most: int, random: np.random.Generator, share: float
) -> list[Offer]:
    """Rules with their pairs, counted on a share of the records where there are many."""
    if len(records) <= _COUNTED_RECORDS:
        return offers(maker, side, most, share)
    chosen = np.sort(random.choice(len(records), _COUNTED_RECORDS, replace=False))
    some = KeyMaker(subset(records, chosen))
    return offers(some, None if side is None else side[chosen], most, share * _COUNTED_RECORDS / len(records))


def _first_rules(offered: list[Offer], size: float) -> list[Rule]:
    """Tight rules of many different columns: for each set of columns the widest that gives few pairs."""
    best: dict[tuple[str, ...], Offer] = {}
    for offer in offered:
        if offer.pairs <= 4 * size:
            columns = tuple(sorted({part.column for part in offer.rule.parts}))
            if len(columns) in (2, 3) or (len(columns) == 1 and offer.pairs <= 3 * size):
                best[columns] = offer
    chosen = sorted(best.values(), key=lambda offer: (-offer.pairs, offer.rule))[:16]
    return [offer.rule for offer in chosen] or [offer.rule for offer in offered[:5]]


def _sample(packed: Ints, size: int, most: int, random: np.random.Generator) -> tuple[Ints, Ints, float]:
    drawn = packed
    if len(packed) > most:
        drawn = packed[np.sort(random.choice(len(packed), most, replace=False))]
    return drawn // size, drawn % size, len(packed) / max(1, len(drawn))


def freeze(learned: Learned, records: Records, rules: tuple[BlockingRule, ...], settings: Settings) -> Model:
    """What was learned as a model (without report and boosted part)."""
    comparisons = tuple(
        Comparison(spec, tuple(m.tolist()), tuple(u.tolist()), tuple(w.tolist()), tuple(r.tolist()))
        for spec, m, u, w, r in zip(
            learned.specs, learned.m, learned.u, learned.tables(), learned.references(), strict=True
        )
    )
    return Model(
        columns={name: column.kind.name for name, column in records.columns.items()},
        hanzi={name: is_chinese(column) for name, column in records.columns.items()},
        comparisons=comparisons,
        prior=learned.prior,
        dependences=learned.dependences,
        rules=rules,
        join=settings.join,
        review=settings.review,
        cluster=settings.cluster,
        max_cluster=settings.max_cluster,
        forest=None,
        report={},
    )
