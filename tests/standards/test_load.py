"""The standard itself, and what an extension may and may not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onepool.standards import FieldType, SqlType, StandardError, Strength, load_standard
from onepool.standards.load import parse_yaml
from onepool.standards.names import loose
from onepool.standards.options import Options, parse_options
from onepool.standards.reference import render

TITLE = {"zh": "肤质", "en": "Skin"}
EVENTS = """followed unfollowed qr_scanned menu_clicked message_received page_viewed screen_viewed
    product_viewed product_list_viewed searched cart_added cart_removed cart_viewed favourite_added
    checkout_started order_placed order_paid order_shipped order_completed order_cancelled order_refunded
    return_requested coupon_received coupon_redeemed coupon_expired points_earned points_spent membership_joined
    level_changed form_submitted survey_answered ad_clicked ad_viewed message_sent message_delivered
    message_read message_clicked message_failed message_replied campaign_received contact_added contact_removed
    group_chat_joined group_chat_left app_opened app_installed signed_up signed_in profile_updated
    group_joined identity_aliased live_watched shared reviewed service_requested store_visited"""


def problems(*extra: Any) -> str:
    with pytest.raises(StandardError) as caught:
        load_standard(extra)
    return str(caught.value)


def test_what_ships() -> None:
    standard = load_standard()
    assert set(EVENTS.split()) <= standard.events.keys()
    assert list(standard.objects) == ["order", "product", "store", "coupon", "campaign", "platform_tag", "group_chat"]
    assert standard.item_columns["price"] is SqlType.MONEY
    assert standard.columns["amount"] is SqlType.MONEY
    assert standard.columns["valid_until"] is SqlType.TIME
    assert "items" not in standard.columns
    household = "age_group income_band home_ownership marital_status household_size household_composition kids_count"
    assert set(household.split()) <= standard.attributes.keys()
    assert standard.identifier_types["phone"].strength is Strength.STRONG
    assert standard.identifier_types["device"].strength is Strength.WEAK
    assert standard.identifier_types["taobao_oaid"].strength is Strength.NEVER
    assert standard.attributes["phone"].identifier == "phone"


def test_a_name_has_one_type() -> None:
    standard = load_standard()
    for name in standard.item_fields:
        assert standard.fields[name].sql is standard.item_columns[name]
    for name, attribute in standard.attributes.items():
        if name in standard.fields:
            assert standard.fields[name].type is attribute.type, name


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        ("order_paid", "order_paid"),
        ("Order Completed", "order_paid"),
        ("OrderCompleted", "order_paid"),
        ("order_completed", "order_completed"),
        ("Product Added", "cart_added"),
        ("Product Viewed", "product_viewed"),
        ("Checkout Started", "checkout_started"),
        ("add_to_cart", "cart_added"),
        ("purchase", "order_paid"),
        ("付款", "order_paid"),
        ("加购", "cart_added"),
        ("关注", "followed"),
        ("Page Viewed", "page_viewed"),
        ("$pageview", "page_viewed"),
        ("Never Heard Of", None),
    ],
)
def test_events_by_their_other_names(sent: str, event: str | None) -> None:
    found = load_standard().event_named(sent)
    assert (found and found.name) == event


def test_fields_by_their_other_names() -> None:
    standard = load_standard()
    for sent, name in {
        "revenue": "amount",
        "总金额": "amount",
        "productId": "product_id",
        "订单号": "order_id",
    }.items():
        field = standard.field_named(sent)
        assert field is not None and field.name == name
    in_product = standard.field_named("name", event="product_viewed")
    assert in_product is not None and in_product.name == "product_name"
    in_store = standard.field_named("id", kind="store")
    assert in_store is not None and in_store.name == "store_id"
    attribute = standard.attribute_named("address.city")
    assert attribute is not None and attribute.name == "city"
    kind = standard.identifier_named("会员卡号")
    assert kind is not None and kind.name == "member_no"


def test_an_extension_adds() -> None:
    plain = load_standard()
    standard = load_standard(
        [
            {
                "fields": {"skin_type": {"type": "text", "title": TITLE, "values": {"oily": {"title": TITLE}}}},
                "events": {
                    "skin_tested": {"title": TITLE, "fields": ["skin_type", "store_id"], "synonyms": ["测肤"]},
                    "order_paid": {
                        "fields": ["skin_type"],
                        "synonyms": ["Bestellung bezahlt"],
                        "required": ["store_id"],
                    },
                },
                "attributes": {"skin_type": {"type": "text", "title": TITLE}},
                "identifier_types": {"salon_no": {"class": "strong", "scope": "required", "title": TITLE}},
                "channels": {"salon": {"title": TITLE}},
            }
        ]
    )
    assert standard.version != plain.version == load_standard([]).version
    assert "skin_type" in standard.columns and "skin_type" not in plain.columns
    assert standard.fields["skin_type"].type is FieldType.TEXT
    found = standard.event_named("bestellung-bezahlt")
    assert found is not None and found.name == "order_paid" and found.required == ("order_id", "store_id")
    assert {"skin_type", "amount"} <= set(standard.events["order_paid"].fields)
    assert standard.identifier_types["salon_no"].name == "salon_no"


def test_extensions_from_files(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("events: {b_done: {title: {zh: 乙, en: B}, fields: [a_size]}}", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("fields: {a_size: {type: integer, title: {zh: 甲, en: A}}}", encoding="utf-8")
    assert load_standard([tmp_path]).columns["a_size"] is SqlType.INTEGER
    assert load_standard([tmp_path / "a.yaml", tmp_path / "b.yaml"]).version == load_standard([tmp_path]).version
    (tmp_path / "c.yaml").write_text("events: {order_paid: {titel: x}}", encoding="utf-8")
    assert problems(tmp_path) == "c.yaml: events.order_paid.titel: there is no such setting; did you mean title?"
    assert "can't be read" in problems(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"evnts": {}}, "extension 1: evnts: there is no such section; did you mean events?"),
        ({"events": []}, "extension 1: events: write a mapping of names"),
        ({"events": {"Skin Test": {"title": TITLE}}}, "events.Skin Test: write the name in lower case"),
        (
            {"events": {"skin_test": {"title": {"zh": "甲"}}}},
            "events.skin_test: title: write it in both languages; en is",
        ),
        (
            {"events": {"skin_test": {"title": TITLE, "fields": ["amuont"]}}},
            "amuont: there is no such field; did you mean amount?",
        ),
        (
            {"events": {"order_paid": {"required": ["zzz"]}}},
            "extension 1: events.order_paid: zzz: there is no such field",
        ),
        ({"events": {"order_paid": {"required": ["keyword"]}}}, "required: keyword is not among its fields"),
        (
            {"events": {"skin_test": {"title": TITLE, "synonyms": ["Order Completed"]}}},
            "`Order Completed` already means order_paid",
        ),
        ({"events": {"skin_test": {"title": TITLE, "synonyms": ["searched"]}}}, "`searched` is a name of the standard"),
        ({"fields": {"amount": {"type": "text"}}}, "fields.amount.type: builtin/fields.yaml has 'money' here"),
        (
            {"attributes": {"phone": {"personal": "none"}}},
            "attributes.phone.personal: builtin/attributes.yaml has 'contact'",
        ),
        (
            {"identifier_types": {"device": {"class": "strong"}}},
            "identifier_types.device.class: builtin/identifiers.yaml",
        ),
        ({"fields": {"skin": {"title": TITLE}}}, "fields.skin: `type` is missing; add it"),
        (
            {"fields": {"skin": {"type": "txt", "title": TITLE}}},
            "type: 'txt' is not one of the known words; did you mean text?",
        ),
        ({"fields": {"skin": {"type": "text", "title": "肤质"}}}, "title: Expected a mapping, got a text"),
        ({"fields": {"touchpoint": {"type": "text", "title": TITLE}}}, "this name is a column of its own"),
        ({"attributes": {"x": {"type": "items", "title": TITLE}}}, "an attribute can't be of type items"),
        ({"attributes": {"x": {"type": "text", "title": TITLE, "identifier": "fone"}}}, "did you mean phone?"),
        ({"identifier_types": {"x": {"class": "weak", "title": TITLE, "never": ["("]}}}, "is not a regular expression"),
        (
            {"events": {"page_viewed": {"aliases": {"name": "list_name"}}}},
            "aliases.name: builtin/events.yaml says page_name",
        ),
        ({"blocked": "x"}, "blocked: write a list of texts"),
    ],
)
def test_an_extension_is_told_what_is_wrong(extra: dict[str, Any], message: str) -> None:
    assert message in problems(extra)


def test_all_faults_are_told_at_once() -> None:
    told = problems({"events": {"a_b": {"title": {"zh": "甲"}}, "c_d": {"title": TITLE, "fields": ["nope"]}}})
    assert len(told.splitlines()) == 2


def test_a_key_written_twice_is_refused() -> None:
    with pytest.raises(StandardError, match="`a` is written twice, in lines 1 and 2"):
        parse_yaml("a: 1\na: 2\n", "x.yaml")
    with pytest.raises(StandardError, match=r"x\.yaml: expected sections"):
        parse_yaml("- a", "x.yaml")


def test_mapping_of_a_touchpoint() -> None:
    standard = load_standard()
    assert parse_options(None, standard, "shop") is parse_options({}, standard, "shop")
    options = parse_options({"identifiers": {"卡号": "member_no@gold"}, "money": "fen"}, standard, "shop")
    assert isinstance(options, Options)
    assert options.identifier_of == {loose("卡号"): ("member_no", "gold")}
    for wrong, told in [
        ({"fields": {"实付": "amuont"}}, "shop: mapping.fields.实付: the standard has no amuont; did you mean amount?"),
        ({"feilds": {}}, "did you mean fields?"),
        ({"zone": "Asia/Nowhere"}, "no such time zone"),
        ({"money": "cent"}, "mapping: Invalid enum value"),
    ]:
        with pytest.raises(StandardError) as caught:
            parse_options(wrong, standard, "shop")
        assert told in str(caught.value)


def test_the_reference_page_is_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "standard.md"
    assert page.read_text(encoding="utf-8") == render(), "run script/generate"
