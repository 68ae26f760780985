"""The CDNOW sample of the papers: purchases of 2,357 customers of 1997 and 1998."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

FILE = Path(__file__).parents[4] / "shared" / "data" / "cdnow" / "cdnow_sample.parquet"
CALIBRATION_END = date(1997, 9, 30)
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """By customer, in weeks: repeat days, first to last purchase, first purchase to the end; mean repeat spend."""

    frequency: F64
    recency: F64
    age: F64
    mean: F64
    later: F64
    """Purchase days after the end, up to the last day of the data."""


def summary(end: date = CALIBRATION_END) -> Summary:
    """Figures of all customers at the end of a day; the test is skipped where the data are not there."""
    if not FILE.exists():
        pytest.skip(
            f"the CDNOW data are not at {FILE.parent}: see docs/decisions on model tags for where they come from"
        )
    table = pq.read_table(FILE)
    _, customer = np.unique(np.array(table["sample_id"].to_pylist()), return_inverse=True)
    day = table["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    last_day = int(np.datetime64(end, "D").astype(np.int64))
    days, place = np.unique(customer * 100_000 + day, return_inverse=True)
    spent = np.bincount(place, table["amount"].to_numpy())
    who, when = days // 100_000, days % 100_000
    size = int(who.max()) + 1
    inside = when <= last_day
    first, last = np.full(size, 10**9), np.zeros(size, dtype=np.int64)
    np.minimum.at(first, who[inside], when[inside])
    np.maximum.at(last, who[inside], when[inside])
    frequency = np.bincount(who[inside], minlength=size) - 1
    repeat = inside & (when > first[who])
    money = np.bincount(who[repeat], spent[repeat], minlength=size)
    mean = np.divide(money, frequency, out=np.zeros(size), where=frequency > 0)
    later = np.bincount(who[~inside], minlength=size).astype(np.float64)
    return Summary(frequency.astype(np.float64), (last - first) / 7, (last_day - first) / 7, mean, later)
