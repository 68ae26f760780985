"""What is wrong with a message is named by place, with what was probably meant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from onepool.clock import FakeClock
from onepool.reach.messages import MessageError, check_message, needs, parse_message, usable_message
from onepool.reach.messages.chinese import chinese
from onepool.reach.messages.preview import as_test, preview

from .brand import around, message, sms, template, wecom

NAME = {"name": {"from": "attribute.nickname", "default": "亲"}}


def problems(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = check_message(parse_message(body), around(**more))
    return {one.place: one for one in found.problems}


def warnings(body: dict[str, Any]) -> dict[str, str]:
    return {one.place: one.message for one in check_message(parse_message(body), around()).warnings}


@pytest.mark.parametrize(
    ("body", "place", "suggestion"),
    [
        ({"contents": [], "message": "m"}, "contents", None),
        (message({**wecom("x"), "chanel": "wecom"}), "contents[0].chanel", "channel"),
        (message(wecom("x"), variabels={}), "variabels", "variables"),
        (message(wecom("x"), variables={"n": {"frm": "attribute.city"}}), "variables.n.frm", "from"),
        (message(wecom("x"), variables={"n": {"from": "customer.city"}}), "variables.n.from", None),
        (message(wecom("x"), variables={"links": {"default": "x"}}), "variables.links", None),
        (message(wecom("x"), category="promo"), "category", None),
    ],
)
def test_faults_of_the_form(body: dict[str, Any], place: str, suggestion: str | None) -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(body)
    assert [(one.place, one.suggestion) for one in caught.value.problems] == [(place, suggestion)]


@pytest.mark.parametrize(
    ("body", "place", "suggestion"),
    [
        (message({**wecom("x"), "channel": "wecm"}), "contents[0].channel", "wecom"),
        (message({**wecom("x"), "kind": "task"}), "contents[0].kind", "tags"),
        (message({**wecom("x"), "kind": "welcom"}), "contents[0].kind", "welcome"),
        (message({**template(), "kind": None}), "contents[0].kind", None),
        (message({**wecom("x"), "touchpoint": "wecon"}), "contents[0].touchpoint", "wecom"),
        (message(wecom("x"), wecom("y")), "contents[1].template", None),
        (message(template()), "contents[0].content.data", None),
        (message({**wecom("x"), "content": {"txt": "x"}}), "contents[0].content.txt", "text"),
        (message({**template(), "content": {"template_id": "T", "data": "x"}}), "contents[0].content.data", None),
        (message(wecom("{{ nam }}"), variables=NAME), "contents[0].content.text", "name"),
        (message(wecom("{{ name | truncat: 3 }}"), variables=NAME), "contents[0].content.text", "truncate"),
        (message(wecom("{{ links.shop }}")), "contents[0].content.text", None),
        (message(wecom("{{ name")), "contents[0].content.text", None),
        (message(wecom("字" * 4001)), "contents[0].content.text", None),
        (message(template(thing1="字" * 21)), "contents[0].content.data.thing1", None),
        (message(template(phrase1="ok")), "contents[0].content.data.phrase1", None),
        (message(template(amount1="many")), "contents[0].content.data.amount1", None),
        (message(template(date1="tomorrow")), "contents[0].content.data.date1", None),
        (message(sms("您好 拒收请回复R")), "contents[0].content.params.name", None),
        (message(sms("您好${nam} 拒收请回复R", name="x")), "contents[0].content.params", "name"),
        (message(sms("您好${name}"), variables=NAME), "contents[0].content.text", None),
        (message(wecom("{{ name }}"), variables={"name": {"from": "attribute.nicknam"}}), "variables.name.from",
         "attribute.nickname"),
        (message(wecom("{{ name }}"), variables={"name": {"from": "tag.vip_levl"}}), "variables.name.from",
         "tag.vip_level"),
        (message(wecom("{{ n }}"), variables={"n": {}}), "variables.n", None),
        (message(wecom("{{ n }}"), variables={"n": {"type": "number", "default": "x"}}), "variables.n.default", None),
        (message(wecom("{{ n }}"), variables={"n": {"default": 1, "currency": "CNY"}}), "variables.n.currency", None),
        (message(wecom("{{ n }}"), variables={"n": {"type": "date", "default": "2026-11-01", "format": "%Q"}}),
         "variables.n.format", None),
        (message(wecom("{{ links.a }}"), links={"a": "javascript:alert(1)"}), "links.a", None),
        (message(wecom("{{ links.a }}"), links={"a": "https://evil.test/x"}), "links.a", None),
        (message(wecom("{{ links.a }}"), links={"a": "https://u:p@brand.test/"}), "links.a", None),
        (message(wecom("{{ links.a }}"), links={"a": "https://{{ name }}/"}, variables=NAME), "links.a", None),
        (message(wecom("{{ links.a }}"), links={"a": "{{ name }}"}, variables=NAME), "links.a", None),
        (message(wecom("{{ links.preferences }}"), links={"preferences": "https://brand.test/"}), "links.preferences",
         None),
    ],
)  # fmt: skip
def test_faults_are_named_by_place(body: dict[str, Any], place: str, suggestion: str | None) -> None:
    found = problems(body, link_hosts=("brand.test",))
    assert place in found, found
    assert found[place].suggestion == suggestion
    assert chinese(found[place].message), f"not in Chinese: {found[place].message}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("字" * 683, "at most 2048 bytes; the fixed text alone has 2049"),
        ("字" * 682 + "ab", None),
        ("{{ name | truncate: 683 }}", "at most 2048 bytes; this may become 2049: use truncate"),
        ("{{ name | truncate: 682 }}", None),
    ],
)
def test_limits_in_bytes_are_told(text: str, said: str | None) -> None:
    content = {"channel": "wecom", "kind": "service_text", "template": "KF", "content": {"content": text}}
    found = check_message(parse_message(message(content, variables=NAME)), around())
    told = [one for one in (*found.problems, *found.warnings) if one.place == "contents[0].content.content"]
    assert [one.message for one in told] == ([] if said is None else [said])
    assert all(chinese(one.message) for one in told)


def test_what_the_author_should_look_at() -> None:
    found = warnings(
        message(
            template(thing1="{{ name }}"),
            sms("您好${name}，" + "字" * 60 + " 拒收请回复R"),
            variables={"name": {"from": "attribute.nickname"}, "unused": {"default": "x"}},
            links={"a": "https://brand.test/"},
        )
    )
    assert "marketing" in found["contents[0].kind"]
    assert "truncate: 20" in found["contents[0].content.data.thing1"]
    assert "truncate" in found["contents[1].content.text"]
    assert found["variables.unused"] == found["links.a"] == "no text uses it"
    assert "default" in found["variables.name"]
    assert all(chinese(told) for told in found.values()), [told for told in found.values() if not chinese(told)]
    assert "contents[0].kind" not in warnings(message(template(thing1="x"), category="service"))


def test_characters_and_parts_of_text_messages() -> None:
    body = message(sms("您好${name} 拒收请回复R", name="{{ name | truncate: 4 }}"), variables=NAME)
    length = check_message(parse_message(body), around()).lengths["SMS"]
    # 【棉屿母婴】您好 + up to four characters + " 拒收请回复R"
    assert (length.least, length.most, length.segments, length.most_segments) == (15, 19, 1, 1)
    long = message(sms("字" * 50 + "${name} 拒收请回复R", name="{{ name | truncate: 10 }}"), variables=NAME)
    length = check_message(parse_message(long), around()).lengths["SMS"]
    assert (length.most, length.most_segments) == (73, 2)
    assert "billed as 2 parts" in warnings(long)["contents[0].content.text"]
    emoji = message(sms("😀${name} 拒收请回复R"), variables={"name": {"default": "A"}})
    assert check_message(parse_message(emoji), around()).lengths["SMS"].most == 6 + 2 + 1 + 7


def test_a_message_without_faults_is_usable_and_says_what_it_needs() -> None:
    body = message(
        sms(name="{{ name | truncate: 8 }}"),
        wecom("{{ level }} {{ links.cart }}"),
        variables={
            **NAME,
            "level": {"from": "$tag.vip_level", "default": "会员"},
            "cart": {"from": "trigger.cart_id", "default": ""},
        },
        links={"cart": "https://shop.brand.test/cart?id={{ cart | url_encode }}"},
    )
    found = usable_message(body, around(link_hosts=("brand.test",)))
    assert needs(found, found.content("SMS")).attributes == ("nickname",)
    wanted = needs(found, found.content(None, "wecom"))
    assert (wanted.run, wanted.attributes, wanted.tags) == (("trigger.cart_id",), (), ("vip_level",))
    with pytest.raises(MessageError, match="wecom"):
        usable_message(message({**wecom("x"), "channel": "wecm"}), around())


def test_a_preview_says_where_values_come_from() -> None:
    body = message(
        sms(name="{{ name }}", code="{{ code }}") | {"content": {
            "template_id": "T", "text": "${name}的券${code} 拒收请回复R",
            "params": {"name": "{{ name }}", "code": "{{ code }}"},
        }},
        variables={**NAME, "code": {"type": "coupon", "from": "vars.code"}},
    )  # fmt: skip
    found = parse_message(body)
    clock = FakeClock(datetime(2026, 11, 22, tzinfo=UTC))
    shown = preview(found, found.contents[0], around(), clock, values={"vars.code": "ABC"})
    assert shown.text == "【棉屿母婴】亲的券ABC 拒收请回复R" and (shown.characters, shown.segments) == (19, 1)
    assert [(one.name, one.origin) for one in shown.values] == [("name", "default"), ("code", "given")]
    assert preview(found, found.contents[0], around(), clock).values[1].origin == "sample"


def test_a_test_is_marked_where_free_text_can_be() -> None:
    assert as_test("email", {"subject": "x"})["subject"].startswith("【测试】")
    assert as_test("wecom", {"text": "x"})["text"].startswith("【测试】")
    assert as_test("sms", {"text": "x", "params": {}}) == {"text": "x", "params": {}}


def _mini(**data: str) -> dict[str, Any]:
    content = {"template_id": "T1", "data": data}
    return {"template": "MINI", "channel": "wechat_mini", "kind": "subscribe", "content": content}


@pytest.mark.parametrize(
    ("name", "suggestion"), [("thng1", "thing"), ("thing", "thing"), ("orderMoney", None), ("1", None)]
)
def test_a_field_that_no_template_has_is_told(name: str, suggestion: str | None) -> None:
    """WeChat refuses the whole message for it (47003): nobody should learn that from the receipts."""
    found = problems(message(_mini(thing1="x", **{name: "y"})))
    assert {place: one.suggestion for place, one in found.items()} == {f"contents[0].content.data.{name}": suggestion}
    assert all(chinese(one.message) for one in found.values())
    # Templates of Official Accounts that were made before have fields by any name: a word of warning only.
    assert f"contents[0].content.data.{name}" in warnings(message(template(thing1="x", **{name: "y"})))


def test_fields_that_templates_have_are_fine() -> None:
    assert problems(message(_mini(thing1="x", amount12="3元", phrase2="成功"))) == {}
    assert not any("content.data" in one for one in warnings(message(template(first="x", keyword1="y", remark="z"))))
