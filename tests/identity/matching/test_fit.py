"""Fitting: the sets of FEBRL without labels, the model as JSON, keys, linking, refusals."""

from __future__ import annotations

import importlib.util
import sys
from itertools import pairwise as pairwise_of
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from onepool.identity.matching import Fit, MatchingError, Model, Settings, fit, guess_columns

SMALL = Settings(random_pairs=40_000, sample=60_000, trees=15)


def _bench(name: str) -> ModuleType:
    """A helper module of the benchmarks (they are scripts, not a package)."""
    path = Path(__file__).parents[3] / "bench" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def pairwise(truth: pa.Table, found: pa.Table) -> tuple[float, float]:
    """Precision and recall of pairs."""
    entity = dict(zip(truth["record_id"].to_pylist(), truth["entity_id"].to_pylist(), strict=True))
    real = np.unique([entity[r] for r in found["record_id"].to_pylist()], return_inverse=True)[1]
    made = np.unique(found["cluster"].to_pylist(), return_inverse=True)[1]

    def pairs(codes: np.ndarray) -> int:
        counts = np.unique(codes, return_counts=True)[1]
        return int((counts * (counts - 1) // 2).sum())

    both = pairs(real * (int(made.max()) + 1) + made)
    return both / max(1, pairs(made)), both / max(1, pairs(real))


@pytest.fixture(scope="module")
def historical() -> tuple[pa.Table, pa.Table, Fit]:
    _bench("_historical_words")  # which the other imports by name
    module = _bench("_historical")
    records, truth = module.make(module.Noise(persons=300, records=6.0), 3)
    return records, truth, fit(records, settings=SMALL)


def test_noisy_records_are_put_together(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    _, truth, found = historical
    precision, recall = pairwise(truth, found.clusters)
    assert precision > 0.8
    assert recall > 0.8


def test_guesses_the_kinds(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    records, _, _ = historical
    assert guess_columns(records) == {
        "full_name": "name",
        "first_and_surname": "name",
        "first_name": "given_name",
        "surname": "surname",
        "dob": "date",
        "birth_place": "category",
        "postcode_fake": "postcode",
        "gender": "gender",
        "occupation": "category",
    }


def test_guesses_chinese_columns() -> None:
    table = pa.table(
        {
            "record_id": ["a", "b"],
            "姓名": ["王小明", "李雷"],
            "手机号": ["138****1234", "139****9999"],
            "生日": ["1990-01-02", "1988-03-04"],
            "省市": ["浙江省杭州市", "北京市"],
            "收货地址": ["西湖区文三路1号", "朝阳区建国路2号"],
            "性别": ["男", "女"],
        }
    )
    assert guess_columns(table) == {
        "姓名": "name",
        "手机号": "masked_phone",
        "生日": "date",
        "省市": "region",
        "收货地址": "address",
        "性别": "gender",
    }


def test_numbers_of_records_are_no_evidence() -> None:
    table = pa.table({"record_id": ["a", "b", "c"], "row_id": ["Q1-1", "Q1-2", "Q2-1"], "card_id": ["7", "7", "8"]})
    assert guess_columns(table) == {"row_id": "ignore", "card_id": "exact_id"}


def test_model_survives_json_and_scores_alike(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    records, _, found = historical
    text = found.model.to_json()
    model = Model.from_json(text)
    assert model.to_json() == text
    scored = model.score(records, found.pairs.select(["left", "right"]))
    assert np.allclose(scored["probability"].to_numpy(), found.pairs["probability"].to_numpy(), atol=1e-6)


def test_damaged_models_are_refused(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    text = historical[2].model.to_json()
    with pytest.raises(MatchingError, match="version"):
        Model.from_json(text.replace('"version": 1', '"version": 99', 1))
    for broken in ("[]", "{}", "null", '{"version": 1}', "not json"):
        with pytest.raises(MatchingError):
            Model.from_json(broken)


def test_order_of_rows_changes_nothing(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    records, _, found = historical
    order = np.random.default_rng(8).permutation(records.num_rows)
    again = fit(records.take(pa.array(order)), settings=SMALL)
    assert again.model.to_json() == found.model.to_json()
    assert again.clusters.equals(found.clusters)


def test_keys_find_the_candidates_of_a_new_record(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    records, _, found = historical
    keys = found.model.keys(records)
    pair = found.model.candidates(records).slice(0, 200)
    by_record: dict[str, set[tuple[int, int]]] = {}
    for record, rule, key in zip(*(keys[name].to_pylist() for name in ("record_id", "rule", "key")), strict=True):
        by_record.setdefault(record, set()).add((rule, key))
    for left, right in zip(pair["left"].to_pylist(), pair["right"].to_pylist(), strict=True):
        assert by_record[left] & by_record[right]
    alone = found.model.keys(records.slice(5, 1))
    name = records["record_id"][5].as_py()
    assert set(zip(alone["rule"].to_pylist(), alone["key"].to_pylist(), strict=True)) == by_record[name]


def test_report_says_what_was_seen(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    report = historical[2].report
    assert report["pairs"] > 0 and 0 < report["blocking_recall"] <= 1
    assert {"comparisons", "rules", "thresholds", "weights", "near", "dependences"} <= set(report)
    thresholds = report["thresholds"]
    assert all(a["recall"] >= b["recall"] for a, b in pairwise_of(thresholds))
    assert all(a["precision"] <= b["precision"] + 1e-9 for a, b in pairwise_of(thresholds))
    for comparison in report["comparisons"]:
        weights = [level["weight"] for level in comparison["levels"]]
        assert weights == sorted(weights, reverse=True)


def test_two_sets_are_linked_across_only(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    records, truth, _ = historical
    entity = truth["entity_id"].to_pylist()
    first: dict[int, int] = {}
    second: dict[int, int] = {}
    for row, number in enumerate(entity):
        (second if number in first else first).setdefault(number, row)
    rows = [*first.values(), *second.values()]
    sides = ["a"] * len(first) + ["b"] * len(second)
    table = records.take(pa.array(rows)).append_column("source", pa.array(sides))
    found = fit(table, links=("link", "a", "b"), settings=SMALL)
    side = dict(zip(table["record_id"].to_pylist(), sides, strict=True))
    pairs = zip(found.pairs["left"].to_pylist(), found.pairs["right"].to_pylist(), strict=True)
    assert all(side[a] != side[b] for a, b in pairs)
    precision, _ = pairwise(truth, found.clusters)
    assert precision > 0.85


def test_a_share_of_the_records_teaches_enough(historical: tuple[pa.Table, pa.Table, Fit]) -> None:
    records, truth, _ = historical
    settings = Settings(random_pairs=40_000, sample=60_000, trees=15, learn_records=1_200)
    precision, recall = pairwise(truth, fit(records, settings=settings).clusters)
    assert precision > 0.75
    assert recall > 0.7


def test_unusable_records_are_refused() -> None:
    with pytest.raises(MatchingError, match="record_id"):
        fit(pa.table({"name": ["a", "b"]}))
    with pytest.raises(MatchingError, match="different in every record"):
        fit(pa.table({"record_id": ["a", "a"], "name": ["x", "y"]}))
    with pytest.raises(MatchingError, match="unknown kind"):
        fit(pa.table({"record_id": ["a", "b"], "name": ["x", "y"]}), columns={"name": "nonsense"})
    with pytest.raises(MatchingError, match="fewer than two"):
        fit(pa.table({"record_id": ["a"], "name": ["x"]}))
