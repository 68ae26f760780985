"""Splink behind the interface of the matchers."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from onepool.identity.evaluate import evaluate
from onepool.identity.matching import MatchingError, cluster
from onepool.identity.matching import splink_engine as engine

GIVEN = "伟芳娜敏静丽强磊军洋勇艳"
KINDS = {"name": "name", "phone": "phone", "birthday": "date", "region": "region", "gender": "gender"}


def _people(persons: int) -> tuple[pa.Table, pa.Table]:
    """Three records a person: one whole, one with title and mask, one with a birthday but no phone."""
    chance = random.Random(7)
    rows = []
    for person in range(persons):
        surname = chance.choice("王李张刘陈杨黄赵吴周")
        name = surname + chance.choice(GIVEN)  # many share a name: where all are matches there is nothing to learn
        phone = f"13{chance.randrange(10**9):09}"
        born = f"{chance.randrange(1980, 1990)}-{chance.randrange(1, 7):02}-{chance.randrange(1, 6):02}"
        place = chance.choice(["浙江省杭州市西湖区", "上海市浦东新区", "北京市朝阳区", "广东省深圳市南山区"])
        gender = chance.choice("男女")
        rows += [
            (f"{person}a", person, name, phone, born, place, gender),
            (f"{person}b", person, f"{surname}女士", f"{phone[:3]}****{phone[-4:]}", None, place, None),
            (f"{person}c", person, name, None, born, place, gender),
        ]
    columns = list(zip(*rows, strict=True))
    names = ["record_id", "entity_id", "name", "phone", "birthday", "region", "gender"]
    table = pa.table({name: pa.array(values) for name, values in zip(names, columns, strict=True)})
    return table.drop_columns(["entity_id"]), table.select(["record_id", "entity_id"])


def test_without_splink_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "available", lambda: False)
    records, _ = _people(20)
    with pytest.raises(engine.SplinkMissing, match=r"onepool\[splink\]"):
        engine.SplinkModel.fit(records, KINDS)


@pytest.mark.slow
@pytest.mark.skipif(not engine.available(), reason="splink isn't installed")
def test_fits_scores_and_clusters() -> None:
    records, truth = _people(300)
    model = engine.SplinkModel.fit(records, KINDS, threads=1)
    assert model.blocking and all(pairs > 0 for _, pairs in model.blocking)

    pairs = model.predict(records, 0.5)
    found = cluster(pairs, records["record_id"], 0.5)
    evaluation = evaluate(truth, found)
    assert evaluation.pairwise.precision > 0.9
    assert evaluation.pairwise.recall > 0.3  # what is masked and what has no phone share too little with each other
    closed = evaluate(truth, model.components(records, 0.9))
    assert closed.not_found == 0

    candidates = model.candidates(records)
    assert candidates.num_rows >= pairs.num_rows
    wanted = pa.table({"left": ["0c", "0a"], "right": ["0a", "299a"]})
    scored = model.score(records, wanted).sort_by([("probability", "descending")])
    assert set(scored.slice(0, 1).select(["left", "right"]).to_pylist()[0].values()) == {"0a", "0c"}
    levels = {name: scored[f"level:{name}"].to_pylist()[0] for name in KINDS}
    assert levels == {"name": 0, "phone": -1, "birthday": 0, "region": 0, "gender": 0}
    weights = np.array([scored[f"weight:{name}"].to_pylist()[0] for name in KINDS])
    assert weights[0] > 0 and weights[1] == 0


@pytest.mark.skipif(not engine.available(), reason="splink isn't installed")
def test_records_that_cannot_be_matched_are_told() -> None:
    records, _ = _people(1)
    with pytest.raises(MatchingError):
        engine.SplinkModel.fit(records.slice(0, 1), KINDS)
