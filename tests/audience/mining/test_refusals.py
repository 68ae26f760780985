"""What a learned tag says when there is too little to learn from: in sentences, whatever the figure is."""

from __future__ import annotations

import re

import numpy as np
import pytest

from onepool.audience.mining.card import Notice
from onepool.audience.mining.classifier import checks as of_classifiers
from onepool.audience.mining.cluster.compute import _refused as too_few_to_cluster
from onepool.audience.mining.clv import checks as of_lifetimes
from onepool.audience.mining.clv.purchases import Figures
from onepool.audience.mining.lookalike.compute import _few, _few_beside

from . import shop

CLASSIFIER = shop.tag("classifier", target={"did": "order_paid"}, ahead="30 days")
LIFETIME = shop.tag("clv", **{"from": {"did": "order_paid", "sum": "amount"}, "horizon": "60 days"})
LIKE = shop.tag("lookalike", like={"attribute": "source", "is": "bargains"})
CLUSTER = shop.tag("cluster", within={"last": "60 days"})


def _bought_again(count: int) -> Figures:
    frequency = np.concatenate([np.ones(count), np.zeros(3)]).astype(np.int64)
    zeros = np.zeros(frequency.size)
    return Figures(frequency, zeros, zeros, zeros.astype(np.int64), zeros)


def _every(count: int) -> list[Notice]:
    return [
        *of_lifetimes.too_few(LIFETIME, _bought_again(count)),
        *of_classifiers.no_history(CLASSIFIER, count, None),
        *of_classifiers.few_positives(CLASSIFIER, count, count, count),
        _few(LIKE, count),
        _few_beside(LIKE, count),
        *too_few_to_cluster(CLUSTER, shop.AT, count).card.refusals,
    ]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_is_not_many_and_nothing_is_no_figure(count: int) -> None:
    said = _every(count)
    assert len(said) == 6
    for one in said:
        text = one.words.en
        assert not re.search(r"\b1 (customers|examples|cut-offs|times)\b", text), text
        assert not re.search(r"\b[02] (customer|example|cut-off|time)\b", text), text
        assert not re.search(r"\b0 ", text), text
        assert (f"{count} " if count else "no ") in text, text
        assert "只有 0" not in one.words.zh and "（）" not in one.words.zh and "开始）" not in one.words.zh
        assert not re.search(r"\bdays?\b", one.words.zh), one.words.zh


def test_what_lacks_is_told_apart() -> None:
    assert "the seed has 1 customer;" in _few(LIKE, 1).words.en
    assert "beside the seed" in _few_beside(LIKE, 1).words.en
