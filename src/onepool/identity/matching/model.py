"""The model: everything needed to score records again, frozen, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numba
import numpy as np
import pyarrow as pa

from onepool.identity.matching.blocking import KeyMaker, Part, Rule, all_pairs
from onepool.identity.matching.clustering import positions
from onepool.identity.matching.comparing import Comparer, Floats, Frequencies, Levels, Spec
from onepool.identity.matching.dependence import Dependence, total_weight
from onepool.identity.matching.forest import Forest
from onepool.identity.matching.prepare import Ints, Records, prepare
from onepool.identity.matching.rows import same_rows
from onepool.identity.matching.settings import MatchingError
from onepool.identity.matching.threads import each
from onepool.identity.matching.weights import Doubles, adjusted_weights, probability

VERSION = 1
_CHUNK = 1_000_000
#: share of all evidence that counts as having compared everything
_ENOUGH = 0.8


@dataclass(frozen=True)
class Comparison:
    """A comparison with what was learned: by level (best first) m, u and weight = log2(m/u) made monotone, and
    ``reference``, the frequency at which an agreed value neither adds nor takes weight."""

    spec: Spec
    m: tuple[float, ...]
    u: tuple[float, ...]
    weights: tuple[float, ...]
    references: tuple[float, ...]


@dataclass(frozen=True)
class BlockingRule:
    """A rule, the pairs it gave by itself when the model was fitted, and the share of matches it reaches (estimate)."""

    rule: Rule
    pairs: int
    recall: float


@dataclass(frozen=True)
class Model:
    """Learned weights; see the package's docstring. ``prior``: probability that two records drawn at random match.
    ``dependences``: comparisons that agree from one cause. ``join``, ``review``, ``cluster``: thresholds of
    probability. ``forest``: boosted pair model, where there is one. ``report``: what fitting saw, for people."""

    columns: Mapping[str, str]
    hanzi: Mapping[str, bool]
    comparisons: tuple[Comparison, ...]
    prior: float
    dependences: tuple[Dependence, ...]
    rules: tuple[BlockingRule, ...]
    join: float
    review: float
    cluster: float
    max_cluster: int
    forest: Forest | None
    report: Mapping[str, Any]

    def prepare(self, records: pa.Table) -> Records:
        """Records as this model reads them."""
        return prepare(records, self.columns, hanzi=self.hanzi)

    def candidates(self, records: pa.Table, side: pa.Array | None = None) -> pa.Table:
        """Pairs (left, right) of records that share a blocking key; with ``side`` (bool per row of ``records``: is
        it on the right?) only pairs across."""
        prepared = self.prepare(records)
        right = None
        if side is not None:
            right = np.asarray(side.to_numpy(zero_copy_only=False), dtype=bool)[prepared.rows]
        packed, _ = all_pairs(KeyMaker(prepared), tuple(rule.rule for rule in self.rules), right)
        size = max(1, len(prepared))
        return pa.table(
            {"left": prepared.ids.take(pa.array(packed // size)), "right": prepared.ids.take(pa.array(packed % size))}
        )

    def keys(self, records: pa.Table) -> pa.Table:
        """Blocking keys (record_id, rule number, key as int64) for looking up candidates of new records."""
        prepared = self.prepare(records)
        maker = KeyMaker(prepared)
        owners, rules, keys = [], [], []
        for number, rule in enumerate(self.rules):
            made = maker.rule(rule.rule.parts)
            owners.append(made.owner)
            rules.append(np.full(len(made.owner), number, dtype=np.int16))
            keys.append(made.key.view(np.int64))
        none = np.empty(0, dtype=np.int64)
        return pa.table(
            {
                "record_id": prepared.ids.take(pa.array(np.concatenate([none, *owners]))),
                "rule": pa.array(np.concatenate([none.astype(np.int16), *rules])),
                "key": pa.array(np.concatenate([none, *keys])),
            }
        )

    def score(self, records: pa.Table, pairs: pa.Table) -> pa.Table:
        """Score pairs (left, right: record ids). Returns left, right, probability, evidence (0 to 1: how much
        there was to compare; ``cluster`` weighs pairs by it), match_weight (bits), and per
        comparison ``level:NAME`` (0 best, -1 missing) and ``weight:NAME`` (bits)."""
        prepared = self.prepare(records)
        left = positions(prepared.ids, pairs.column("left"))
        right = positions(prepared.ids, pairs.column("right"))
        levels, weights, chance = self.score_positions(prepared, left, right)
        return pairs_table(self, prepared, left, right, levels, weights, chance)

    def score_positions(self, records: Records, left: Ints, right: Ints) -> tuple[Levels, Floats, Floats]:
        """Levels, weights (pairs x comparisons) and probabilities of pairs of prepared records."""
        comparer = Comparer(records, tuple(comparison.spec for comparison in self.comparisons))
        levels = np.empty((len(left), len(self.comparisons)), dtype=np.int8)
        weights = np.empty((len(left), len(self.comparisons)), dtype=np.float32)
        chance = np.empty(len(left), dtype=np.float32)
        for start in range(0, len(left), _CHUNK):
            part = slice(start, start + _CHUNK)
            levels[part], weights[part], chance[part] = self.score_chunk(comparer, left[part], right[part])
        return levels, weights, chance

    def score_chunk(self, comparer: Comparer, left: Ints, right: Ints) -> tuple[Levels, Floats, Floats]:
        """As ``score_positions`` for a comparer already made."""
        levels, shared = comparer.compare(left, right)
        weights = self.weigh(levels, shared)
        return levels, weights, self.chance(weights)

    def weigh(self, levels: Levels, shared: Floats) -> Floats:
        """Weight of each comparison (bits) from levels and frequencies."""
        tables: list[Doubles] = [np.array(comparison.weights) for comparison in self.comparisons]
        references: list[Doubles] = [np.array(comparison.references) for comparison in self.comparisons]
        return adjusted_weights(levels, shared, tables, references)

    def chance(self, weights: Floats) -> Floats:
        """Probability of a match of each pair."""
        if self.forest is not None:
            # Pairs of the same weights, of which there are many, are walked down the trees once.
            group, firsts = same_rows(weights)
            return self.forest.probability(features(weights[firsts], self.dependences))[group]
        return probability(total_weight(weights, self.dependences), self.prior).astype(np.float32)

    def evidence(self, levels: Levels) -> Floats:
        """How much of what could speak for or against a match was there to compare in each pair (0 to 1)."""
        strength = np.array([0.0 if c.spec.further else max(c.weights[0], 0.0) for c in self.comparisons])
        return _evidence(np.ascontiguousarray(levels), strength, max(_ENOUGH * float(strength.sum()), 1e-9))

    def with_thresholds(self, join: float, review: float) -> Model:
        """The same model with other thresholds."""
        if not 0.0 < review <= join <= 1.0:
            raise MatchingError(f"review ({review}) must lie above 0 and not above join ({join})")
        return replace(self, join=join, review=review)

    def to_json(self) -> str:
        """The model as JSON text."""
        return json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Model:
        """The model of ``to_json``. Raises MatchingError when the text is none."""
        try:
            return _from_plain(json.loads(text))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MatchingError(f"this is no matching model: {type(error).__name__} {error}") from error


def pairs_table(
    model: Model, records: Records, left: Ints, right: Ints, levels: Levels, weights: Floats, chance: Floats
) -> pa.Table:
    """Scored pairs as the table that ``Model.score`` describes."""
    one, other = each(lambda side: records.ids.take(pa.array(side)), (left, right))
    out: dict[str, Any] = {
        "left": one,
        "right": other,
        "probability": chance,
        "evidence": model.evidence(levels),
        "match_weight": total_weight(weights, model.dependences) + np.float32(np.log2(model.prior / (1 - model.prior))),
    }
    for number, comparison in enumerate(model.comparisons):
        out[f"level:{comparison.spec.name}"] = np.ascontiguousarray(levels[:, number])
        out[f"weight:{comparison.spec.name}"] = np.ascontiguousarray(weights[:, number])
    return pa.table(out)


@numba.njit(cache=True, nogil=True)
def _evidence(levels: Levels, strength: Doubles, enough: float) -> Floats:
    """What was compared, as a share of ``enough``, to the power of 1.5."""
    out = np.empty(len(levels), dtype=np.float32)
    for pair in range(len(levels)):
        told = 0.0
        for number in range(len(strength)):
            if strength[number] != 0.0 and levels[pair, number] >= 0:
                told += strength[number]
        share = min(told / enough, 1.0)
        out[pair] = share * np.sqrt(share)
    return out


def features(weights: Floats, dependences: tuple[Dependence, ...]) -> Floats:
    """What a boosted model sees of a pair: the weight of each comparison and the total. All rise with agreement."""
    return np.concatenate([weights, total_weight(weights, dependences)[:, None]], axis=1)


def _from_plain(plain: Mapping[str, Any]) -> Model:
    if plain["version"] != VERSION:
        raise MatchingError(f"this model has version {plain['version']}; this OnePool reads {VERSION}")
    comparisons = []
    for item in plain["comparisons"]:
        spec = item["spec"]
        frequencies = {
            int(level): Frequencies({str(k): float(v) for k, v in told["table"].items()}, float(told["default"]))
            for level, told in spec["frequencies"].items()
        }
        learned = {name: tuple(float(x) for x in item[name]) for name in ("m", "u", "weights", "references")}
        levels = tuple(str(level) for level in spec["levels"])
        if any(len(values) != len(levels) for values in learned.values()):
            raise MatchingError(f"comparison {spec['name']} has {len(levels)} levels but other counts of weights")
        comparisons.append(
            Comparison(
                Spec(
                    str(spec["name"]),
                    str(spec["kind"]),
                    bool(spec["hanzi"]),
                    levels,
                    bool(spec["elsewhere"]),
                    bool(spec["further"]),
                    frequencies,
                ),
                **learned,
            )
        )
    rules = tuple(
        BlockingRule(
            Rule(
                tuple(Part(str(part["column"]), str(part["function"])) for part in item["rule"]["parts"]),
                int(item["rule"]["most"]),
            ),
            int(item["pairs"]),
            float(item["recall"]),
        )
        for item in plain["rules"]
    )
    return Model(
        columns={str(k): str(v) for k, v in plain["columns"].items()},
        hanzi={str(k): bool(v) for k, v in plain["hanzi"].items()},
        comparisons=tuple(comparisons),
        prior=float(plain["prior"]),
        dependences=tuple(Dependence(int(a), int(b), float(bits)) for a, b, bits in plain["dependences"]),
        rules=rules,
        join=float(plain["join"]),
        review=float(plain["review"]),
        cluster=float(plain["cluster"]),
        max_cluster=int(plain["max_cluster"]),
        forest=None if plain["forest"] is None else Forest.from_plain(plain["forest"]),
        report=plain["report"],
    )
