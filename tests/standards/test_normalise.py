"""Tables of single values, and the properties every normaliser keeps."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onepool.clock import to_micros
from onepool.standards.faults import RULES, Fault
from onepool.standards.normalise import scalars
from onepool.standards.normalise.channel import channel
from onepool.standards.normalise.contact import Contact, email, phone
from onepool.standards.normalise.id_card import CANDIDATE, check, check_digit, digest, hide, id_card
from onepool.standards.normalise.money import LIMIT, currency, money
from onepool.standards.normalise.times import calendar_date, iso, time

from .given import json_values

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEY = b"0123456789abcdef"
CARD = "11010519491231002X"  # the example of GB 11643


def refused(normalise: Any, value: Any, **more: Any) -> str:
    with pytest.raises(Fault) as caught:
        normalise(value, **more)
    return caught.value.rule


@pytest.mark.parametrize(
    ("sent", "value", "usable", "why"),
    [
        ("13812345678", "+8613812345678", True, ""),
        (13812345678, "+8613812345678", True, ""),
        (13812345678.0, "+8613812345678", True, ""),
        ("+86 138-1234-5678", "+8613812345678", True, ""),
        ("0086 13812345678", "+8613812345678", True, ""),
        ("8613812345678", "+8613812345678", True, ""),
        (" １３８１２３４５６７８ ", "+8613812345678", True, ""),
        ("+852 6123 4567", "+85261234567", True, ""),
        ("+1 212-555-2368", "+12125552368", True, ""),
        ("021-62345678", "+862162345678", False, "landline"),
        ("138****1234", "138****1234", False, "masked"),
        ("138••••1234", "138••••1234", False, "masked"),
        ("138xxxx1234", "138xxxx1234", False, "masked"),
        ("1381234****", "1381234****", False, "masked"),
        ("13812345678-1234", "13812345678-1234", False, "privacy_number"),
        ("13812345678转1234", "13812345678转1234", False, "privacy_number"),
        ("17012345678,8821", "17012345678,8821", False, "privacy_number"),
        ("95013 12345678 转 6789", "95013 12345678 转 6789", False, "privacy_number"),
    ],
)
def test_phone(sent: Any, value: str, usable: bool, why: str) -> None:
    assert phone(sent) == Contact(value, usable, why)


@pytest.mark.parametrize("sent", ["12345", "138123456789", "23812345678", "abc", "phone", True, [], "١٢٣٤٥٦٧٨٩٠١"])
def test_no_phone(sent: Any) -> None:
    assert refused(phone, sent) == "type.phone"


@pytest.mark.parametrize("sent", [None, "", "  ", "null", "-", "N/A"])
def test_absent(sent: Any) -> None:
    assert phone(sent) is None
    assert email(sent) is None
    assert money(sent) is None
    assert currency(sent) is None
    assert time(sent, SHANGHAI) is None
    assert id_card(sent, KEY) is None
    assert scalars.number(sent) is None
    assert scalars.boolean(sent) is None
    assert scalars.gender(sent) is None


def test_phone_of_another_country() -> None:
    assert phone("020 7946 0018", "GB") == Contact("+442079460018", False, "landline")
    assert phone("07400 123456", "GB") == Contact("+447400123456")
    assert refused(phone, "138", country="GB") == "type.phone"


@settings(deadline=None)
@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_the_short_way_for_chinese_mobiles_agrees_with_the_library(number: str) -> None:
    parsed = phonenumbers.parse(number, "CN")
    mobile = phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) == 1
    try:
        found = phone(number)
    except Fault:
        found = None
    assert (found is not None and found.usable) == mobile


@pytest.mark.parametrize(
    ("sent", "value", "usable"),
    [
        ("A.B+c@Example.COM", "a.b+c@example.com", True),
        (" mailto:a@b.cn ", "a@b.cn", True),
        ("a＠b.cn", "a@b.cn", True),
        ("张三@例子.中国", None, None),
        ("zhang@例子.中国", "zhang@xn--fsqu00a.xn--fiqs8s", True),
        ("a***@qq.com", "a***@qq.com", False),
        ("***@qq.com", "***@qq.com", False),
        ("a@b", None, None),
        ("a@b@c.cn", None, None),
        ("a b@c.cn", None, None),
        (".a@b.cn", None, None),
        ("a..b@c.cn", None, None),
        ("a@-b.cn", None, None),
        ("x" * 65 + "@b.cn", None, None),
        (5, None, None),
    ],
)
def test_email(sent: Any, value: str | None, usable: bool | None) -> None:
    if value is None:
        assert refused(email, sent) == "type.email"
    else:
        assert email(sent) == Contact(value, bool(usable), "" if usable else "masked")


@pytest.mark.parametrize(
    ("sent", "amount", "named"),
    [
        (99.5, "99.5", None),
        (100, "100", None),
        ("99.50", "99.5", None),
        ("¥1,234.50", "1234.5", "CNY"),
        ("￥1,234.50元", "1234.5", "CNY"),
        ("1234.5元", "1234.5", "CNY"),
        ("1.2万", "12000", None),
        ("1.2 万元", "12000", "CNY"),
        ("3亿", "300000000", None),
        ("$12.50", "12.5", "USD"),
        ("US$ 12", "12", "USD"),
        ("USD 12.5", "12.5", "USD"),
        ("12.5 usd", "12.5", "USD"),
        ("HK$5", "5", "HKD"),
        ("-¥3", "-3", "CNY"),
        ("¥-3", "-3", "CNY"),
        ("(12.50)", "-12.5", None),
        ("−8", "-8", None),
        ("１２３．４", "123.4", None),
        (".5", "0.5", None),
        ("1e3", "1000", None),
        (0.1 + 0.2, "0.3", None),
        ("0.00005", "0", None),
        ("¥100 JPY", "100", "JPY"),
        ("100元整", "100", "CNY"),
        (Decimal("1.25"), "1.25", None),
        (-0.0, "0", None),
    ],
)
def test_money(sent: Any, amount: str, named: str | None) -> None:
    found = money(sent)
    assert found is not None
    assert (found[0], found[1]) == (Decimal(amount), named)
    assert str(found[0]) == str(Decimal(amount).quantize(Decimal("0.0001")))


@pytest.mark.parametrize(
    "sent",
    [
        "NaN",
        "nan",
        "inf",
        float("nan"),
        float("inf"),
        True,
        "abc",
        "1,23",
        "1.234,56",
        "12元3",
        "(5",
        "--5",
        "(-5)",
        "1_000",
        *("1 2", "¥5€", 10**14, "99999999999999999999", [], {}, "xyz 5", "5整", 1e300),
    ],
)
def test_no_money(sent: Any) -> None:
    assert refused(money, sent) == "type.money"


def test_money_in_hundredths() -> None:
    assert money(12345, fen=True) == (Decimal("123.45"), None, frozenset())
    assert money("12345", fen=True) == (Decimal("123.45"), None, frozenset())
    assert money("123.45元", fen=True) == (Decimal("123.45"), "CNY", frozenset({"CNY"}))  # the unit is written


@pytest.mark.parametrize(
    ("sent", "code"), [("cny", "CNY"), ("人民币", "CNY"), ("RMB", "CNY"), ("￥", "CNY"), ("美元", "USD"), ("€", "EUR")]
)
def test_currency(sent: str, code: str) -> None:
    assert currency(sent) == code
    assert refused(currency, "XYZ") == "type.currency"


@pytest.mark.parametrize(
    ("sent", "instant"),
    [
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05"),
        ("2024-01-02T03:04:05.678+08:00", "2024-01-01T19:04:05.678"),
        ("2024-01-02T03:04:05.678+0800", "2024-01-01T19:04:05.678"),
        ("2024-01-02 03:04:05", "2024-01-01T19:04:05"),
        ("2024/1/2 3:04", "2024-01-01T19:04:00"),
        ("2024-1-2T3:4:5.7Z", "2024-01-02T03:04:05.7"),
        ("2024.01.02 03:04", "2024-01-01T19:04:00"),
        ("2024年1月2日 15时04分", "2024-01-02T07:04:00"),
        ("2024年1月2日 下午3:04", "2024-01-02T07:04:00"),
        ("2024/1/2 12:04 AM", "2024-01-01T16:04:00"),
        ("20240102", "2024-01-01T16:00:00"),
        (20240102, "2024-01-01T16:00:00"),
        ("20240102150405", "2024-01-02T07:04:05"),
        ("20240102T150405Z", "2024-01-02T15:04:05"),
        (1704164645, "2024-01-02T03:04:05"),
        ("1704164645", "2024-01-02T03:04:05"),
        (1704164645.25, "2024-01-02T03:04:05.25"),
        (1704164645678, "2024-01-02T03:04:05.678"),
        ("1704164645678", "2024-01-02T03:04:05.678"),
        (1704164645678901, "2024-01-02T03:04:05.678901"),
        (1704164645678901234, "2024-01-02T03:04:05.678901"),
        ("Tue, 02 Jan 2024 03:04:05 GMT", "2024-01-02T03:04:05"),
        ("2024-01-02", "2024-01-01T16:00:00"),
        ("２０２４－０１－０２", "2024-01-01T16:00:00"),
    ],
)
def test_time(sent: Any, instant: str) -> None:
    assert time(sent, SHANGHAI) == to_micros(datetime.fromisoformat(instant).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "sent",
    [
        "01/02/2024",
        "2024-13-01",
        "2024-02-30",
        "12:30",
        "yesterday",
        45293.5,
        12,
        True,
        float("nan"),
        1e300,
        [],
        "20241301",
        *("2024/1/2 13:00 PM", "1700-01-01", "2024-01-02T25:00:00Z", "2024-01-02T03:04:05+99:99", "9" * 40),
    ],
)
def test_no_time(sent: Any) -> None:
    assert refused(time, sent, zone=SHANGHAI) == "type.time"


def test_zero_dates_of_databases_are_absent() -> None:
    assert time("0000-00-00 00:00:00", SHANGHAI) is None
    assert calendar_date("0000-00-00", SHANGHAI) is None


def test_days_of_excel_only_where_said() -> None:
    assert time(45293.5, SHANGHAI, excel=True) == to_micros(datetime(2024, 1, 2, 4, tzinfo=UTC))
    assert calendar_date("45293", SHANGHAI, excel=True) == date(2024, 1, 2)
    assert refused(time, 45293, zone=SHANGHAI) == "type.time"


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("1990-05-06", date(1990, 5, 6)),
        ("1990/5/6", date(1990, 5, 6)),
        ("1990年5月6日", date(1990, 5, 6)),
        ("19900506", date(1990, 5, 6)),
        ("1990-05-06T23:00:00Z", date(1990, 5, 7)),
        ("1990-05-06 23:00:00", date(1990, 5, 6)),
        (641923200000, date(1990, 5, 6)),
    ],
)
def test_calendar_date(sent: Any, day: date) -> None:
    assert calendar_date(sent, SHANGHAI) == day
    assert refused(calendar_date, "1990-02-30", zone=SHANGHAI) == "type.date"


@pytest.mark.parametrize(
    ("sent", "found"), [("是", True), ("Y", True), (1, True), ("0", False), ("否", False), (False, False)]
)
def test_boolean(sent: Any, found: bool) -> None:
    assert scalars.boolean(sent) is found
    assert refused(scalars.boolean, "maybe") == "type.boolean"
    assert refused(scalars.boolean, 2) == "type.boolean"


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("男", "male"),
        ("女士", "female"),
        (1, "male"),
        ("2", "female"),
        (0, "unknown"),
        ("F", "female"),
        ("保密", "unknown"),
    ],
)
def test_gender(sent: Any, found: str) -> None:
    assert scalars.gender(sent) == found
    assert refused(scalars.gender, 7) == "type.gender"


def test_numbers_and_texts() -> None:
    assert scalars.number("1,234.5") == 1234.5
    assert refused(scalars.number, "NaN") == "type.number"
    assert refused(scalars.number, "12abc") == "type.number"
    assert refused(scalars.number, True) == "type.number"
    assert scalars.integer("1,234.00") == 1234
    assert scalars.integer(3.0) == 3
    assert refused(scalars.integer, 3.5) == "type.integer"
    assert refused(scalars.integer, 2**63) == "type.integer"
    assert scalars.text("  e\u0301 ") == "é"
    assert scalars.text("a\0b") == "ab"
    assert scalars.text(3.0) == "3"
    assert refused(scalars.text, {"a": 1}) == "type.text"
    assert scalars.identity(12345.0) == "12345"
    assert refused(scalars.identity, "x" * 513) == "type.id"
    assert scalars.text_list("a，b、a") == ["a", "b"]
    assert scalars.text_list(["a", 1, None, ""]) == ["a", "1"]
    assert refused(scalars.text_list, [["a"]]) == "type.text_list"


def test_id_card() -> None:
    assert check_digit(CARD[:17]) == "X"
    found = id_card(CARD.lower(), KEY)
    assert found == digest(CARD, KEY) == id_card(" 110105 19491231 002x ", KEY)
    assert found is not None and len(found) == 64
    assert id_card(CARD, b"another key of 16 bytes") != found
    assert id_card("110105491231002", KEY) == found  # the old form of 15 digits
    for wrong in ("110105194912310021", "990105194912310020", "11010519491331002X", "123", CARD + "1", "１" * 3):
        assert refused(id_card, wrong, key=KEY) == "type.id_card"
    assert refused(id_card, CARD, key=b"short") == "id_card.key"


def test_id_cards_in_text_are_hidden() -> None:
    assert hide(f"身份证{CARD}，谢谢") == "身份证[id_card]，谢谢"
    assert hide(f"no {CARD}.", KEY) == f"no {digest(CARD, KEY)}."
    assert hide(f"order 9{CARD}") == f"order 9{CARD}"
    assert hide("order 110105194912310021") == "order 110105194912310021"  # the check digit is wrong
    assert re.search(CANDIDATE, f"身份证{CARD}，谢谢")


def test_channel() -> None:
    named = {"微信公众号": "wechat_oa", "wechat": "wechat_oa"}
    assert channel("We Chat", named) == "wechat_oa"
    assert channel("Partner Site", named) == "partner_site"
    assert channel("", named) is None


def test_faults_tell_in_both_languages() -> None:
    fault = Fault("type.money", "abc")
    assert fault.message("amount") == "“abc” 不是金额 / “abc” is not an amount of money"
    assert "…" in Fault("type.money", "x" * 500).message()
    for rule in RULES:
        words = {"currency": "CNY", "problem": "p", "count": "51"}
        assert " / " in Fault(rule, "v", **words).message("f")


# What a normaliser gives, it takes again unchanged; and it gives or refuses, nothing else.
AGAIN: dict[str, Any] = {
    "text": scalars.text,
    "identity": scalars.identity,
    "number": scalars.number,
    "integer": scalars.integer,
    "boolean": scalars.boolean,
    "gender": scalars.gender,
    "text_list": scalars.text_list,
    "currency": currency,
    "phone": lambda value: (found := phone(value)) and found.value,
    "email": lambda value: (found := email(value)) and found.value,
    "money": lambda value: (found := money(value)) and found[0],
    "time": lambda value: None if (found := time(value, SHANGHAI)) is None else iso(found),
    "date": lambda value: (found := calendar_date(value, SHANGHAI)) and found.isoformat(),
    "channel": lambda value: channel(value, {"wechat": "wechat_oa", "wechatoa": "wechat_oa"}),
}


@pytest.mark.parametrize("name", AGAIN)
@settings(deadline=None)
@given(value=json_values())
@example(value="0x10")
@example(value="²")
@example(value="1e99999")
def test_normalising_again_changes_nothing(name: str, value: Any) -> None:
    normalise = AGAIN[name]
    try:
        once = normalise(value)
    except Fault:
        return
    assert normalise(once) == once


@settings(deadline=None)
@given(
    st.datetimes(datetime.fromisoformat("1800-01-02"), datetime.fromisoformat("2199-12-30")),
    st.integers(-14 * 60, 14 * 60),
)
def test_every_iso_time_is_read(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert time(aware.isoformat(), SHANGHAI) == to_micros(aware)
    assert time(iso(to_micros(aware)), SHANGHAI) == to_micros(aware)


@settings(deadline=None)
@given(st.decimals(-LIMIT + 1, LIMIT - 1, places=4))
def test_every_amount_is_read_exactly(amount: Decimal) -> None:
    found = money(f"¥{amount:,f}")
    assert found is not None and found[:2] == (amount, "CNY")


@settings(deadline=None)
@given(st.text(alphabet="0123456789X", min_size=18, max_size=18))
def test_checked_cards_have_the_check_digit(number: str) -> None:
    found = check(number)
    assert found is None or (found == number and check_digit(number[:17]) == number[17])
