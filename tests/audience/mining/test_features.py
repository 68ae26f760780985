"""Features: what they count, and that nothing from after the instant gets in."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from onepool.audience.mining.features import FeaturePlan, Frame, drawn, plan_features, read_features
from onepool.audience.tags.learned import Features
from onepool.pool import DuckDBEngine

from . import shop

CUT = shop.START + timedelta(days=120)
CTX = shop.context()
_TIME = pa.timestamp("us", tz="UTC")


def read(engine: DuckDBEngine, plan: FeaturePlan, customer: int | None = None) -> Frame:
    with engine.read() as session:
        return read_features(session, plan, CUT, CTX, customer)


def planned(engine: DuckDBEngine, asked: Features | None = None, **said: bool) -> FeaturePlan:
    with engine.read() as session:
        return plan_features(session, asked or Features(), CUT, 60, CTX, **said)


def column(plan: FeaturePlan, frame: Frame, name: str) -> shop.F64:
    place = [one.name for one in plan.columns].index(name)
    return frame.matrix[:, place].astype(np.float64)


def test_they_count_what_happened() -> None:
    known = shop.shop(300, 9)
    engine = shop.pool(known)
    plan = planned(engine)
    frame = read(engine, plan)
    inside = (known.day >= 60) & (known.day < 120)
    assert frame.customers.tolist() == np.unique(known.customer[inside]).tolist()
    orders = inside & (known.kind == 1)
    times, late = column(plan, frame, "order_paid_times_60d"), column(plan, frame, "order_paid_times_7d")
    since, first = column(plan, frame, "order_paid_since"), column(plan, frame, "order_paid_first")
    amount, days = column(plan, frame, "order_paid_amount_60d"), column(plan, frame, "order_paid_days_60d")
    toys, city = column(plan, frame, "category_toys_60d"), column(plan, frame, "attribute_city")
    levels = next(one.levels for one in plan.columns if one.name == "attribute_city")
    assert levels is not None
    for row, customer in enumerate(frame.customers.tolist()):
        mine = orders & (known.customer == customer)
        ago = np.floor(120 - known.day[mine] - 1e-9)
        assert times[row] == mine.sum() and late[row] == (ago < 7).sum()
        assert days[row] == np.unique(ago).size
        assert abs(amount[row] - known.amount[mine].sum()) < 0.01 * max(1, amount[row] / 1000)
        if mine.any():
            assert (since[row], first[row]) == (ago.min(), ago.max())
        else:
            assert np.isnan(since[row]) and np.isnan(first[row])
        viewed = inside & (known.customer == customer) & (known.kind == 0)
        assert toys[row] == (viewed.sum() if customer % 2 == 0 else 0)
        assert levels[int(city[row])] == ["上海", "北京", "杭州"][(customer - 1) // 6 % 3]


def test_nothing_from_after_the_instant() -> None:
    """Events, attributes and tags of later change nothing, not even which features there are."""
    known = shop.shop(300, 9)
    whole, cut = shop.pool(known), shop.pool(known)
    ids = np.arange(1, 301)
    earlier = pa.array([CUT - timedelta(days=9)] * 300, _TIME)
    later = pa.array([CUT + timedelta(days=1)] * 300, _TIME)
    tags = {"customer_id": ids, "tag": ["points"] * 300, "number": ids % 7 * 1.0, "change_id": np.full(300, 1)}
    facts = {"seq": ids + 10**6, "identifier_id": ids + 10**6, "time": later}
    for one in (whole, cut):
        with one.write() as session:
            session.append("tag_changes", pa.table({**tags, "as_of": earlier}))
    with cut.write() as session:
        session.execute("DELETE FROM events WHERE time >= $cut", {"cut": CUT})
    with whole.write() as session:
        changed = {**tags, "number": ids * 1.0, "change_id": np.full(300, 2)}
        session.append("tag_changes", pa.table({**changed, "as_of": later}))
        session.append("attribute_facts", pa.table({**facts, "attribute": ["city"] * 300, "value": ["later"] * 300}))
        gender = {**facts, "attribute": ["gender"] * 300, "value": ["f", "m"] * 150}
        session.append("attribute_facts", pa.table(gender))
    plan = planned(whole)
    assert plan == planned(cut)
    a, b = read(whole, plan), read(cut, plan)
    assert a.customers.tolist() == b.customers.tolist()
    np.testing.assert_array_equal(a.matrix, b.matrix)
    np.testing.assert_array_equal(column(plan, a, "tag_points"), a.customers % 7)


def test_what_arrived_later_can_be_left_out() -> None:
    known = shop.shop(300, 9)
    late, punctual = shop.pool(known, late=5.0), shop.pool(known)
    plan = planned(punctual, by_arrival=True)
    times = column(plan, read(late, plan), "order_paid_times_7d")
    assert times.sum() < column(plan, read(punctual, plan), "order_paid_times_7d").sum() / 2
    by_time = FeaturePlan(plan.history, plan.columns, by_arrival=False)
    np.testing.assert_array_equal(read(late, by_time).matrix, read(punctual, by_time).matrix)


def test_one_customer_is_read_like_all() -> None:
    engine = shop.pool(shop.shop(300, 9))
    plan = planned(engine)
    frame = read(engine, plan)
    for row in (0, 17, 100):
        customer = int(frame.customers[row])
        one = read(engine, plan, customer)
        assert one.customers.tolist() == [customer]
        np.testing.assert_array_equal(one.matrix[0], frame.matrix[row])


def test_what_is_looked_at_can_be_said() -> None:
    engine = shop.pool(shop.shop(300, 9))
    only = planned(engine, Features(events=["order_paid"], without=["attributes", "order_paid_since", "category:toys"]))
    names = [one.name for one in only.columns]
    assert "order_paid_times_7d" in names and "any_since" in names
    assert not [name for name in names if name.startswith(("product_viewed", "attribute_"))]
    assert "order_paid_since" not in names and "category_toys_60d" not in names
    assert FeaturePlan.from_text(only.text()) == only


def test_customers_beside_have_no_deeds() -> None:
    engine = shop.pool(shop.shop(300, 9))
    plan = planned(engine)
    with engine.read() as session:
        frame = read_features(session, plan, CUT, CTX, besides=np.array([5, 999_999]))
    row = frame.of(np.array([999_999]))[0]
    for place, one in enumerate(plan.columns):
        counted = one.kind in ("times", "days", "amount", "active", "channel", "category")
        assert row[place] == 0 if counted else np.isnan(row[place])


def test_a_share_of_the_customers_is_read_alike() -> None:
    engine = shop.pool(shop.shop(300, 9))
    plan = planned(engine)
    whole = read(engine, plan)
    with engine.read() as session:
        some = read_features(session, plan, CUT, CTX, share=0.4)
    assert some.customers.tolist() == drawn(whole.customers, 0.4).tolist()
    assert 0.25 < some.customers.size / whole.customers.size < 0.55
    np.testing.assert_array_equal(some.matrix, whole.of(some.customers))
    assert drawn(whole.customers, 1.0).size == whole.customers.size
