"""Search of blocking rules: the most recall that a budget of pairs can buy.

Recall can't be measured without truth, and confident pairs that one set of rules found are no fair sample: all of
them agree on something these rules ask for. So pairs are **imagined**: for each column, the pattern of agreement is
taken from a confident pair of its own, drawn at random. The share of imagined pairs that some rule reaches is the
estimated recall (exact where columns err independently of each other).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.blocking import NAMES, KeyMaker, Part, Rule, group_sizes, parts_of
from onepool.identity.matching.prepare import NAME_KINDS, Ints, Records
from onepool.identity.matching.threads import each

Bools = npt.NDArray[np.bool_]
#: most records sharing the key of a rule (larger groups hold mostly strangers; other rules reach their pairs)
GROUP = 400
#: pairs per record up to which a part is cheap, and share of records in usable groups that counts as all
_CHEAP, _ALL = 3, 0.99
_TRIPLES = 60


@dataclass(frozen=True)
class Offer:
    """A rule with the number of pairs it is expected to give, and the share of its matches (weighted by size: pairs
    within groups up to a typical person's) that are in groups small enough to be used."""

    rule: Rule
    pairs: int
    kept: float


def offers(maker: KeyMaker, side: Bools | None, most_pairs: int, share: float = 1.0) -> list[Offer]:
    """Rules of one to three parts of different columns that give at most ``most_pairs`` pairs; ordered by pairs.

    ``share``: the maker's records are that share of all, drawn at random; counts are scaled up."""
    records = maker.records
    families = Families(records)
    counted: list[Offer] = []
    wide: list[Part] = []
    parts = parts_of(records)
    for part, offer in zip(parts, each(lambda one: _count(maker, (one,), side, share), parts), strict=True):
        if offer.pairs <= most_pairs:
            counted.append(offer)
        # A part that is cheap by itself reaches all that it would reach together with another.
        if offer.pairs and (offer.pairs > _CHEAP * len(records) / share or offer.kept < _ALL):
            wide.append(part)
    coarse: list[tuple[Part, Part]] = []
    pairs = [(a, b) for a, b in combinations(wide, 2) if families(a).isdisjoint(families(b))]
    for (a, b), offer in zip(pairs, each(lambda two: _count(maker, two, side, share), pairs), strict=True):
        if offer.pairs <= most_pairs:
            counted.append(offer)
        if offer.pairs > _CHEAP * len(records) / share or offer.kept < _ALL:
            coarse.append((a, b))
    triples = [
        (a, b, c) for a, b in coarse for c in wide if b < c and (families(a) | families(b)).isdisjoint(families(c))
    ]
    some = triples[:: max(1, len(triples) // _TRIPLES)]
    found = each(lambda three: _count(maker, three, side, share), some)
    counted.extend(offer for offer in found if offer.pairs <= most_pairs)
    return sorted((offer for offer in counted if offer.pairs), key=lambda offer: (offer.pairs, offer.rule))


class Families:
    """Which columns a part looks at; the words of all names look at every column of names."""

    def __init__(self, records: Records):
        self._names = frozenset(column.name for column in records.names())
        self._whole = frozenset(
            column.name for column in records.names() if column.kind.name not in ("given_name", "surname")
        )

    def __call__(self, part: Part) -> frozenset[str]:
        if part.column == NAMES:
            return self._names
        if part.column in self._whole:
            return self._names
        return frozenset([part.column])


def _count(maker: KeyMaker, parts: tuple[Part, ...], side: Bools | None, share: float) -> Offer:
    left, right = group_sizes(maker.rule(parts), side)
    most = max(4, int(GROUP * share))
    usable = left <= most if side is None else left + right <= most
    pairs = left * (left - 1) // 2 if side is None else left * right
    total = float(left.sum() + right.sum())
    kept = float((left[usable].sum() + right[usable].sum()) / total) if total else 0.0
    return Offer(Rule(parts, GROUP), int(pairs[usable].sum() / share**2), kept)


def agreements(maker: KeyMaker, parts: Sequence[Part], left: Ints, right: Ints) -> Mapping[Part, Bools]:
    """Per part: whether each pair of records shares a key in a group that is not too large."""
    out: dict[Part, Bools] = {}
    for part in parts:
        keys = maker.part(part)
        starts = np.searchsorted(keys.owner, np.arange(len(maker.records) + 1))
        single = bool((np.diff(starts) <= 1).all())
        if single:
            has = np.diff(starts) == 1
            value = np.zeros(len(maker.records), dtype=np.uint64)
            value[keys.owner] = keys.key
            out[part] = has[left] & has[right] & (value[left] == value[right])
            continue
        n_left, n_right = np.diff(starts)[left], np.diff(starts)[right]
        times = n_left * n_right
        pair = np.repeat(np.arange(len(left)), times)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
        a = keys.key[starts[left][pair] + within // np.maximum(n_right[pair], 1)]
        b = keys.key[starts[right][pair] + within % np.maximum(n_right[pair], 1)]
        shared = np.zeros(len(left), dtype=bool)
        shared[pair[a == b]] = True
        out[part] = shared
    return out


def choose(
    maker: KeyMaker,
    candidates: Sequence[Offer],
    left: Ints,
    right: Ints,
    budget: int,
    seed: int,
    most_rules: int = 30,
    imagined: int = 8_000,
) -> tuple[list[Offer], Mapping[Rule, float], float]:
    """Greedy choice: again and again the rule that reaches most imagined pairs anew per candidate pair, while the
    budget lasts. Returns the rules, each rule's own reach, and the reach of all."""
    random = np.random.default_rng(seed)
    if len(left) > 20_000:
        drawn = np.sort(random.choice(len(left), 20_000, replace=False))
        left, right = left[drawn], right[drawn]
    parts = sorted({part for offer in candidates for part in offer.rule.parts})
    agree = agreements(maker, parts, left, right)
    names = {column.name for column in maker.records.columns.values() if column.kind.name in NAME_KINDS}
    source: dict[str, Ints] = {}
    drawn_for_names = random.integers(0, len(left), imagined)
    for part in parts:
        if part.column == NAMES or part.column in names:
            source[part.column] = drawn_for_names
        elif part.column not in source:
            source[part.column] = random.integers(0, len(left), imagined)
    reach = {}
    for offer in candidates:
        hit = np.ones(imagined, dtype=bool)
        for part in offer.rule.parts:
            hit &= agree[part][source[part.column]]
        if offer.kept < 1.0:
            hit &= random.random(imagined) < offer.kept
        reach[offer.rule] = hit
    covered = np.zeros(imagined, dtype=np.int64)
    chosen: list[Offer] = []
    spent = 0
    left_over = list(candidates)
    while left_over and len(chosen) < most_rules:
        # A pair reached twice is worth a little: the estimate assumes independence, which does not quite hold.
        worth = np.where(covered == 0, 1.0, np.where(covered == 1, 0.25, 0.02))
        best, best_rate, gain = None, 0.0, 0.0
        for offer in left_over:
            if spent + offer.pairs > budget:
                continue
            value = float(worth[reach[offer.rule]].sum())
            rate = value / (offer.pairs + 0.01 * budget)
            if rate > best_rate:
                best, best_rate, gain = offer, rate, value
        if best is None or gain < imagined * 2e-4:
            break
        chosen.append(best)
        spent += best.pairs
        covered += reach[best.rule]
        left_over = [o for o in left_over if o is not best and spent + o.pairs <= budget]
    own = {offer.rule: float(reach[offer.rule].mean()) for offer in chosen}
    return chosen, own, float((covered > 0).mean())
