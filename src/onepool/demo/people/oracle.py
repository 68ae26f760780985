"""How well anybody could do: an oracle that knows the rates, and baselines that know nothing.

The oracle is a Bayes classifier. It starts from what is certain (ids that a platform gives out together), compares
groups that share a phone, a masked phone or a name with birthday or home, and adds up per field the log likelihood
ratio of what the comparison shows, log2 P(level | same person) / P(level | other persons), with both probabilities and
the prior counted from the truth of this very population: the rates as they came out. Because fields are not independent
(families share surname, home and phone), the sum is set right by the count of pairs that compare in exactly this way.
Pairs above a threshold are joined and compared anew as a whole, four times. The threshold is the one that finds most
pairs of identifiers while at most one person in 10,000 is merged with a stranger.

What makes it a bound, and what keeps it from being a perfect one: it reads names and addresses without error, it counts
and picks its threshold by the truth, and it never trusts a placeholder; but values that more than 30 groups share make
no pairs, orders' receivers and devices are not looked at, and names alone with a city make no pairs. ``ceiling`` joins
every true pair that has any such evidence, as if all doubt could be settled; ``careful_rules`` knows no rates, only
what the comparisons mean. ``flat`` is the same for the flat table alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from onepool.demo.people.arrays import F64, I64, Bools
from onepool.demo.people.compare import (
    BIRTHDAY,
    BOTH_PROVED,
    DIFFERENT,
    GENDER,
    LEVELS,
    NAME,
    SAME_SOUND,
    SAME_TEXT,
    Pairs,
    compared,
    use_spans,
)
from onepool.demo.people.evidence import (
    QUIET,
    Evidence,
    certain_groups,
    flat_evidence,
    joined,
    read_evidence,
)
from onepool.demo.people.owners import ACCOUNT, PHONE
from onepool.demo.people.world import KEYS
from onepool.identity.evaluate import Evaluation, evaluate

LIMIT: Final = 1.0
"""Persons merged with a stranger, per 10,000: the most that is allowed."""

THRESHOLDS: Final = (1.0, 3.0, 5.0, 6.0, 7.0, 7.5, 8.0, 8.5, 9.0, 10.0, 11.0, 12.0, 14.0, 16.0, 18.0)
"""Log2 odds from which a pair is joined."""

ROUNDS: Final = 4
_SMOOTH: Final = 0.5
_LEAN: Final = 20.0
"""The pooled shares count as so many pairs."""

Scorer = Callable[[Evidence, I64], Evaluation]


def bounds(truth: Path) -> dict[str, Any]:
    """The scores of the oracle and of the baselines on what ``generate`` wrote; also into ``truth/bounds.json``."""
    evidence = read_evidence(truth)
    groups = certain_groups(evidence)
    found: dict[str, Any] = {"limit_over_merge": LIMIT}
    found["apart"] = _told(_score(evidence, np.arange(evidence.person.size), apart=True))
    found["platform_ids"] = _told(_score(evidence, groups))
    found["phone"] = _told(_score(evidence, _same_phone(evidence, groups), naive=True))
    found["name_and_phone"] = _told(_score(evidence, _same_name_and_phone(evidence, groups), naive=True))
    found["careful_rules"] = _told(_score(evidence, _careful(evidence, groups)))
    found["ceiling"] = _told(_score(evidence, _ceiling(evidence, groups)))
    found |= _oracle(evidence, groups)
    flat = flat_evidence(evidence)
    groups = certain_groups(flat)
    found["flat"] = {
        "email": _told(_score_flat(flat, groups)),
        "careful_rules": _told(_score_flat(flat, _careful(flat, groups))),
        "ceiling": _told(_score_flat(flat, _ceiling(flat, groups))),
        **_oracle(flat, groups, _score_flat),
    }
    (truth / "bounds.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def _told(score: Evaluation) -> dict[str, Any]:
    return {
        "recall": round(score.pairwise.recall, 5),
        "precision": round(score.pairwise.precision, 5),
        "f1": round(score.pairwise.f1, 5),
        "bcubed_f1": round(score.bcubed.f1, 5),
        "exact_clusters": round(score.exact_clusters, 5),
        "over_merge": round(score.over_merge, 3),
        "under_merge": round(score.under_merge, 1),
        "largest_cluster": score.largest_cluster,
    }


# -- the oracle -----------------------------------------------------------------------------------------------------


def _oracle(evidence: Evidence, groups: I64, score: Scorer | None = None) -> dict[str, Any]:
    """The oracle at each threshold, and at the best within the limit."""
    score = score or _score
    pairs = compared(evidence, groups)  # the same for all thresholds at the start
    weight = log_odds(pairs, _same(evidence, groups, pairs))
    curve = [(one, score(evidence, _joined_at(evidence, groups, pairs, weight, one))) for one in THRESHOLDS]
    within = [one for one in curve if one[1].over_merge <= LIMIT] or curve[-1:]
    threshold, best = max(within, key=lambda one: one[1].pairwise.recall)
    return {
        "oracle": _told(best) | {"threshold_log2_odds": threshold},
        "oracle_by_threshold": [{"log2_odds": one, **_told(found)} for one, found in curve],
    }


def _joined_at(evidence: Evidence, groups: I64, pairs: Pairs, weight: F64, threshold: float) -> I64:
    """The groups after joining whatever is above the threshold, round by round."""
    for turn in range(ROUNDS):
        take = weight >= threshold
        if not take.any():
            break
        groups = joined(int(groups.max()) + 1, pairs.left[take], pairs.right[take])[groups]
        if turn < ROUNDS - 1:
            pairs = compared(evidence, groups)
            weight = log_odds(pairs, _same(evidence, groups, pairs))
    return groups


def log_odds(pairs: Pairs, same: Bools) -> F64:
    """Log2 odds that each pair is one person, with tables counted from the truth.

    Each stratum has tables of its own; where it has few pairs of a kind, they lean on those of all strata. What the
    fields say together is then set right by how often pairs that compare in just this way are one person.
    """
    weight = np.zeros(same.size)
    for stratum in np.unique(pairs.stratum).tolist():
        here = pairs.stratum == stratum
        weight[here] = np.log2(((same & here).sum() + _SMOOTH) / ((~same & here).sum() + _SMOOTH))
        for column, levels in enumerate(LEVELS):
            level = pairs.levels[:, column]
            m, u = (_shares(level, of, of & here, levels) for of in (same, ~same))
            weight[here] += np.log2(m / u)[level[here]]
    cell = pairs.stratum.copy()
    for column, levels in enumerate(LEVELS):
        cell = cell * levels + pairs.levels[:, column]
    cell = np.unique(cell, return_inverse=True)[1].reshape(-1)
    right, wrong = (np.bincount(cell[of], minlength=int(cell.max(initial=0)) + 1)[cell] for of in (same, ~same))
    other = 1 / (1 + np.exp2(np.clip(weight, -50, 50)))
    odds: F64 = np.log2((right + 1 - other) / (wrong + other))
    return odds


def _shares(level: I64, everywhere: Bools, here: Bools, levels: int) -> F64:
    """The share of each level among the pairs ``here``, leaning on those of all pairs of the kind."""
    pooled = np.bincount(level[everywhere], minlength=levels) + _SMOOTH
    counted = np.bincount(level[here], minlength=levels) + _LEAN * pooled / pooled.sum()
    shares: F64 = counted / counted.sum()
    return shares


def _same(evidence: Evidence, groups: I64, pairs: Pairs) -> Bools:
    """Whether the pairs are one person: that of most of the group's accounts (nearly always all of them)."""
    person = np.zeros(int(groups.max()) + 1, np.int64)
    person[groups] = evidence.person
    same: Bools = person[pairs.left] == person[pairs.right]
    return same


# -- what it is held against ------------------------------------------------------------------------------------------


def _ceiling(evidence: Evidence, groups: I64) -> I64:
    """Every true pair with any evidence joined, until nothing changes."""
    for _ in range(ROUNDS):
        pairs = compared(evidence, groups)
        take = _same(evidence, groups, pairs)
        if not take.any():
            break
        groups = joined(int(groups.max()) + 1, pairs.left[take], pairs.right[take])[groups]
    return groups


def _careful(evidence: Evidence, groups: I64) -> I64:
    """Rules that a careful person would write.

    Two proofs of one phone with no long silence between them; or names of one sound together with a phone, a masked
    phone and surname, a birthday or a home; and no other birthday or sex.
    """
    for _ in range(ROUNDS):
        pairs = compared(evidence, groups)
        levels = pairs.levels
        take = (pairs.stratum == BOTH_PROVED) | np.isin(levels[:, NAME], (SAME_TEXT, SAME_SOUND))
        take &= (levels[:, BIRTHDAY] != DIFFERENT) & (levels[:, GENDER] != DIFFERENT)
        if not take.any():
            break
        groups = joined(int(groups.max()) + 1, pairs.left[take], pairs.right[take])[groups]
    return groups


def _same_phone(evidence: Evidence, groups: I64) -> I64:
    """Whoever gives the same number is one person."""
    return _closed(evidence, groups, evidence.use_number)


def _same_name_and_phone(evidence: Evidence, groups: I64) -> I64:
    """Accounts with exactly the same name and number are one person."""
    text = evidence.text[evidence.use_account]
    return _closed(evidence, groups, np.where(text >= 0, evidence.use_number * 10_000_000 + text, -1))


def _closed(evidence: Evidence, groups: I64, key: I64) -> I64:
    rows = np.flatnonzero((key >= 0) & evidence.usable[evidence.use_account])
    rows = rows[np.argsort(key[rows], kind="stable")]
    equal = key[rows[1:]] == key[rows[:-1]]
    account = evidence.use_account[rows]
    return joined(int(groups.max()) + 1, groups[account[:-1][equal]], groups[account[1:][equal]])[groups]


def _score(evidence: Evidence, groups: I64, *, apart: bool = False, naive: bool = False) -> Evaluation:
    """The evaluation of groups of accounts, with the person's other identifiers put to theirs.

    A phone goes to its only group; of several, to the one that proved it last, unless another used it long after
    (``naive``: to whoever used it last). ``apart``: every identifier by itself.
    """
    kind = evidence.nodes.column("kind").to_numpy().astype(np.int64)
    node = evidence.nodes.column("node").to_numpy().astype(np.int64)
    own = int(groups.max()) + 1 + np.arange(node.size, dtype=np.int64)
    cluster = own.copy()
    if not apart:
        accounts = kind == ACCOUNT
        cluster[accounts] = groups[node[accounts]]
        for bit in range(len(KEYS)):
            rows = np.flatnonzero((evidence.shown >> bit & 1 == 1) & evidence.usable)
            of_person = np.full(int(evidence.person.max()) + 1, -1, np.int64)
            of_person[evidence.person[rows]] = groups[rows]
            here = np.flatnonzero(kind == bit)
            cluster[here] = np.where(of_person[node[here]] >= 0, of_person[node[here]], own[here])
        here = np.flatnonzero(kind == PHONE)
        cluster[here] = _owner_of(evidence, groups, node[here], own[here], naive)
    gone = ~evidence.usable[np.where(kind == ACCOUNT, node, 0)] & (kind == ACCOUNT)
    cluster[gone] = own[gone]
    record = pa.array(np.arange(node.size))
    truth = pa.table({"record_id": record, "entity_id": evidence.nodes.column("entity_id")})
    return evaluate(truth, pa.table({"record_id": record, "cluster": cluster}))


def _score_flat(evidence: Evidence, groups: I64) -> Evaluation:
    """The evaluation of groups of the flat table's records."""
    rows = np.flatnonzero(evidence.in_flat)
    truth = pa.table({"record_id": rows, "entity_id": evidence.person[rows]})
    return evaluate(truth, pa.table({"record_id": rows, "cluster": groups[rows]}))


def _owner_of(evidence: Evidence, groups: I64, numbers: I64, own: I64, naive: bool) -> I64:
    """The group of each number, or ``own`` where that is in doubt."""
    first, last, group, number, verified = use_spans(evidence, groups)
    order = np.lexsort((last, verified & (not naive), number))
    first, last, group, number, verified = first[order], last[order], group[order], number[order], verified[order]
    starts = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]]))
    ends = np.append(starts[1:], number.size) - 1  # the group that proved it last, else that used it last
    only = starts == ends
    others = np.where(np.isin(np.arange(number.size), ends), 0, first)
    later = np.maximum.reduceat(others, starts) > last[ends] + QUIET
    sure = only | naive | (verified[ends] & ~later)
    place = np.minimum(np.searchsorted(number[ends], numbers), ends.size - 1)
    known = (number[ends][place] == numbers) & sure[place]
    return np.where(known, group[ends][place], own)
