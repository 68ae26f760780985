"""Codes are given out once for each key, never beyond the stock, whatever is cut short or runs at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, event, select

from onepool.clock import FakeClock
from onepool.definitions import Definitions
from onepool.reach import coupons
from onepool.reach.coupons import codes as codes_of_batches
from onepool.state import State
from onepool.state.coupons import coupon_codes, coupon_recalls

from .batches import AT, DAY, NOW, batch, figures, generate, issue, redeem


def test_the_same_key_gets_the_same_code_again(state: State) -> None:
    name = batch(state, stock=10)
    first = issue(state, name, [1, 2, 3])
    assert len(set(first)) == 3 and None not in first
    assert issue(state, name, [3, 1, 4])[:2] == [first[2], first[0]]
    assert figures(state, name).issued == 4


def test_a_key_twice_in_one_call_counts_once(state: State) -> None:
    name = batch(state, stock=2, per_customer=5)
    codes = issue(state, name, [7, 7, 8, 7], [1, 1, 1, 1])
    assert codes[0] == codes[1] == codes[3] != codes[2]
    assert issue(state, name, [9], [1]) == [None]


def test_rows_are_served_in_order_until_the_stock_is_gone(state: State) -> None:
    name = batch(state, stock=3)
    codes = issue(state, name, [50, 40, 30, 20, 10])
    assert [code is not None for code in codes] == [True, True, True, False, False]


def test_nobody_gets_more_than_one_may_have(state: State) -> None:
    name = batch(state, per_customer=2)
    assert sum(code is not None for code in issue(state, name, [1, 2, 3, 4], [9, 9, 8, 9])) == 3
    assert issue(state, name, [5, 6], [9, 8])[0] is None
    assert issue(state, name, [6], [8]) != [None]


def test_uploaded_codes_go_out_and_no_others(state: State) -> None:
    name = batch(state, codes={"uploaded": True})
    assert issue(state, name, [1]) == [None]
    with state.read() as connection:
        coupon = coupons.load_batch(connection, name)
    told = coupons.load(state, coupon, ["AAA", "BBB", "AAA", "", "C C"], AT, lambda *_: None)
    assert (told.added, told.duplicates, told.refused) == (2, 1, 2) and "line 4" in told.samples[0]
    assert {*issue(state, name, [1, 2, 3])} == {"AAA", "BBB", None}


def test_codes_made_ahead_go_out_first_and_alone_where_the_shop_must_know_them(state: State) -> None:
    ahead = batch(state, codes={"generated": {"on_demand": False, "prefix": "X-"}}, stock=5)
    assert issue(state, ahead, [1]) == [None]
    assert generate(state, ahead, 100) == 5, "no more than the stock"
    code = issue(state, ahead, [1])[0]
    assert code is not None and code.startswith("X-") and set(code[2:]) <= set(coupons.ALPHABET)
    later = batch(state)
    assert generate(state, later, 1) == 1
    assert None not in issue(state, later, [1, 2])


def test_a_shared_code_is_given_out_as_often_as_the_stock_says(state: State) -> None:
    name = batch(state, codes={"shared": "MIANYU20"}, stock=2)
    assert issue(state, name, [1, 2, 3]) == ["MIANYU20", "MIANYU20", None]
    assert issue(state, name, [2]) == ["MIANYU20"]
    assert redeem(state, "MIANYU20", customer=1) == 1
    assert redeem(state, "MIANYU20", customer=1) == 0 and redeem(state, "MIANYU20", customer=77) == 0
    assert (figures(state, name).redeemed, figures(state, name).strays) == (1, 2)


def test_outside_of_its_time_paused_or_deleted_nothing_is_given_out(state: State) -> None:
    name = batch(state, valid={"from": "2026-11-20", "until": "2026-11-23"})
    assert issue(state, name, [1], at=AT - 3 * DAY) == [None]
    code = issue(state, name, [1])
    assert code != [None] and issue(state, name, [1], at=AT + 9 * DAY) == code
    assert issue(state, name, [2], at=AT + 9 * DAY) == [None]
    assert issue(state, batch(state, paused=True), [1]) == [None]
    assert issue(state, "nothing", [1]) == [None]


def test_how_long_a_code_holds(state: State) -> None:
    name = batch(state, valid={"for": "30 days", "until": "2026-12-01"})
    with state.read() as connection:
        coupon = coupons.load_batch(connection, name)
    # 1 December counts whole, on Shanghai's clock.
    assert coupon.valid.of(AT) == (AT, AT + 9 * DAY + 12 * 3_600_000_000)
    assert coupon.valid.of(AT - 60 * DAY)[1] == AT - 30 * DAY


def test_expired_redeemed_void(state: State) -> None:
    name = batch(state, valid={"for": "1 day"}, touchpoints=["mini"])
    one, two, three, four = issue(state, name, [1, 2, 3, 4])
    assert one and two and three and four
    assert redeem(state, one, "elsewhere") == 0 and redeem(state, one, at=AT + 5) == 1
    assert redeem(state, one, at=AT + 9) == 0, "the earliest stays"
    with state.write() as connection:
        assert coupons.void(connection, name, [two, one], AT) == 1
        assert coupons.expire(connection, AT + DAY - 1) == 0
        assert coupons.expire(connection, AT + DAY) == 2
        assert coupons.expire(connection, AT + DAY) == 0
    now = figures(state, name)
    assert (now.issued, now.redeemed, now.expired, now.void) == (0, 1, 2, 1)
    assert redeem(state, three, at=AT + 2 * DAY) == 1, "a shop may honour it all the same"
    assert figures(state, name).redeemed == 2
    assert issue(state, name, [3]) == [three]


def test_codes_go_with_merged_customers_and_lose_erased_ones(state: State) -> None:
    name = batch(state)
    issue(state, name, [1, 2], [10, 20])
    with state.write() as connection:
        coupons.moved(connection, np.array([20]), np.array([10]))
    assert issue(state, name, [3], [10]) == [None]
    with state.write() as connection:
        coupons.forget(connection, np.array([10]))
        left = connection.execute(select(coupon_codes.c.customer_id).where(coupon_codes.c.batch == name)).scalars()
        assert set(left) == {None}
    assert None not in issue(state, name, [1, 2], [10, 20])


def whose(state: State, name: str) -> list[int | None]:
    with state.read() as connection:
        t = coupon_codes.c
        return list(connection.execute(select(t.customer_id).where(t.batch == name).order_by(t.key)).scalars())


def test_codes_go_back_with_the_identifiers_that_are_split_off(state: State) -> None:
    name = batch(state)
    issue(state, name, [1, 2, 3], [10, 20, 30])
    with state.write() as connection:
        coupons.moved(connection, np.array([30, 20]), np.array([20, 10]))
    assert whose(state, name) == [10, 10, 10]
    with state.write() as connection:
        # 30 comes out together with 20, whose number the customer has.
        apart = coupons.parted(connection, np.array([20, 30, 40]))
        assert apart.tolist() == [20, 30]
        coupons.returned(connection, apart, np.array([20, 20]))
    assert whose(state, name) == [10, 20, 20]
    assert issue(state, name, [4, 5, 6], [10, 20, 30]) == [None, None, *issue(state, name, [6], [30])]
    with state.write() as connection:
        coupons.forget(connection, np.array([20]))
        assert coupons.parted(connection, np.array([20, 30])).tolist() == []
    assert whose(state, name) == [10, None, None, 30]


def test_a_code_of_customer_0_stays_theirs_whoever_redeems_it(state: State) -> None:
    name = batch(state)
    (code,) = issue(state, name, [1], [0])
    assert code is not None and redeem(state, code, customer=7) == 1
    with state.read() as connection:
        assert connection.execute(select(coupon_codes.c.customer_id)).scalars().all() == [0]


def test_void_codes_that_were_given_out_count_towards_the_stock(state: State) -> None:
    name = batch(state, stock=2)
    codes = issue(state, name, [1, 2])
    with state.write() as connection:
        assert coupons.void(connection, name, [str(one) for one in codes], AT) == 2
    assert figures(state, name).given == 2, "a shop may honour them all the same"
    assert issue(state, name, [3, 4]) == [None, None]
    assert redeem(state, str(codes[0])) == 1
    assert (figures(state, name).given, figures(state, name).recalled) == (2, 1)
    more = batch(state, stock=2)
    generate(state, more, 2)
    with state.write() as connection:
        assert coupons.void(connection, more, None, AT) == 2
    assert figures(state, more).given == 0, "nobody ever had those"
    assert None not in issue(state, more, [3, 4])


def test_void_codes_of_before_they_were_kept_apart_are_counted(state: State) -> None:
    name = batch(state, stock=3)
    codes = issue(state, name, [1, 2])
    with state.write() as connection:
        coupons.void(connection, name, [str(codes[0])], AT)
        connection.execute(delete(coupon_recalls))
    assert figures(state, name).recalled == 1
    with state.write() as connection:
        coupons.void(connection, name, [str(codes[1])], AT)
    assert figures(state, name).recalled == 2


def test_a_shared_code_of_a_retired_batch_is_still_redeemed_by_whose_it_is(state: State) -> None:
    name = batch(state, codes={"shared": "HI"}, touchpoints=["mini"])
    issue(state, name, [1, 2, 3], [10, 20, 30])
    Definitions(state, FakeClock(NOW)).delete("coupon", name, author="t")
    assert redeem(state, "HI", customer=30) == redeem(state, "HI", customer=20) == 1
    assert redeem(state, "HI", "elsewhere", customer=10) == 0, "it counts at the touchpoints of its batch"
    with state.read() as connection:
        t = coupon_codes.c
        whose = connection.execute(select(t.customer_id).where(t.batch == name, t.status == "redeemed")).scalars()
        assert set(whose) == {20, 30}
    assert redeem(state, "HI", customer=40) == 0
    assert figures(state, name).strays == 1


def test_a_long_list_is_read_before_the_state_is_held_and_taken_in_by_portions(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes_of_batches, "_PORTION", 2)
    name = batch(state, codes={"uploaded": True})
    with state.read() as connection:
        coupon = coupons.load_batch(connection, name)
    seen: list[int] = []
    told: list[coupons.Loaded] = []

    def lines() -> Iterator[str]:
        yield from ["A1", "A2", "A3", "A3", "no good"]
        with ThreadPoolExecutor(1) as other:  # somebody else writes while the list is read
            other.submit(generate, state, batch(state), 1).result(timeout=5)
        yield "A4"

    def done(connection: Connection, found: coupons.Loaded) -> None:
        told.append(found)

    def opened(_connection: Connection, _batch: str, part: list[str], _at: int) -> int:
        seen.append(len(part))
        return take(_connection, _batch, part, _at)

    take = codes_of_batches._take
    monkeypatch.setattr(codes_of_batches, "_take", opened)
    found = coupons.load(state, coupon, lines(), AT, done)
    assert (found.added, found.duplicates, found.refused) == (4, 1, 1)
    assert told == [found]
    assert seen == [2, 2]
    assert figures(state, name).free == 4
    assert coupons.load(state, coupon, ["A1", "A5"], AT, done).added == 1
    assert coupons.load(state, coupon, [], AT, done).added == 0
    assert len(told) == 3


class Cut(Exception):
    """The process went away in the middle of a transaction."""


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["issue", "issue", "issue", "generate", "void", "expire", "redeem"]),
        st.lists(st.tuples(st.integers(1, 40), st.integers(1, 6)), min_size=1, max_size=12),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    operations=OPERATIONS,
    stock=st.integers(1, 25),
    per_customer=st.integers(1, 4),
    codes=st.sampled_from([{"generated": {}}, {"generated": {"on_demand": False}}, {"shared": "SHARED"}]),
)
def test_whatever_is_cut_short_no_key_gets_two_codes_and_no_more_than_the_stock_goes_out(
    state: State, operations: list[Any], stock: int, per_customer: int, codes: dict[str, Any]
) -> None:
    name = batch(state, stock=stock, per_customer=per_customer, codes=codes, valid={"for": "1 day"})
    told: dict[int, str] = {}
    owner: dict[int, int] = {}
    at = AT
    for what, pairs, cut in operations:
        at += DAY // 4
        keys, customers = [key for key, _ in pairs], [owner.get(key, customer) for key, customer in pairs]
        steps = 0

        def step(*_told: Any, most: int = cut) -> None:
            nonlocal steps
            steps += 1
            if most and steps > most:
                raise Cut

        event.listen(state.engine, "before_cursor_execute", step)
        found: list[str | None] = []
        try:
            if what == "issue":
                found = issue(state, name, keys, customers, at)
            elif what == "generate" and "generated" in codes:
                generate(state, name, len(pairs))
            elif what == "void" and told:
                with state.write() as connection:
                    coupons.void(connection, name, [next(iter(told.values()))], at)
            elif what == "expire":
                with state.write() as connection:
                    coupons.expire(connection, at)
            elif what == "redeem" and told:
                redeem(state, list(told.values())[-1], at=at, customer=1)
        except Cut:
            pass
        finally:
            event.remove(state.engine, "before_cursor_execute", step)
        for key, customer, code in zip(keys, customers, found, strict=False):
            if code is not None:
                assert told.setdefault(key, code) == code, "the same key, the same code"
                owner.setdefault(key, customer)
            else:
                assert key not in told
        now = figures(state, name)
        assert now.given <= stock
        assert now.given + now.void >= len(told)
        if "shared" not in codes:
            assert len(set(told.values())) == len(told), "no code for two keys"
    with state.read() as connection:
        rows = connection.execute(
            select(coupon_codes.c.key, coupon_codes.c.customer_id, coupon_codes.c.status).where(
                coupon_codes.c.batch == name, coupon_codes.c.key.is_not(None)
            )
        ).all()
    assert sorted(row.key for row in rows) == sorted(told)
    for customer in {row.customer_id for row in rows}:
        assert sum(row.customer_id == customer and row.status != "void" for row in rows) <= per_customer


def test_many_at_the_same_time(state: State) -> None:
    name = batch(state, stock=60)
    generate(state, name, 20)

    def one(start: int) -> list[tuple[int, str | None]]:
        keys = [start * 7 + number for number in range(25)]
        return list(zip(keys, issue(state, name, keys), strict=True))

    with ThreadPoolExecutor(4) as pool:
        found = [pair for part in pool.map(one, range(8)) for pair in part]
    told: dict[int, set[str]] = {}
    for key, code in found:
        if code is not None:
            told.setdefault(key, set()).add(code)
    assert all(len(codes) == 1 for codes in told.values())
    assert len({next(iter(codes)) for codes in told.values()}) == len(told) == 60 == figures(state, name).issued


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"face": {}}, "face"),
        ({"face": {"amount": 5, "percent": 5}}, "face"),
        ({"face": {"amount": 5}, "codes": {"shared": "A", "uploaded": True}}, "codes"),
        ({"face": {"amount": 5}, "valid": {"from": "2026-11-02", "until": "2026-11-01"}}, "valid"),
        ({"face": {"amount": 5}, "valid": {"zone": "Mars"}}, "valid.zone"),
        ({"face": {"amount": 5}, "codes": {"generated": {"lenght": 9}}}, "codes.generated.lenght"),
        ({"face": {"amount": 5}, "stok": 5}, "stok"),
    ],
)
def test_faults_are_named_by_place(body: dict[str, Any], place: str) -> None:
    with pytest.raises(coupons.CouponError) as caught:
        coupons.parse_coupon({"coupon": "B", **body})
    assert place in [one.place for one in caught.value.problems]
    if place.endswith(("lenght", "stok")):
        assert caught.value.problems[0].suggestion in ("length", "stock")
