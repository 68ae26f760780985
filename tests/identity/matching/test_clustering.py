"""Average linkage: equal to its definition, independent of the order of rows, never against a prohibition."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.matching import MatchingError, cluster
from onepool.identity.matching.dense import MOST, link_small
from onepool.identity.matching.sparse import average_linkage

RECORDS = 10
Pair = tuple[int, int, int]
pairs_strategy = st.lists(
    st.tuples(st.integers(0, RECORDS - 1), st.integers(0, RECORDS - 1), st.integers(1, 10)).filter(
        lambda p: p[0] != p[1]
    ),
    max_size=30,
    unique_by=lambda p: (min(p[:2]), max(p[:2])),
)


def names(numbers: list[int]) -> list[str]:
    return [f"r{number}" for number in numbers]


def table(pairs: list[Pair]) -> pa.Table:
    return pa.table(
        {
            "left": pa.array(names([p[0] for p in pairs]), pa.string()),
            "right": pa.array(names([p[1] for p in pairs]), pa.string()),
            "probability": pa.array([p[2] / 10 for p in pairs], pa.float64()),
        }
    )


def groups(found: pa.Table) -> set[frozenset[str]]:
    by: dict[str, set[str]] = {}
    for record, top in zip(found["record_id"].to_pylist(), found["cluster"].to_pylist(), strict=True):
        by.setdefault(top, set()).add(record)
    return {frozenset(members) for members in by.values()}


def by_definition(pairs: list[Pair], threshold: float, most: int, caution: float) -> set[frozenset[str]]:
    score = np.zeros((RECORDS, RECORDS), dtype=np.int64)
    for a, b, tenths in pairs:
        score[a, b] = score[b, a] = tenths * 100_000
    members = {record: [record] for record in range(RECORDS)}
    while True:
        best: tuple[float, int, int] | None = None
        for a in members:
            for b in members:
                if a < b and len(members[a]) + len(members[b]) <= most:
                    total = sum(int(score[x, y]) for x in members[a] for y in members[b])
                    count = len(members[a]) * len(members[b])
                    mean = total / count
                    least = threshold * 1_000_000
                    least += (1_000_000 - least) * caution / (caution + count)
                    if total and mean >= least:
                        best = min(best or (-mean, a, b), (-mean, a, b))
        if best is None:
            return {frozenset(names(group)) for group in members.values()}
        members[best[1]] += members.pop(best[2])


@settings(deadline=None, max_examples=150)
@given(
    pairs=pairs_strategy,
    most=st.integers(1, 8),
    threshold=st.sampled_from([0.3, 0.45, 0.6]),
    caution=st.sampled_from([0.0, 0.0, 0.5, 3.0]),
)
def test_equals_its_definition(pairs: list[Pair], most: int, threshold: float, caution: float) -> None:
    ids = pa.array(names(list(range(RECORDS))))
    found = groups(cluster(table(pairs), ids, threshold, max_size=most, caution=caution))
    assert found == by_definition(pairs, threshold, most, caution)


@settings(deadline=None, max_examples=60)
@given(pairs=pairs_strategy, seed=st.integers(0, 1000), twisted=st.lists(st.booleans(), min_size=30, max_size=30))
def test_order_of_rows_changes_nothing(pairs: list[Pair], seed: int, twisted: list[bool]) -> None:
    ids = names(list(range(RECORDS)))
    before = groups(cluster(table(pairs), pa.array(ids), 0.4))
    random = np.random.default_rng(seed)
    mixed = [pairs[i] for i in random.permutation(len(pairs))]
    mixed = [(b, a, s) if turn else (a, b, s) for (a, b, s), turn in zip(mixed, twisted, strict=False)]
    shuffled = [ids[i] for i in random.permutation(len(ids))]
    assert groups(cluster(table(mixed), pa.array(shuffled), 0.4)) == before


@settings(deadline=None, max_examples=60)
@given(
    pairs=pairs_strategy,
    never=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] != p[1]), max_size=6),
    values=st.lists(st.sampled_from([None, "x", "y"]), min_size=RECORDS, max_size=RECORDS),
    most=st.integers(1, 6),
)
def test_limits_hold(pairs: list[Pair], never: list[tuple[int, int]], values: list[str | None], most: int) -> None:
    ids = names(list(range(RECORDS)))
    forbidden = pa.table(
        {
            "left": pa.array(names([a for a, _ in never]), pa.string()),
            "right": pa.array(names([b for _, b in never]), pa.string()),
        }
    )
    found = groups(
        cluster(table(pairs), pa.array(ids), 0.2, cannot_link=forbidden, exclusive={"card": values}, max_size=most)
    )
    value = dict(zip(ids, values, strict=True))
    for group in found:
        assert len(group) <= most
        assert len({value[record] for record in group} - {None}) <= 1
        assert not any({f"r{a}", f"r{b}"} <= group for a, b in never)


def test_a_chain_does_not_become_one_person() -> None:
    chain = [(i, i + 1, 9) for i in range(RECORDS - 1)]
    found = groups(cluster(table(chain), pa.array(names(list(range(RECORDS)))), 0.5))
    assert max(len(group) for group in found) == 2


def test_pairs_with_little_evidence_weigh_little() -> None:
    pairs = table([(0, 1, 10), (1, 2, 10), (0, 2, 1)])
    ids = pa.array(names([0, 1, 2]))
    assert len(groups(cluster(pairs, ids, 0.6))) == 2
    weighed = pairs.append_column("evidence", pa.array([1.0, 1.0, 0.1]))
    assert len(groups(cluster(weighed, ids, 0.6))) == 1


def test_unknown_record_is_refused() -> None:
    with pytest.raises(MatchingError, match="not among the records"):
        cluster(table([(0, 9, 9)]), pa.array(["r0"]), 0.5)


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 10_000), most=st.integers(1, 40), caution=st.sampled_from([0.0, 1.5]), held=st.booleans())
def test_small_groups_are_clustered_as_large_ones(seed: int, most: int, caution: float, held: bool) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(2, MOST + 1))
    a, b = np.triu_indices(size, 1)
    some = np.sort(random.choice(len(a), int(random.integers(1, len(a) + 1)), replace=False))
    left, right = a[some], b[some]
    # Few different scores, so that many are equal; some never, some with little evidence.
    score = random.choice([-(10**15), 0, 300_000, 600_000, 900_000], len(some), p=[0.02, 0.08, 0.3, 0.3, 0.3])
    lack = random.choice([0, 400_000], len(some))
    values = random.integers(-1, 3, (size, int(held)))
    large = average_linkage(left, right, score, lack, size, 400_000.0, caution, most, values)
    small = np.empty(size, dtype=np.int64)
    tables = (np.empty((MOST, MOST), np.int64), np.empty((MOST, MOST), np.int64), np.empty((MOST, MOST), np.bool_))
    link_small(left, right, score, lack, 0, size, 400_000.0, caution, most, values.copy(), *tables, small)
    assert small.tolist() == large.tolist()
