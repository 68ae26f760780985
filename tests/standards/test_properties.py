"""What holds for any input: nothing lost, nothing twice, and no thing's outcome depends on its neighbours."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.collect.inbound import decode
from onepool.collect.log import Record
from onepool.standards import Batch

from .given import TEXTS, json_values, scalars
from .things import file, run, segment

_FIELDS = """amount total revenue currency order_id products price phone email province city district valid_until
    quantity name keyword gift id_card points options coupon url"""
_TRAITS = """name phone email gender birthday city province address id_card interests age vip unionid points_balance
    is_employee registered_at member_no"""
NAMES, TRAITS = _FIELDS.split(), _TRAITS.split()
EVENTS = [
    "Order Completed",
    "order_placed",
    "product_viewed",
    "form_submitted",
    "points_earned",
    "coupon_received",
    "Odd One",
]


def fields(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    lines = st.lists(
        st.dictionaries(st.sampled_from(["product_id", "price", "quantity", "colour"]), scalars()), max_size=2
    )
    return st.dictionaries(st.sampled_from(names), st.one_of(scalars(), json_values(), lines), max_size=6)


def calls() -> st.SearchStrategy[dict[str, Any]]:
    common = {
        "userId": st.sampled_from(["u1", "u2", "null", ""]),
        "anonymousId": st.sampled_from(["a1", "a2"]) | st.none(),
        "timestamp": st.sampled_from(["2026-03-01T10:00:00.5Z", "2026-02-01 10:00", "soon", "2027-01-01T00:00:00Z"])
        | st.none(),
        "context": st.fixed_dictionaries({}, optional={"page": fields(["url", "path"]), "campaign": scalars()}),
    }
    track = {"type": st.just("track"), "event": st.sampled_from(EVENTS), "properties": fields(NAMES), **common}
    identify = {"type": st.just("identify"), "traits": fields(TRAITS), **common}
    return st.one_of(st.fixed_dictionaries(track), st.fixed_dictionaries(identify))


def entries() -> st.SearchStrategy[dict[str, Any]]:
    one = st.tuples(
        st.sampled_from(["phone", "openid", "member_no", "手机", "email", "id_card", "badge"]),
        st.sampled_from(["", "s1"]),
        st.sampled_from([*TEXTS, "x1"]),
    )
    return st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["event", "profile", "object", "link"]),
            "name": st.sampled_from(["product", "store", "order_paid", "planet"]),
            "ids": st.lists(one, max_size=3),
            "fields": fields(["id", "store_id", *NAMES]),
            "traits": fields(TRAITS),
        }
    )


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    made: list[Record] = []
    for offset in range(1, draw(st.integers(1, 4)) + 1):
        touchpoint = draw(st.sampled_from(["web", "oa", "gone"]))
        if draw(st.booleans()):
            made.append(segment(draw(st.lists(calls(), max_size=5)), offset=offset, touchpoint=touchpoint))
        else:
            made.append(file(draw(st.lists(entries(), max_size=5)), offset=offset, touchpoint=touchpoint))
    return made


def by_thing(batch: Batch) -> dict[int, list[tuple[str, str]]]:
    """Everything said of each thing, by its seq, without row numbers."""
    seqs = batch.rows["seq"].to_pylist()
    found: dict[int, list[tuple[str, str]]] = {}
    for name in ("rows", "events", "ids", "attributes", "objects", "quarantine"):
        for row in getattr(batch, name).to_pylist():
            seq = row["seq"] if "seq" in row else seqs[row["row"]]
            if "row" in row:
                assert seqs[row.pop("row")] == seq
            found.setdefault(seq, []).append((name, repr(row)))
    return found


@settings(deadline=None, max_examples=60)
@given(logs(), st.randoms(use_true_random=False))
def test_every_thing_ends_in_one_place_whatever_stands_beside_it(
    records: list[Record], shuffled: random.Random
) -> None:
    whole = run(*records)
    told = by_thing(whole)

    sent = [record.offset << 20 | item.item for record in records for item in decode(record).items]
    accepted, refused = whole.rows["seq"].to_pylist(), whole.quarantine["seq"].to_pylist()
    assert sorted(accepted + refused) == sorted(sent)
    assert accepted == sorted(accepted) and refused == sorted(refused)
    assert whole.rows["row"].to_pylist() == list(range(len(accepted)))
    assert sum(whole.counts["accepted"].to_pylist()) == len(accepted)
    assert sum(whole.counts["quarantined"].to_pylist()) == len(refused)
    about_people = {row["row"] for row in whole.rows.to_pylist() if row["kind"] != "object"}
    assert set(whole.ids["row"].to_pylist()) == about_people

    assert by_thing(run(*records)) == told
    order = list(records)
    shuffled.shuffle(order)
    assert by_thing(run(*order)) == told
    alone: dict[int, list[tuple[str, str]]] = {}
    for record in records:
        alone |= by_thing(run(record))
    assert alone == told


@settings(deadline=None, max_examples=30)
@given(st.lists(calls(), min_size=1, max_size=4))
def test_no_id_card_leaves_in_clear(items: list[dict[str, Any]]) -> None:
    batch = run(segment(items))
    names = ("events", "attributes", "objects", "quarantine")
    everything = "".join(str(getattr(batch, name).drop_columns(_ids(batch, name)).to_pylist()) for name in names)
    assert "11010519491231002X" not in everything
    assert "11010519491231002X" not in str(batch.ids.to_pylist())


def _ids(batch: Batch, name: str) -> list[str]:
    """Columns of ids, which are left alone."""
    kept = ["order_id", "coupon_id", "campaign", "fields", "session_id", "product_id"]
    return [column for column in kept if name == "events" and column in batch.events.schema.names]
