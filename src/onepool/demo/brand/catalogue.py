"""What the brand sells, and what a person of a stage of life takes: a table of weights, with launches through time."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from onepool.demo.people.arrays import F64, I64, Chance, Texts

STAGES = ("none", "expecting", "newborn", "infant", "toddler")
"""Of the youngest child: none, not born yet, under 6, under 18, over 18 months."""

_LAUNCH_DAYS = 21
_LAUNCH_BOOST = 3.0


@dataclass(frozen=True)
class Catalogue:
    """Products by place. ``price`` in fen; ``weights``: shape (stages, products); ``launched``: part of the period."""

    brand: dict[str, str]
    product: Texts
    sku: Texts
    name: Texts
    category: Texts
    price: I64
    weights: F64
    launched: F64
    topics: tuple[str, ...]
    questions: tuple[str, ...]
    keywords: tuple[str, ...]

    def on_sale(self, day: int, days: int) -> F64:
        """Running sums of the weights of each stage on a day, shape (stages, products): what is new draws people."""
        since = day - np.floor(self.launched * days)
        boost = np.where(self.launched > 0, np.where(since < _LAUNCH_DAYS, _LAUNCH_BOOST, 1.0), 1.0)
        weights = self.weights * np.where(since >= 0, boost, 0.0)
        sums: F64 = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
        return sums

    def draw(self, chance: Chance, sums: F64, stage: I64) -> I64:
        """A product for each of these stages."""
        drawn = chance.random(stage.size)
        found = np.zeros(stage.size, np.int64)
        for number in range(len(STAGES)):
            here = np.flatnonzero(stage == number)
            found[here] = np.searchsorted(sums[number], drawn[here], side="right")
        return np.minimum(found, self.price.size - 1)


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue of this package."""
    text = importlib.resources.files("onepool.demo.brand").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    products = data["products"]
    numbers = range(1, len(products) + 1)
    return Catalogue(
        brand=data["brand"],
        product=np.array([f"MY{number:04d}" for number in numbers], object),
        sku=np.array([f"69{2_024_000_000 + number * 37:011d}" for number in numbers], object),
        name=np.array([one["name"] for one in products], object),
        category=np.array([one["category"] for one in products], object),
        price=np.array([one["price"] * 100 for one in products], np.int64),
        weights=np.array([one["weights"] for one in products], np.float64).T.copy(),
        launched=np.array([one.get("launched", 0.0) for one in products]),
        topics=tuple(data["topics"]),
        questions=tuple(data["questions"]),
        keywords=tuple(str(one) for one in data["keywords"]),
    )
