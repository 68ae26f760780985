"""From log records to tables: what is taken, under which names, and what is refused."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import msgspec
import pyarrow as pa
import pytest

from onepool.collect.log import Record
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Asked, Batch, StandardSettings, assemble, event_id, load_standard, standardise
from onepool.standards.faults import MOST_IDENTIFIERS, MOST_MEETINGS
from onepool.standards.normalise.id_card import digest

from .things import KEY, NOW, SETTINGS, TOUCHPOINTS, events, facts, file, identify, ids, refused, run, segment, track

CARD = "11010519491231002X"
ORDER = {"order_id": "A1", "total": "¥120.50", "products": [{"product_id": "p1", "price": 10.5, "quantity": 2}]}


def test_an_order_as_segment_sends_it() -> None:
    sent = {**ORDER, "revenue": 99.5, "coupon": None, "gift": {"wrap": True}}
    context = {
        "campaign": {"name": "双11", "source": "wx"},
        "page": {"url": "https://s/x", "path": "/x"},
        "ip": "1.2.3.4",
    }
    batch = run(segment([track("Order Completed", sent, messageId="m1", anonymousId="a1", context=context)]))
    (event,) = events(batch)
    assert event["event"] == "order_paid"
    assert event["channel"] == "web"
    assert event["amount"] == Decimal("120.5000") and event["currency"] == "CNY"
    assert event["campaign"] == "双11" and event["utm_source"] == "wx" and event["url"] == "https://s/x"
    (line,) = event["items"]
    assert (line["product_id"], line["price"], line["quantity"]) == ("p1", Decimal("10.5000"), 2.0)
    # Of two names of one field the more direct one counts, the other stays; what is null is not there.
    assert event["fields"]["amount"] == 120.5 and event["fields"]["revenue"] == 99.5
    assert event["fields"]["gift"] == {"wrap": True}
    assert "coupon" not in event["fields"] and "ip" not in event["fields"]
    assert ids(batch) == [("user_id", "crm", "u1"), ("anonymous_id", "web", "a1")]
    assert batch.counts.to_pylist() == [
        {"touchpoint": "web", "event": "order_paid", "accepted": 1, "quarantined": 0, "unknown": 0}
    ]


def test_names_in_one_event_do_not_reach_into_others() -> None:
    batch = run(
        segment([track("Product Viewed", {"name": "杯子"}), track("page_viewed", {"name": "首页", "amount": "n/a!"})])
    )
    by_event = {event["event"]: event for event in events(batch)}
    assert by_event["product_viewed"]["product_name"] == "杯子"
    assert by_event["page_viewed"]["page_name"] == "首页"
    assert by_event["page_viewed"]["fields"]["amount"] == "n/a!"  # no field of this event: kept as it is


def test_traits_become_attributes_and_identifiers() -> None:
    traits = {
        "name": "张三",
        "phone": "138 1234 5678",
        "email": "A@B.cn",
        "gender": "男",
        "birthday": "1990/1/2",
        "vip": True,
        "address": {"city": "上海", "state": "上海市", "street": "南京路1号", "floor": 3},
        "unionid": "oU1",
        "openid@wx9": "oP1",
        "interests": ["茶", "酒"],
        "id_card": CARD,
        "remark": f"证件{CARD}",
        "kids_count": 2,
        "createdAt": "2024-01-02T03:04:05",
    }
    batch = run(segment([identify(traits, messageId="m")]))
    assert facts(batch) == {
        "name": "张三",
        "phone": "+8613812345678",
        "email": "a@b.cn",
        "gender": "male",
        "birthday": "1990-01-02",
        "vip": "true",
        "province": "上海",
        "city": "上海",
        "region_code": "310000",
        "address": "南京路1号",
        "address.floor": "3",
        "interests": '["茶","酒"]',
        "id_card": digest(CARD, KEY),
        "remark": f"证件{digest(CARD, KEY)}",
        "kids_count": "2",
        "registered_at": "2024-01-01T19:04:05.000000Z",
    }
    assert set(ids(batch)) == {
        ("user_id", "crm", "u1"),
        ("phone", "", "+8613812345678"),
        ("email", "", "a@b.cn"),
        ("id_card", "", digest(CARD, KEY)),
        ("unionid", "open-1", "oU1"),
        ("openid", "wx9", "oP1"),
    }
    assert events(batch)[0]["fields"] == {}


@pytest.mark.parametrize("phone", ["138****1234", "13812345678-1234", "13800138000"])
def test_what_is_like_a_phone_but_names_nobody_is_kept_apart(phone: str) -> None:
    batch = run(segment([identify({"phone": phone})]))
    assert ids(batch) == [("user_id", "crm", "u1")]
    assert list(facts(batch)) == ["masked_phone"]
    alone = run(segment([{"type": "identify", "anonymousId": "null", "traits": {"phone": phone}}]))
    assert refused(alone) == [("identifier.none", "ids")]
    sent = run(file([{"kind": "profile", "ids": [("phone", "", phone), ("member_no", "", "M1")]}]))
    assert ids(sent) == [("member_no", "oa", "M1")]
    assert list(facts(sent)) == ["masked_phone"]


def test_a_landline_is_a_phone_but_joins_nobody() -> None:
    batch = run(segment([identify({"phone": "021-62345678"})]))
    assert facts(batch) == {"phone": "+862162345678"}
    assert ids(batch) == [("user_id", "crm", "u1")]


@pytest.mark.parametrize(
    "value", ["null", "undefined", "0", "NaN", "  ", "00000000-0000-0000-0000-000000000000", "匿名"]
)
def test_ids_that_name_nobody(value: str) -> None:
    assert refused(run(segment([{"type": "track", "event": "searched", "userId": value}]))) == [
        ("identifier.none", "ids")
    ]


@pytest.mark.parametrize(
    ("item", "rule", "field"),
    [
        (track("order_paid", {"order_id": "1", "amount": "abc"}), "type.money", "amount"),
        (track("order_paid", {"amount": 1}), "required", "order_id"),
        (track("order_paid", {"order_id": "1", "items": "p1"}), "type.items", "items"),
        (track("order_paid", {"order_id": "1", "items": [{"price": "x"}]}), "type.money", "items.price"),
        (track("order_paid", {"order_id": "1", "amount": "$5", "currency": "CNY"}), "money.currency", "currency"),
        (track("order_paid", {"order_id": "1", "amount": "$5", "discount": "¥1"}), "money.currency", "discount"),
        (track("order_paid", {"order_id": "1", "currency": "Taler"}), "type.currency", "currency"),
        (track("coupon_received", {"valid_until": "soon"}), "type.time", "valid_until"),
        (track("points_earned", {"points": "many"}), "type.number", "points"),
        (track("searched", {"results_count": 1.5}), "type.integer", "results_count"),
        (track("searched", {}, timestamp="2026-03-03T12:00:01Z"), "time.future", "time"),
        (track("searched", {}, timestamp="1970-01-01T00:00:01Z"), "time.past", "time"),
        (track("searched", {}, timestamp="soon"), "type.time", "time"),
        (track("x" * 200), "event.unknown", "name"),
        (identify({"phone": "12345"}), "type.phone", "phone"),
        (identify({"email": "a@b"}), "type.email", "email"),
        (identify({"gender": "7"}), "type.gender", "gender"),
        (identify({"birthday": "1990-02-30"}), "type.date", "birthday"),
        (identify({"id_card": "110105194912310021"}), "type.id_card", "id_card"),
        (identify({"name": {"first": "x"}}), "type.text", "name"),
        (identify({}, userId="u" * 600), "identifier.length", "ids.user_id"),
        (identify({}, context={"externalIds": [{"id": "1", "type": "badge"}]}), "identifier.unknown", "ids.badge"),
    ],
)
def test_what_breaks_a_rule_waits_whole(item: dict[str, Any], rule: str, field: str) -> None:
    good = track("searched", {"keyword": "茶"}, messageId="good")
    batch = run(segment([good, {"messageId": "m", **item}], offset=7))
    assert refused(batch) == [(rule, field)]
    (row,) = batch.quarantine.to_pylist()
    assert (row["seq"], row["offset"], row["item"]) == (7 << 20 | 1, 7, 1)
    assert row["received_at"] == NOW and " / " in row["message"]
    assert json.loads(row["sample"])["message_id"] == "m"
    assert [event["event"] for event in events(batch)] == ["searched"]
    assert batch.rows["seq"].to_pylist() == [7 << 20]
    assert set(batch.ids["row"].to_pylist()) == {0}
    assert batch.attributes.num_rows == 0


def test_amounts_of_two_signs_that_agree() -> None:
    (event,) = events(run(segment([track("order_paid", {"order_id": 1, "amount": "¥5", "currency": "JPY"})])))
    assert event["currency"] == "JPY"


def test_unknown_events() -> None:
    item = track("Lipstick Tried", {"shade": "红", "amount": "x", "证件号": "1"}, messageId="m")
    batch = run(segment([item]))
    (event,) = events(batch)
    assert event["event"] == "Lipstick Tried"
    assert event["fields"] == {"amount": "x", "shade": "红", "证件号": "1"} and "amount" not in event
    assert batch.rows["unknown"].to_pylist() == [True]
    assert batch.counts["unknown"].to_pylist() == [1]
    strict = run(segment([item]), settings=StandardSettings(unknown_events="refuse"))
    assert refused(strict) == [("event.unknown", "name")]


def test_fields_may_be_called_anything() -> None:
    """What whoever holds a write key calls a field must not stop everybody's events."""
    odd = {'a"b': "1", "c\\d": "2", "e\x01f": "3", "g\nh": "4", "\u2028": "6", "名": "7", "ok": "8"}
    batch = run(segment([track("new_event", odd), track("other", {"ok": "1"}), identify({'p"q': "9"})]))
    first, second, _ = events(batch)
    assert first["fields"] == odd
    assert second["fields"] == {"ok": "1"}
    assert refused(batch) == []


def test_id_cards_are_never_in_clear() -> None:
    wrong = "110105194912310021"
    fields = {"id_card": CARD, "note": f"我的身份证是{CARD}。", "deep": [{"n": CARD}], "number": 110105194912310038}
    batch = run(
        segment([track("form_submitted", {**fields, "content": f"号{CARD}"}), track("Unheard Of", fields)]),
        segment([identify({"身份证号": wrong}), track("order_paid", {"身份证": CARD, "x": CARD})], offset=2),
        segment([identify({"id_card": CARD})], offset=3),
    )
    everything = "".join(
        str(getattr(batch, name).to_pylist()) for name in ("rows", "events", "ids", "attributes", "quarantine")
    )
    assert CARD not in everything and wrong not in everything and "110105194912310038" not in everything
    assert digest(CARD, KEY) in everything
    assert refused(batch) == [("type.id_card", "id_card"), ("required", "order_id")]
    assert ("id_card", "", digest(CARD, KEY)) in ids(batch)
    keyless = run(segment([identify({"id_card": CARD})]), settings=StandardSettings())
    assert refused(keyless) == [("id_card.key", "id_card")]
    assert CARD not in str(keyless.quarantine.to_pylist())


def test_an_id_card_used_as_member_number_is_a_digest_too() -> None:
    batch = run(segment([identify({"member_no": CARD}, userId=CARD)]))
    assert ids(batch) == [("user_id", "crm", digest(CARD, KEY)), ("member_no", "web", digest(CARD, KEY))]
    assert facts(batch) == {"member_no": digest(CARD, KEY)}


def test_an_order_number_is_no_id_card() -> None:
    (event,) = events(run(segment([track("order_paid", {"order_id": CARD})])))
    assert event["order_id"] == CARD


def test_the_sender_s_clock_is_set_right() -> None:
    item = track("searched", timestamp="2026-03-01T10:00:00Z")
    assert events(run(segment([item])))[0]["time"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    late = events(run(segment([item], sent="2026-03-01T10:30:00Z")))[0]
    assert late["time"] == datetime(2026, 3, 1, 11, 30, tzinfo=UTC)  # received 90 minutes later than it was sent
    ahead = events(run(segment([track("searched", timestamp="2027-01-01T00:00:00Z")], sent="2027-01-01T00:00:10Z")))[0]
    assert ahead["time"] == datetime(2026, 3, 1, 11, 59, 50, tzinfo=UTC)
    assert events(run(segment([track("searched")])))[0]["time"] == NOW
    assert events(run(segment([track("searched", timestamp="2026-02-28 10:00:00")])))[0]["time"] == datetime(
        2026, 2, 28, 2, tzinfo=UTC
    )


def test_identity_of_things() -> None:
    def event_ids(*records: Record) -> list[UUID]:
        return [row["event_id"] for row in run(*records).rows.to_pylist()]

    (known,) = event_ids(segment([track("searched", messageId="m1")]))
    assert known.bytes == event_id("web", "m1") != event_id("oa", "m1")
    timed = track("searched", {"keyword": "a"}, timestamp="2026-03-01T10:00:00Z")
    assert event_ids(segment([timed])) == event_ids(segment([timed], offset=9))
    assert event_ids(segment([timed])) != event_ids(segment([{**timed, "properties": {"keyword": "b"}}]))
    assert event_ids(segment([timed])) != event_ids(segment([timed], touchpoint="oa"))
    # Two alike without id and time may well be two.
    first, second = event_ids(segment([track("searched"), track("searched")]))
    assert first != second
    profile = {"kind": "profile", "ids": [("member_no", "", "1")], "traits": {"name": "x"}}
    assert event_ids(file([profile])) == event_ids(file([profile], offset=5))


def test_objects() -> None:
    batch = run(
        file(
            [
                {
                    "kind": "object",
                    "name": "products",
                    "fields": {"id": 12.0, "title": "杯子", "price": "¥9.90", "colour": "红"},
                },
                {"kind": "object", "name": "store", "fields": {"门店编号": "S1", "city": "杭州市", "on": 1}},
                {
                    "kind": "object",
                    "name": "order",
                    "fields": {"order_id": "A", "items": [{"price": 1, "z": 2}], "amount": 3},
                },
                {"kind": "object", "name": "coupon", "fields": {"name": "满减"}},
                {"kind": "object", "name": "planet", "fields": {"id": "1"}},
                {"kind": "object", "name": "product", "fields": {"id": "1", "price": "x"}},
            ]
        )
    )
    found = {row["kind"]: (row["object_id"], json.loads(row["fields"])) for row in batch.objects.to_pylist()}
    assert found["product"] == (
        "12", {"product_id": "12", "name": "杯子", "price": 9.9, "currency": "CNY", "colour": "红"}
    )  # fmt: skip
    assert found["store"] == (
        "S1",
        {"store_id": "S1", "city": "杭州", "province": "浙江", "region_code": "330100", "on": 1},
    )
    assert found["order"] == ("A", {"order_id": "A", "amount": 3, "items": [{"price": 1, "z": 2}]})
    assert refused(batch) == [("object.id", "coupon_id"), ("object.unknown", "name"), ("type.money", "price")]
    assert batch.ids.num_rows == 0 and batch.rows["kind"].to_pylist() == ["object"] * 3


def test_profiles_and_links_of_files() -> None:
    batch = run(
        file(
            [
                {
                    "kind": "profile",
                    "ids": [("crm_id", "", "C1")],
                    "fields": {"手机号": "13812345678", "等级": "金卡", "体重": 60},
                },
                {"kind": "link", "ids": [("unionid", "open-1", "oU"), ("手机", "", "13812345679")]},
                {"kind": "link", "ids": [("unionid", "open-1", "oU"), ("phone", "", "138****5678")]},
            ]
        )
    )
    assert facts(batch) == {"phone": "+8613812345678", "member_level": "金卡", "体重": "60"}
    assert ids(batch) == [
        ("crm_id", "oa", "C1"),
        ("phone", "", "+8613812345678"),
        ("unionid", "open-1", "oU"),
        ("phone", "", "+8613812345679"),
    ]
    assert refused(batch) == [("identifier.single", "ids")]
    assert batch.events.num_rows == 0 and batch.rows["kind"].to_pylist() == ["profile", "link"]


def test_types_that_never_identify_are_left_out() -> None:
    order = {"kind": "event", "name": "order_paid", "fields": {"order_id": "1"}, "ids": [("taobao_oaid", "s", "x")]}
    assert refused(run(file([order]))) == [("identifier.none", "ids")]


def test_a_form_s_phone_names_the_person_a_receiver_s_does_not() -> None:
    batch = run(
        segment(
            [
                track("form_submitted", {"phone": "13812345678", "openid": "x"}, messageId="1"),
                track("order_paid", {"order_id": "1", "receiver_phone": "13812345679"}, messageId="2"),
                track("order_paid", {"order_id": "2", "手机": "13812345679"}, messageId="3"),
            ]
        )
    )
    assert [one for one in ids(batch) if one[0] == "phone"] == [("phone", "", "+8613812345678")]


def test_mapping_of_a_touchpoint() -> None:
    mapping = {
        "events": {"下单成功": "order_paid"},
        "fields": {"实付款": "amount", "单号": "order_id"},
        "attributes": {"客户名": "name"},
        "identifiers": {"会员卡": "member_no@gold"},
        "ignore": ["debug"],
        "money": "fen",
        "currency": "CNY",
        "zone": "UTC",
    }
    touchpoints = {"web": Touchpoint("web", "youzan", mapping=mapping), "oa": Touchpoint("oa", "公众号")}
    item = track("下单成功", {"实付款": 12345, "单号": "X", "会员卡": 77, "debug": 1}, timestamp="2026-03-01 10:00:00")
    batch = run(
        segment([item, identify({"客户名": "李四", "会员卡": "78"})]),
        segment([track("order_paid", {"order_id": "Y", "amount": 5})], touchpoint="oa", offset=2),
        touchpoints=touchpoints,
    )
    mapped, plain = sorted(
        (event for event in events(batch) if "order_id" in event), key=lambda event: str(event["order_id"])
    )
    assert (mapped["amount"], mapped["currency"], mapped["channel"]) == (Decimal("123.45"), "CNY", "youzan")
    assert mapped["time"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert mapped["fields"] == {"amount": 123.45, "currency": "CNY", "order_id": "X", "会员卡": 77}
    assert (plain["amount"], plain["channel"]) == (Decimal(5), "wechat_oa") and "currency" not in plain
    assert {one for one in ids(batch) if one[0] == "member_no"} == {
        ("member_no", "gold", "77"),
        ("member_no", "gold", "78"),
    }
    assert facts(batch)["name"] == "李四"


def test_a_wrong_mapping_holds_only_its_own_touchpoint() -> None:
    touchpoints = {"web": Touchpoint("web", "web", mapping={"fields": {"x": "amuont"}}), "oa": Touchpoint("oa", "web")}
    batch = run(
        segment([track("searched"), identify({"name": "x"})]),
        segment([track("searched")], touchpoint="oa", offset=2),
        touchpoints=touchpoints,
    )
    assert refused(batch) == [("touchpoint.mapping", "touchpoint")] * 2
    assert (
        "did you mean amount?"
        in run(segment([track("searched")]), touchpoints=touchpoints).quarantine["message"][0].as_py()
    )
    assert batch.rows["touchpoint"].to_pylist() == ["oa"]


def test_allowed_values_of_a_field() -> None:
    title = {"zh": "油性", "en": "Oily"}
    standard = load_standard(
        [
            {
                "fields": {
                    "skin": {"type": "text", "title": title, "values": {"oily": {"title": title, "synonyms": ["油"]}}}
                },
                "events": {"skin_tested": {"title": title, "fields": ["skin"]}},
            }
        ]
    )
    batch = run(
        segment([track("skin_tested", {"skin": skin}) for skin in ("油", "OILY", "油性", "干")]), standard=standard
    )
    assert [event["skin"] for event in events(batch)] == ["oily"] * 3
    assert refused(batch) == [("value.unknown", "skin")]


def test_what_could_not_be_decoded_waits_too() -> None:
    broken = Record(NOW, "web", "segment", b"{}", b"{", 3)
    batch = run(broken, segment([{"type": "track"}, track("searched")], offset=4))
    assert [(row["kind"], row["offset"], row["item"]) for row in batch.quarantine.to_pylist()] == [
        ("unreadable", 3, 0),
        ("unreadable", 4, 0),
    ]
    assert batch.rows.num_rows == 1


@pytest.mark.parametrize("depth", [65, 300, 940])
def test_endless_nesting_is_refused_and_stops_nobody(depth: int) -> None:
    nested = json.loads("[" * depth + "]" * depth)
    batch = run(segment([track("odd", {"x": nested}), identify({"y": nested}), track("odd", {"x": nested[0]})]))
    wanted = [("value.depth", "fields")] * (2 if depth == 65 else 3)
    assert refused(batch) == wanted


def test_samples_are_bounded() -> None:
    (row,) = run(segment([track("order_paid", {"amount": 1, "blob": "茶" * 5000})])).quarantine.to_pylist()
    assert len(row["sample"].encode()) <= 4096


def test_nothing_at_all() -> None:
    batch = run()
    assert all(
        getattr(batch, name).num_rows == 0 for name in ("rows", "events", "ids", "attributes", "objects", "quarantine")
    )
    assert run(Record(NOW, "onepool", "standard", b"{}", b"{}", 1)).rows.num_rows == 0
    assert batch.events.schema.names[:8] == run(segment([track("searched")])).events.schema.names[:8]


def test_an_unknown_touchpoint_has_no_channel() -> None:
    batch = run(segment([track("searched")], touchpoint="gone"))
    assert batch.events["channel"].to_pylist() == [None]
    assert ids(batch) == [("user_id", "gone", "u1")]


def test_the_pool_takes_it_as_it_is() -> None:
    batch = run(
        segment([track("Order Completed", ORDER, messageId="m")]),
        file([{"kind": "object", "name": "store", "fields": {"id": "1"}}]),
    )
    connection = duckdb.connect()
    connection.register("batch", batch.events)
    types = dict(connection.sql("SELECT column_name, column_type FROM (DESCRIBE batch)").fetchall())
    assert types["event_id"] == "UUID"
    assert types["time"] == "TIMESTAMP WITH TIME ZONE"
    for name, sql in load_standard().columns.items():
        assert types[name] == {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}.get(sql, str(sql)), name
    assert types["items"].startswith("STRUCT(") and types["items"].endswith("[]")
    found = connection.sql("SELECT event_id, amount, items[1].price, fields::JSON->>'amount' FROM batch").fetchall()
    assert found == [(UUID(bytes=event_id("web", "m")), Decimal("120.5000"), Decimal("10.5000"), "120.5")]
    assert batch.rows.schema.field("event_id").type == pa.uuid()


def test_settings_decide_zone_and_country() -> None:
    settings = msgspec.structs.replace(SETTINGS, zone="Europe/London", country="GB")
    batch = run(segment([identify({"phone": "07400 123456", "registered_at": "2024-07-01 00:00"})]), settings=settings)
    assert facts(batch) == {"phone": "+447400123456", "registered_at": "2024-06-30T23:00:00.000000Z"}


def test_received_at_comes_from_the_record() -> None:
    record = replace(segment([track("searched")]), received_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert run(record).rows["time"].to_pylist() == [datetime(2026, 1, 1, tzinfo=UTC)]


def test_of_two_faults_the_same_is_told_whoever_stands_beside() -> None:
    order = track("Order Completed", {"products": 5, "revenue": "many"})
    person = identify({"age": "old", "mobile": "12"})
    alone = [*refused(run(segment([order]))), *refused(run(segment([person])))]
    assert len(alone) == 2
    beside = [
        track("Order Completed", {"amount": "3", "order_id": "o"}),
        identify({"phone": "13812345678", "address": "x"}),
    ]
    for batch in ([order, person, *beside], [*beside, order, person]):
        assert refused(run(segment(batch))) == alone


def test_an_item_with_very_many_identifiers_waits() -> None:
    """All of an item are taken for one person's: what carries hundreds is none's, and would link all with all."""

    def ids(count: int) -> dict[str, Any]:
        return {"externalIds": [{"id": f"m{number}", "type": "member_no"} for number in range(count)]}

    most = MOST_IDENTIFIERS - 1  # the user id is one of them
    body = {"batch": [track("petted"), track("petted")], "context": ids(most + 1)}
    wide = Record(NOW, "web", "segment", b"{}", msgspec.json.encode(body), 2)
    batch = run(segment([track("petted", context=ids(most)), track("petted", context=ids(most + 1))]), wide)
    assert refused(batch) == [("identifier.many", "ids")] * 3
    assert batch.ids.num_rows == MOST_IDENTIFIERS
    assert "50" in batch.quarantine["message"][0].as_py()


def test_a_request_with_very_many_wide_items_is_taken_in_part() -> None:
    """What linking costs grows with the square of an item's identifiers: so many of them are not one client's."""

    def wide(which: int) -> dict[str, Any]:
        return {"externalIds": [{"id": f"m{which}.{number}", "type": "member_no"} for number in range(29)]}

    each = 30 * 30  # the user id is one of them
    fit = MOST_MEETINGS // each
    many = segment([track("petted", context=wide(number)) for number in range(fit + 3)] + [track("petted")])
    batch = run(many, segment([track("petted", context=wide(0))]))
    assert refused(batch) == [("identifier.crowded", "ids")] * 3
    assert batch.rows.num_rows == fit + 2


def test_of_what_is_tried_again_only_that_makes_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused since the request had too much else comes in when it is asked for again."""
    monkeypatch.setattr("onepool.standards.run.MOST_MEETINGS", 2 * 13 * 13)

    def wide(which: int, count: int = 12) -> dict[str, Any]:
        # The user id is one more.
        return {"externalIds": [{"id": f"m{which}.{number}", "type": "member_no"} for number in range(count)]}

    # The third has more than any may.
    sizes = [12, 12, 60, 12, 12, 12]
    request = segment([track("petted", context=wide(*one)) for one in enumerate(sizes)], offset=7)
    other = segment([track("petted", context=wide(9))], offset=8)

    def waiting(asked: Asked | None) -> set[int]:
        batch = standardise([other, request], load_standard(), SETTINGS, TOUCHPOINTS, asked=asked)
        return {row["item"] for row in batch.quarantine.to_pylist() if row["rule"] == "identifier.crowded"}

    seqs = [7 << 20 | item for item in range(6)]
    assert waiting(None) == waiting(Asked((), (7,))) == {3, 4, 5}
    assert waiting(Asked(seqs[2:5], ())) == set()
    assert waiting(Asked(seqs[3:], ())) == {5}


def test_more_text_than_a_column_holds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "_MOST_BYTES", 100)
    assert run(segment([track("petted", {"x": "a" * 50})])).rows.num_rows == 1
    with pytest.raises(OverflowError, match="max_requests"):
        run(segment([track("petted", {"x": "a" * 50}), track("petted", {"x": "a" * 50})]))


@pytest.mark.parametrize("beside", [False, True])
def test_memory_is_swept_for_others_who_work_meanwhile(beside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    pace: list[int] = []
    before = gc.get_threshold()
    real = assemble.Assembler.batch

    def watched(self: assemble.Assembler) -> Batch:
        seen.append(gc.isenabled())
        pace.append(gc.get_threshold()[0])
        return real(self)

    monkeypatch.setattr(assemble.Assembler, "batch", watched)
    standardise([segment([track("petted")])], load_standard(), SETTINGS, TOUCHPOINTS, beside=beside)
    assert seen == [beside]
    assert gc.isenabled()
    # Seldom, since that takes time too.
    assert pace == [max(before[0], 50_000) if beside else before[0]]
    assert gc.get_threshold() == before
