"""Numbers of runs and deeds: published values, nothing else enters, and they spread."""

from __future__ import annotations

import numpy as np

from onepool.journeys.keys import action_keys, bucket, child_keys, event_origin, run_keys

ONE = np.array([1], np.int64)


def test_published_values_never_change() -> None:
    origin = event_origin(["0190a5c4-7d3e-7b52-8f00-0123456789ab"])
    run = run_keys("cart_recall", np.array([42], np.int64), ["C-1001"], origin)
    assert origin.tolist() == [-8173852010687630599]
    assert run.tolist() == [375364433442038]
    assert action_keys(run, "send1", np.array([0], np.int64), 1).tolist() == [369858824207638]
    assert child_keys("care", np.array([42], np.int64), run, "call", ONE).tolist() == [377646500567045]
    assert bucket("cart_recall", np.arange(1, 6, dtype=np.int64)).tolist() == [6310, 1399, 8902, 7947, 9029]


def test_every_part_tells_runs_apart_and_nothing_is_negative() -> None:
    customers = np.array([1, 1, 1, 2], np.int64)
    found = run_keys("a", customers, ["", "k", "", ""], np.array([5, 5, 6, 5], np.int64))
    other = run_keys("b", customers, ["", "k", "", ""], np.array([5, 5, 6, 5], np.int64))
    assert len({*found.tolist(), *other.tolist()}) == 8 and (found >= 0).all()
    keys = {
        int(action_keys(found[:1], node, np.array([visit], np.int64), hop)[0])
        for node in ("n", "m")
        for visit in (0, 1)
        for hop in (0, 1)
    }
    assert len(keys) == 8


def test_customers_spread_evenly_over_buckets_and_salts_are_independent() -> None:
    customers = np.arange(1, 200_001, dtype=np.int64)
    first, second = bucket("one", customers), bucket("two", customers)
    counts = np.bincount(first // 1000, minlength=10)
    # Chi-square with nine degrees of freedom: 27.9 is exceeded once in a thousand.
    assert ((counts - 20_000) ** 2 / 20_000).sum() < 27.9
    both = int(((first < 1000) & (second < 1000)).sum())
    assert abs(both - 2_000) < 200


def test_a_million_keys_are_distinct() -> None:
    customers = np.arange(1_000_000, dtype=np.int64)
    runs = run_keys("a", customers, [""] * customers.size, np.full(customers.size, 7, np.int64))
    assert np.unique(runs).size == customers.size


def test_what_concerns_neighbours_lies_side_by_side() -> None:
    customers = np.arange(1, 100_001, dtype=np.int64)
    runs = run_keys("a", customers, [""] * customers.size, np.full(customers.size, 7, np.int64))
    sent = action_keys(runs, "send", np.zeros(customers.size, np.int64), 1)
    assert (np.diff(runs) > 0).all() and (np.diff(sent) > 0).all() and not (runs == sent).any()
    # Customers of whom only the upper bits of the number differ lie together and are told apart all the same.
    far = (np.arange(1000, dtype=np.int64) << 24) + 5
    again = run_keys("a", far, [""] * far.size, np.full(far.size, 7, np.int64))
    assert np.unique(again).size == far.size and (again >= 0).all()
