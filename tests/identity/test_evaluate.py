"""Evaluation against the truth: the same figures as counting every pair."""

from __future__ import annotations

from itertools import combinations

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.evaluate import Evaluation, TruthError, evaluate, price


def _tables(truth: dict[str, int], found: dict[str, int]) -> tuple[pa.Table, pa.Table]:
    return (
        pa.table(
            {"record_id": pa.array(truth, pa.string()), "entity_id": pa.array([f"e{one}" for one in truth.values()])}
        ),
        pa.table({"record_id": pa.array(found, pa.string()), "cluster": pa.array(found.values(), pa.int64())}),
    )


def _naive(truth: dict[str, int], found: dict[str, int]) -> dict[str, float]:
    cluster = {record: found.get(record, f"alone {record}") for record in truth}
    together = {frozenset(pair) for pair in combinations(truth, 2) if cluster[pair[0]] == cluster[pair[1]]}
    same = {frozenset(pair) for pair in combinations(truth, 2) if truth[pair[0]] == truth[pair[1]]}
    members = {one: {record for record in truth if cluster[record] == one} for one in cluster.values()}
    persons = {one: {record for record in truth if truth[record] == one} for one in truth.values()}
    wrong = [group for group in members.values() if len({truth[one] for one in group}) > 1]
    n = len(truth)
    return {
        "true_pairs": len(same),
        "found_pairs": len(together),
        "right_pairs": len(same & together),
        "bp": sum(len(members[cluster[r]] & persons[truth[r]]) / len(members[cluster[r]]) for r in truth) / n,
        "br": sum(len(members[cluster[r]] & persons[truth[r]]) / len(persons[truth[r]]) for r in truth) / n,
        "exact": sum(group in members.values() for group in persons.values()),
        "over": sum(any(group & bad for bad in wrong) for group in persons.values()),
        "under": sum(len({cluster[one] for one in group}) > 1 for group in persons.values()),
        "largest": max(map(len, members.values())),
        "largest_wrong": max(map(len, wrong), default=0),
    }


RECORDS = st.sampled_from([f"r{number}" for number in range(12)])


@settings(deadline=None)
@given(
    st.dictionaries(RECORDS, st.integers(0, 5), min_size=1),
    st.dictionaries(RECORDS, st.integers(0, 5)),
)
def test_same_as_counting_every_pair(truth: dict[str, int], found: dict[str, int]) -> None:
    got, want = evaluate(*_tables(truth, found)), _naive(truth, found)
    assert (got.true_pairs, got.found_pairs, got.right_pairs) == tuple(
        want[name] for name in ("true_pairs", "found_pairs", "right_pairs")
    )
    assert got.bcubed.precision == pytest.approx(want["bp"])
    assert got.bcubed.recall == pytest.approx(want["br"])
    assert (got.exact_persons, got.over_merged, got.under_merged) == (want["exact"], want["over"], want["under"])
    assert (got.largest_cluster, got.largest_wrong_cluster) == (want["largest"], want["largest_wrong"])
    assert got.not_found == len(truth.keys() - found.keys())
    assert got.not_in_truth == len(found.keys() - truth.keys())
    assert (got.records, got.persons) == (len(truth), len(set(truth.values())))


@given(st.dictionaries(RECORDS, st.integers(0, 5), min_size=1))
@settings(deadline=None)
def test_the_truth_itself_is_without_fault(truth: dict[str, int]) -> None:
    got = evaluate(*_tables(truth, truth))
    assert got.pairwise.f1 == got.bcubed.f1 == got.exact_clusters == 1.0
    assert price(got).total == 0


def test_everyone_in_one_cluster() -> None:
    truth = {f"r{number}": number // 2 for number in range(20_000)}
    got = evaluate(*_tables(truth, dict.fromkeys(truth, 0)))
    assert got.over_merge == 10_000 and got.under_merge == 0
    assert got.pairwise.recall == 1.0
    assert got.pairwise.precision == pytest.approx(10_000 / (20_000 * 19_999 / 2))
    assert got.largest_wrong_cluster == 20_000


def test_nothing_found_is_precise_and_recalls_nothing() -> None:
    got = evaluate(*_tables({"a": 1, "b": 1, "c": 2}, {}))
    assert (got.pairwise.precision, got.pairwise.recall, got.pairwise.f1) == (1.0, 0.0, 0.0)
    assert got.not_found == 3 and got.under_merged == 1 and got.over_merged == 0


def test_empty() -> None:
    got = evaluate(*_tables({}, {}))
    assert got.records == got.persons == got.largest_cluster == 0
    assert got.pairwise.f1 == got.bcubed.f1 == 1.0 and price(got).per_10k == 0


def _evaluation() -> Evaluation:
    truth = {"a": 1, "b": 1, "c": 2, "d": 3, "e": 3}
    return evaluate(*_tables(truth, {"a": 1, "b": 1, "c": 1, "d": 2, "e": 3}))


def test_both_kinds_of_error_are_priced_apart() -> None:
    got = _evaluation()
    assert (got.over_merged, got.under_merged) == (2, 1)
    cost = price(got)
    assert (cost.over, cost.under, cost.total) == (100.0, 1.0, 101.0)
    assert cost.per_10k == pytest.approx(101 / 3 * 10_000)
    assert price(got, over=1, under=10).total == 12
    with pytest.raises(ValueError, match="negative"):
        price(got, over=-1)


def test_as_dict_has_the_derived_figures() -> None:
    told = _evaluation().as_dict()
    assert told["pairwise"] == {"precision": 1 / 3, "recall": 0.5, "f1": pytest.approx(0.4)}
    assert told["over_merge"] == pytest.approx(6666.67, abs=0.01)


def test_ids_of_other_types_are_compared_as_texts() -> None:
    truth = pa.table({"record_id": pa.array([1, 2]), "entity_id": pa.array([7, 7])})
    found = pa.table({"record_id": pa.array(["2", "1"]), "cluster": pa.array(["x", "x"])})
    assert evaluate(truth, found).pairwise.f1 == 1.0


@pytest.mark.parametrize(
    ("truth", "found", "told"),
    [
        ({"record_id": ["a"]}, {"record_id": ["a"], "cluster": [1]}, "truth: no column entity_id"),
        ({"record_id": ["a"], "entity_id": [1]}, {"record_id": ["a"]}, "found: no column cluster"),
        ({"record_id": ["a", "a"], "entity_id": [1, 2]}, {"record_id": ["a"], "cluster": [1]}, "there already"),
        ({"record_id": ["a", None], "entity_id": [1, 2]}, {"record_id": ["a"], "cluster": [1]}, "without record_id"),
    ],
)
def test_what_cannot_be_evaluated_is_told(truth: dict[str, list], found: dict[str, list], told: str) -> None:
    with pytest.raises(TruthError, match=told):
        evaluate(pa.table(truth), pa.table(found))
