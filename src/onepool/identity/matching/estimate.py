"""Learning m, u, frequencies and the prior without labels.

u comes from pairs drawn at random, less the matches among them. m comes from EM on the pairs of one tight blocking
rule at a time, each time leaving out the columns the rule asks for; the sessions are then averaged and refined on
all candidate pairs. The first prior of each session comes from the rules themselves, not from EM's own start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.blocking import NAMES, KeyMaker, Rule, pairs_of
from onepool.identity.matching.comparing import (
    ELSEWHERE_AT,
    Comparer,
    Floats,
    Levels,
    Spec,
    frequencies_of,
    own_level,
    word_frequencies,
)
from onepool.identity.matching.dependence import Dependence, find_dependences, total_weight
from onepool.identity.matching.prepare import Ints, Records
from onepool.identity.matching.settings import Settings
from onepool.identity.matching.weights import (
    Doubles,
    adjusted_weights,
    expect,
    first_guess,
    level_counts,
    patterns,
    plain_weights,
    probability,
    raw_weights,
    shares,
)

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Learned:
    """The state of learning: comparisons with frequencies, and their tables by level."""

    specs: tuple[Spec, ...]
    m: tuple[Doubles, ...]
    u: tuple[Doubles, ...]
    prior: float
    dependences: tuple[Dependence, ...] = ()

    def tables(self) -> list[Doubles]:
        """Weights by level of each comparison."""
        return [raw_weights(a, b) for a, b in zip(self.m, self.u, strict=True)]

    def references(self) -> list[Doubles]:
        """Frequency at which an agreed value neither adds nor takes, by level."""
        out = []
        for spec, u in zip(self.specs, self.u, strict=True):
            reference = u.copy()
            if spec.elsewhere and ELSEWHERE_AT in spec.frequencies:
                table = np.array(list(spec.frequencies[ELSEWHERE_AT].table.values()))
                reference[ELSEWHERE_AT] = max(float((table**2).sum()), 1e-6)
            out.append(reference)
        return out

    def weigh(self, levels: Levels, shared: Floats) -> Floats:
        """Adjusted weights (pairs x comparisons)."""
        return adjusted_weights(levels, shared, self.tables(), self.references())

    def total(self, weights: Floats) -> Floats:
        """Total weight of each pair."""
        return total_weight(weights, self.dependences)


def draw_pairs(size: int, count: int, side: Bools | None, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Pairs of different records at random (across both sides when linking)."""
    if side is None:
        left = random.integers(0, size, count)
        right = random.integers(0, size - 1, count)
        return left, right + (right >= left)
    on_left, on_right = np.flatnonzero(~side), np.flatnonzero(side)
    return random.choice(on_left, count), random.choice(on_right, count)


def all_pair_count(size: int, side: Bools | None) -> float:
    """How many pairs there are."""
    if side is None:
        return max(1.0, size * (size - 1) / 2)
    return max(1.0, float(side.sum()) * float((~side).sum()))


def with_frequencies(learned: Learned, records: Records, comparer: Comparer, settings: Settings) -> Learned:
    """Frequency tables for the present prior: what other records of the same person add is taken off."""
    mates = learned.prior * (len(records) - 1)
    specs = []
    for number, spec in enumerate(learned.specs):
        copies = mates * float(learned.m[number][0])
        if spec.further:
            bag = comparer.words()
            tables = {} if bag is None else {0: word_frequencies(bag, mates * 0.5, settings.frequencies, len(records))}
            specs.append(replace(spec, frequencies=tables))
            continue
        column = records.columns[spec.name]
        tables = {0: frequencies_of(column, None, copies, settings.frequencies)}
        for level, key in column.kind.shared().items():
            tables[own_level(spec, level)] = frequencies_of(column, key, mates * 0.7, settings.frequencies)
        bag = comparer.words()
        if spec.elsewhere and bag is not None:
            tables[ELSEWHERE_AT] = word_frequencies(bag, mates * 0.6, settings.frequencies, len(records))
        specs.append(replace(spec, frequencies=tables))
    return replace(learned, specs=tuple(specs))


def learn_u(learned: Learned, levels: Levels, shared: Floats | None) -> Learned:
    """u from random pairs, each counted by its probability of being no match."""
    tables = learned.tables()
    weights = plain_weights(levels, tables) if shared is None else learned.weigh(levels, shared)
    no_match = 1.0 - probability(learned.total(weights), learned.prior)
    u = []
    for number, spec in enumerate(learned.specs):
        size = len(spec.levels)
        counts = level_counts(levels, number, size, no_match)
        flat = np.full(size, 1.0 / size)
        u.append(shares(counts, flat, 0.5))
    learned = replace(learned, u=tuple(u))
    return replace(learned, dependences=find_dependences(levels, learned.tables(), no_match))


def columns_asked(rule: Rule, records: Records, specs: Sequence[Spec]) -> frozenset[int]:
    """Numbers of the comparisons that a rule takes for granted."""
    names = {column.name for column in records.names()}
    whole = {column.name for column in records.names() if column.kind.name not in ("given_name", "surname")}
    asked = {part.column for part in rule.parts}
    any_name = NAMES in asked or bool(asked & whole)
    out = set()
    for number, spec in enumerate(specs):
        if spec.name in asked or (any_name and (spec.name in names or spec.further)):
            out.add(number)
        if spec.further and asked & names:
            out.add(number)
    return frozenset(out)


def learn_m(
    learned: Learned,
    records: Records,
    maker: KeyMaker,
    comparer: Comparer,
    rules: Sequence[Rule],
    settings: Settings,
    side: Bools | None,
) -> Learned:
    """m by EM sessions over tight rules, averaged by the matches each session expects."""
    comparer = Comparer(records, tuple(replace(spec, frequencies={}) for spec in learned.specs), comparer)
    size = len(records)
    sums = [np.zeros(len(spec.levels)) for spec in learned.specs]
    mass = np.zeros(len(learned.specs))
    each = max(10_000, settings.sample // (2 * max(1, len(rules))))
    for rule in rules:
        random = np.random.default_rng(settings.seed)
        packed = pairs_of(maker.rule(rule.parts), rule.most, side, size)
        if len(packed) < 20:
            continue
        if len(packed) > each:
            packed = packed[np.sort(random.choice(len(packed), each, replace=False))]
        # The draw depends on the rule only, so the second time round nothing is compared anew.
        levels, _ = comparer.compare(packed // size, packed % size, remember=str(rule))
        distinct, counts, _ = patterns(levels)
        out = columns_asked(rule, records, learned.specs)
        if len(out) == len(learned.specs):
            continue
        m, share = expect(
            distinct,
            counts,
            list(learned.m),
            list(learned.u),
            0.3,
            leave_out=out,
            rounds=settings.em_rounds,
            dependences=learned.dependences,
        )
        expected = share * counts.sum()
        for number in range(len(learned.specs)):
            if number not in out:
                weight = min(expected, 20_000.0)
                sums[number] += m[number] * weight
                mass[number] += weight
    m_new = [
        shares(total, first_guess(len(total)), 20.0) if weight > 0 else old
        for total, weight, old in zip(sums, mass, learned.m, strict=True)
    ]
    return replace(learned, m=tuple(m_new))


def learn_prior(
    learned: Learned, weight: npt.NDArray[np.floating], stands_for: float, pairs: float, recall: float, most: float
) -> Learned:
    """The prior at which the expected matches among candidate pairs, divided by the recall of blocking, are that
    share of all ``pairs``; ``stands_for``: candidate pairs that each weight given stands for; ``most``: matches there
    can be at all."""
    prior = learned.prior
    for _ in range(30):
        expected = float(probability(weight, prior).sum()) * stands_for / max(recall, 0.05)
        new = float(np.clip(expected / pairs, 0.1 / pairs, min(0.5, most / pairs)))
        if abs(new - prior) < 1e-3 * prior:
            break
        prior = new
    return replace(learned, prior=prior)


def refine_m(learned: Learned, levels: Levels, weights: Floats) -> Learned:
    """m from candidate pairs by the probability of each; a comparison's own say is left out of the judgement about
    it in part (half), so that it can't confirm itself."""
    total = learned.total(weights)
    m = []
    for number, spec in enumerate(learned.specs):
        match = probability(total - 0.5 * weights[:, number], learned.prior)
        counts = level_counts(levels, number, len(spec.levels), match)
        m.append(shares(counts, learned.m[number], 20.0))
    return replace(learned, m=tuple(m))


def start(specs: tuple[Spec, ...], size: int) -> Learned:
    """Before any data: one match per record, u as if everything were rare."""
    m = tuple(first_guess(len(spec.levels)) for spec in specs)
    u = tuple(np.full(len(spec.levels), 1.0 / len(spec.levels)) for spec in specs)
    return Learned(specs, m, u, min(0.1, 1.0 / max(2, size)))
