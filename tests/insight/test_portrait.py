"""Portraits: counts as a plain recount has them, shares and intervals by hand, nothing personal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.sets import Sets
from onepool.insight.portrait import Asked, Channels, Counts, Portrait, index, portrait
from onepool.layout import columns_of
from onepool.pool import DuckDBEngine
from onepool.pool.schema import create
from onepool.standards import load_standard
from onepool.tick import marks

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
STANDARD = load_standard([])
TABLES = (
    "segment_members",
    "segment_changes",
    "tag_values",
    "tag_changes",
    "customer_of",
    "profiles",
    "events",
    "meta",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    pool = DuckDBEngine(":memory:", ZONE, threads=1)
    with pool.write() as session:
        create(session, columns_of(STANDARD))
        marks.make(session)
    yield pool
    pool.close()


def fill(pool: DuckDBEngine, people: dict[int, dict[str, Any]]) -> None:
    """Customers by number: attributes under their names, `tags`, `segments`, `channels`."""
    with pool.write() as session:
        for table in TABLES:
            session.execute(f"DELETE FROM {table}")
        seq = 0
        for customer, one in people.items():
            attributes = {name: value for name, value in one.items() if name not in ("tags", "segments", "channels")}
            session.append("profiles", pa.Table.from_pylist([{"customer_id": customer, **attributes}]))
            # The number of the identifier differs from the customer's.
            owners = [{"identifier_id": customer + 100, "customer_id": customer}]
            session.append("customer_of", pa.Table.from_pylist(owners))
            for segment in one.get("segments", ()):
                session.append("segment_members", pa.table({"customer_id": [customer], "segment": [segment]}))
            for tag, value in one.get("tags", {}).items():
                row: dict[str, Any] = {"customer_id": customer, "tag": tag, "value": None, "number": None, "list": None}
                row |= value if isinstance(value, dict) else {"value": value}
                schema = pa.schema(
                    [
                        ("customer_id", pa.int64()),
                        ("tag", pa.string()),
                        ("value", pa.string()),
                        ("number", pa.float64()),
                        ("list", pa.list_(pa.string())),
                    ]
                )
                session.append("tag_values", pa.Table.from_pylist([row], schema))
            for channel in one.get("channels", ()):
                seq += 1
                row = {"seq": seq, "identifier_id": customer + 100, "event": "page_viewed", "channel": channel}
                session.append("events", pa.Table.from_pylist([row]))


def look(pool: DuckDBEngine, known: list[str], **asked: Any) -> Portrait:
    with pool.read() as session:
        return portrait(session, Sets(), Channels(), STANDARD, known, Asked("s", **asked), AT, ZONE)


def cells(found: Portrait, kind: str, name: str) -> dict[str | None, tuple[int, int, int, int]]:
    one = next(one for one in found.dimensions if (one.kind, one.name) == (kind, name))
    return {
        cell.value: (cell.counts.x_segment, cell.counts.n_segment, cell.counts.x_base, cell.counts.n_base)
        for cell in one.cells
    }


# --- the index -------------------------------------------------------------------------------------------------------


def test_disjoint_groups_have_katz_interval() -> None:
    """Katz et al. 1978: log ratio +- 1.96 sqrt(1/a - 1/n1 + 1/b - 1/n0), here 40 of 100 against 160 of 900."""
    found = index(Counts(100, 40, 0, 0, 900, 160))
    assert found.tgi == pytest.approx(40 / 100 / (160 / 900) * 100)
    error = math.sqrt(1 / 40 - 1 / 100 + 1 / 160 - 1 / 900)
    assert found.standard_error == pytest.approx(error)
    assert found.low == pytest.approx(found.tgi * math.exp(-1.959963985 * error))
    assert found.high == pytest.approx(found.tgi * math.exp(1.959963985 * error))


def test_a_base_that_holds_the_segment() -> None:
    found = index(Counts(0, 0, 100, 40, 900, 160))
    assert found.tgi == pytest.approx(200.0)
    # By hand: v = x(n - x)/n of the two parts, gradients 1/40 - 1/200 and 1/200.
    variance = 40 * 60 / 100 * (1 / 40 - 1 / 200) ** 2 + 160 * 740 / 900 / 200**2
    assert found.standard_error == pytest.approx(math.sqrt(variance))
    # Sure of the base's other part, one is surer of the ratio than with two groups apart.
    apart = index(Counts(100, 40, 0, 0, 1000, 200)).standard_error
    assert apart is not None and math.sqrt(variance) < apart


def test_the_interval_covers_what_it_says() -> None:
    """Simulated: of segments inside of their base, 95 % of the intervals hold the true ratio (binomial error 3 sd)."""
    random = np.random.default_rng(7)
    runs, inside = 4000, 0
    for _ in range(runs):
        both, rest = int(random.binomial(200, 0.3)), int(random.binomial(800, 0.1))
        found = index(Counts(0, 0, 200, both, 800, rest))
        assert found.low is not None and found.high is not None
        inside += found.low <= 100 * 0.3 / 0.14 <= found.high
    assert abs(inside / runs - 0.95) < 3 * math.sqrt(0.95 * 0.05 / runs) + 0.005


def test_ends_of_the_scale() -> None:
    same = index(Counts(0, 0, 10, 3, 0, 0))
    assert (same.tgi, same.low, same.high) == (100, 100, 100)
    none = index(Counts(0, 0, 100, 0, 900, 90))
    assert none.tgi == 0 and none.low == 0 and none.high is not None and 0 < none.high < 100
    only = index(Counts(50, 20, 0, 0, 900, 0))
    assert only.tgi is None and only.low is not None and only.low > 100 and only.high is None
    every = index(Counts(0, 0, 20, 20, 80, 80))
    assert every.tgi == 100 and every.low is not None and every.high is not None and every.low < 100 < every.high
    for empty in (Counts(0, 0, 0, 0, 5, 1), Counts(5, 1, 0, 0, 0, 0), Counts(0, 0, 5, 0, 5, 0)):
        assert index(empty) == index(Counts(0, 0, 0, 0, 0, 0)) and index(empty).tgi is None


counts = st.integers(0, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(counts, counts, counts)
def test_index_is_in_its_interval(a: Any, b: Any, c: Any) -> None:
    found = index(Counts(*a, *b, *c))
    if found.tgi is not None:
        assert found.low is not None and found.high is not None
        assert 0 <= found.low <= found.high and math.isfinite(found.high)
        if 0 not in (a[1] + b[1],):
            assert found.surely(1) >= found.surely(100) >= 0


# --- counts ----------------------------------------------------------------------------------------------------------


def test_by_hand(engine: DuckDBEngine) -> None:
    people: dict[int, dict[str, Any]] = {
        1: {"city": "上海市", "gender": "female", "birthday": date(2000, 11, 22), "segments": ["s"]},
        2: {"city": "上海市", "gender": "male", "birthday": date(2000, 11, 23), "segments": ["s", "t"]},
        3: {"city": "杭州市", "gender": "female", "age": 17, "segments": ["t"]},
        4: {"phone": "+8613711112222", "name": "张伟", "remark": "13711112222", "member_no": "M1"},
    }
    people[1] |= {"tags": {"level": "金卡", "points": {"number": 10.0}}, "channels": ["web", "web", "tmall"]}
    people[2] |= {"tags": {"level": "银卡", "points": {"number": 20.0}, "likes": {"list": ["母婴", "童装"]}}}
    people[3] |= {
        "tags": {"level": "金卡", "points": {"number": 60.0}, "likes": {"list": ["母婴"]}},
        "channels": ["web"],
    }
    fill(engine, people)
    found = look(engine, ["level", "points", "likes", "nobody"])
    assert (found.size, found.base_size, found.common, found.at) == (2, 4, 2, AT)
    assert cells(found, "tag", "level") == {"金卡": (1, 2, 2, 3), "银卡": (1, 2, 1, 3)}
    assert cells(found, "tag", "likes") == {"母婴": (1, 1, 2, 2), "童装": (1, 1, 1, 2)}
    assert cells(found, "attribute", "city") == {"上海市": (2, 2, 2, 3), "杭州市": (0, 2, 1, 3)}
    # 26 today, 25 until tomorrow; the age of whom no birthday is known.
    assert cells(found, "attribute", "age_band") == {"25-29": (2, 2, 2, 3), "0-17": (0, 2, 1, 3)}
    assert cells(found, "channel", "channel") == {"web": (1, 1, 2, 2), "tmall": (1, 1, 1, 2)}
    points = next(one for one in found.dimensions if one.name == "points")
    assert points.cells == () and points.numbers is not None and points.base_numbers is not None
    assert (points.numbers.n, points.numbers.mean, points.numbers.median) == (2, 15, 15)
    assert (points.base_numbers.n, points.base_numbers.p25, points.base_numbers.p75) == (3, 15, 40)
    assert all(cell.small for one in found.dimensions for cell in one.cells) and found.top == ()
    likes = next(one for one in found.dimensions if one.name == "likes")
    assert likes.several and (likes.known, likes.base_known) == (1, 2)
    against = look(engine, ["level"], base="t")
    assert (against.size, against.base_size, against.common) == (2, 2, 1)
    assert cells(against, "tag", "level") == {"金卡": (1, 2, 1, 2), "银卡": (1, 2, 1, 2)}
    assert {one.name for one in look(engine, ["level", "likes"], tags=["likes"]).dimensions} == {"likes"}


def test_dates_count_as_time_gone_by(engine: DuckDBEngine) -> None:
    def ago(**span: float) -> datetime:
        return AT - timedelta(**span)

    joined = [date(2026, 11, 22), date(2026, 10, 24), date(2026, 10, 23), date(2025, 1, 1), date(2020, 1, 1)]
    registered = [ago(days=29, hours=23), ago(days=30), ago(days=89), ago(days=364), ago(days=-1)]
    people: dict[int, dict[str, Any]] = {
        number: {"member_since": day, "registered_at": at, "segments": ["s"]}
        for number, (day, at) in enumerate(zip(joined, registered, strict=True))
    }
    fill(engine, people)
    found = look(engine, [])
    since = {value: cell[0] for value, cell in cells(found, "attribute", "member_since").items()}
    assert since == {"<30d": 2, "<90d": 1, "<2y": 1, "2y+": 1}
    # A day that is yet to come is a mistake.
    times = {value: cell[:2] for value, cell in cells(found, "attribute", "registered_at").items()}
    assert times == {"<30d": (1, 4), "<90d": (2, 4), "<1y": (1, 4)}


def test_nothing_personal_is_a_dimension(engine: DuckDBEngine) -> None:
    secret = {"name": "张伟", "phone": "+8613711112222", "email": "a@b.cn", "id_card": "1", "address": "某路 1 号"}
    secret |= {"nickname": "小张", "remark": "call 13711112222", "avatar": "https://x/1.png", "member_no": "M1"}
    secret |= {"region_code": "310000", "postcode": "200000", "income_band": "高", "description": "x", "website": "y"}
    fill(engine, {1: {**secret, "city": "上海市", "segments": ["s"]}})
    found = look(engine, [])
    assert [one.name for one in found.dimensions] == ["city"]
    left_out = {name: why for (_, name), why in found.left_out.items()}
    assert left_out.keys() >= secret.keys()
    assert (left_out["phone"], left_out["name"], left_out["member_no"]) == ("personal", "personal", "identifier")
    assert (left_out["remark"], left_out["income_band"]) == ("free_text", "personal")


def test_many_values(engine: DuckDBEngine) -> None:
    people: dict[int, dict[str, Any]] = {
        number: {"city": f"c{number % 25:02}", "segments": ["s"] if number < 25 else [], "tags": {"t": f"v{number}"}}
        for number in range(50)
    }
    fill(engine, people)
    found = look(engine, ["t"])
    cities = cells(found, "attribute", "city")
    assert len(cities) == 21 and cities[None] == (5, 25, 10, 50)
    tags = cells(found, "tag", "t")
    assert len(tags) == 21 and sum(cell[2] for cell in tags.values()) == 50


def test_leaders_are_not_led_by_chance(engine: DuckDBEngine) -> None:
    """In 2,000 customers: `level` differs clearly, `rare` strikingly but in 30 customers, `same` not at all."""
    people: dict[int, dict[str, Any]] = {}
    for number in range(2000):
        inside = number < 500
        tags = {"level": "金卡" if number % 10 < (8 if inside else 2) else "银卡", "same": f"v{number % 3}"}
        tags["rare"] = "yes" if number < 31 or number in (700, 800) else "no"
        people[number] = {"segments": ["s"] if inside else [], "tags": tags}
    with engine.write() as session:
        for table in TABLES:
            session.execute(f"DELETE FROM {table}")
        ids = list(people)
        session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        session.append("segment_members", pa.table({"customer_id": ids[:500], "segment": ["s"] * 500}))
        for tag in ("level", "same", "rare"):
            values = [people[number]["tags"][tag] for number in ids]
            session.append("tag_values", pa.table({"customer_id": ids, "tag": [tag] * 2000, "value": values}))
    found = look(engine, ["level", "same", "rare"])
    assert [one.dimension.name for one in found.top] == ["rare", "level"]
    rare, level = found.top
    assert rare.cell.value == "yes" and rare.cell.counts.x_segment == 31
    assert level.cell.value in ("金卡", "银卡") and not level.cell.small
    assert found.compared == 7 and rare.bound > level.bound > 0
    assert rare.bound == rare.cell.index.surely(7) < abs(math.log(rare.cell.index.tgi / 100))  # type: ignore[operator]
    stricter = look(engine, ["level", "same", "rare"], min_cell=32)
    assert [(one.dimension.name, one.cell.value) for one in stricter.top] == [
        ("level", level.cell.value),
        ("rare", "no"),
    ]


VALUES = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
person = st.fixed_dictionaries(
    {
        "city": VALUES,
        "interests": st.one_of(st.none(), st.lists(st.sampled_from(["a", "b"]), max_size=3)),
        "points_balance": st.one_of(st.none(), st.floats(-5, 5)),
        "segments": st.lists(st.sampled_from(["s", "t"]), unique=True),
        "channels": st.lists(st.sampled_from(["web", "tmall"]), max_size=3),
        "tag": st.one_of(
            VALUES,
            st.floats(0, 9).map(lambda number: {"number": number}),
            st.lists(st.sampled_from(["a", "b"]), unique=True).map(lambda values: {"list": values}),
        ),
    }
)


def said(value: Any) -> set[str]:
    """The values that a customer has of something."""
    if value is None:
        return set()
    if isinstance(value, dict):
        return set(value.get("list", ()))
    return set(value) if isinstance(value, list) else {value}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.dictionaries(st.integers(0, 20), person, min_size=1, max_size=12), base=st.sampled_from(["all", "t"]))
def test_counts_are_a_plain_recount(engine: DuckDBEngine, people: dict[int, dict[str, Any]], base: str) -> None:
    rows = {}
    for number, one in people.items():
        row = {key: value for key, value in one.items() if key != "tag" and value is not None}
        rows[number] = row | ({"tags": {"tag": one["tag"]}} if one["tag"] is not None else {})
    fill(engine, rows)
    found = look(engine, ["tag"], base=base)
    segment = {number for number, one in people.items() if "s" in one["segments"]}
    compared = {number for number, one in people.items() if base == "all" or base in one["segments"]}
    assert (found.size, found.base_size, found.common) == (len(segment), len(compared), len(segment & compared))
    for name, kind in (("city", "attribute"), ("interests", "attribute"), ("channels", "channel"), ("tag", "tag")):
        title = "channel" if kind == "channel" else name
        shown = [one for one in found.dimensions if (one.kind, one.name) == (kind, title)]
        has = {number for number, one in people.items() if said(one[name]) or (name == "tag" and one[name] is not None)}
        if not shown:
            assert not has & (segment | compared) or name == "tag"
            continue
        assert (shown[0].known, shown[0].base_known) == (len(has & segment), len(has & compared))
        inside = Counter(value for number in segment for value in said(people[number][name]))
        outside = Counter(value for number in compared for value in said(people[number][name]))
        expected = {
            value: (inside[value], len(has & segment), outside[value], len(has & compared))
            for value in inside | outside
        }
        assert {value: cell for value, cell in cells(found, kind, title).items() if cell[0] or cell[2]} == expected
    numbers = [one["points_balance"] for number, one in people.items() if number in segment]
    plain = [number for number in numbers if number is not None]
    points = [one.numbers for one in found.dimensions if one.name == "points_balance"]
    if plain:
        assert points[0] is not None and points[0].n == len(plain)
        assert points[0].mean == pytest.approx(sum(plain) / len(plain), abs=1e-9)
        assert points[0].median == pytest.approx(float(np.quantile(plain, 0.5)), abs=1e-9)


def test_kept_numbers_follow_the_ticks(engine: DuckDBEngine) -> None:
    """What is kept of a tag's numbers counts until an outcome changes the tag, and not a reading longer."""
    people = {
        number: {"segments": ["s"] if number < 3 else [], "tags": {"points": {"number": float(number)}}}
        for number in range(1, 5)
    }
    fill(engine, people)
    sets, channels = Sets(), Channels()

    def now(outcome: str, base: str = "all") -> tuple[Any, Any]:
        with engine.write() as session:
            marks.put(session, "outcome_id", outcome)
        with engine.read() as session:
            found = portrait(session, sets, channels, STANDARD, ["points"], Asked("s", base), AT, ZONE)
        [points] = found.dimensions
        assert points.numbers is not None and points.base_numbers is not None
        return points.numbers.mean, points.base_numbers.mean

    assert now("1") == (1.5, 2.5) == now("1") == now("2")
    with engine.write() as session:
        change = {"change_id": 3, "customer_id": 4, "tag": "points", "number": 8.0}
        session.append("tag_changes", pa.Table.from_pylist([change]))
        session.execute("UPDATE tag_values SET number = 8 WHERE customer_id = 4")
    assert now("3") == (1.5, 3.5)
    assert now("3", base="s") == (1.5, 1.5)


def test_channels_follow_new_events_merges_and_removals(engine: DuckDBEngine) -> None:
    fill(engine, {1: {"channels": ["web"]}, 2: {"channels": ["web", "tmall"]}})
    channels = Channels()

    def now() -> dict[str, set[int]]:
        with engine.read() as session:
            return {name: set(members) for name, members in channels.customers(session).items()}

    assert now() == {"web": {1, 2}, "tmall": {2}} == now()
    with engine.write() as session:
        session.append("events", pa.table({"seq": [10], "identifier_id": [101], "channel": ["jd"]}))
    assert now() == {"web": {1, 2}, "tmall": {2}, "jd": {1}}
    with engine.write() as session:
        session.append("events", pa.table({"seq": [4], "identifier_id": [102], "channel": ["jd"]}))
    assert now()["jd"] == {1, 2}, "an event that came in under an old number"
    with engine.write() as session:
        session.execute("UPDATE customer_of SET customer_id = 1")
    assert now() == {"web": {1}, "tmall": {1}, "jd": {1}}
    with engine.write() as session:
        session.execute("DELETE FROM events WHERE channel = 'tmall'")
    assert now() == {"web": {1}, "jd": {1}}
