"""What is shown of personal values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepool.privacy.masking import (
    mask_attribute,
    mask_email,
    mask_identifier,
    mask_json,
    mask_name,
    mask_phone,
    mask_plain,
    mask_text,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+8613812345678", "138****5678"),
        ("13812345678", "138****5678"),
        ("8613812345678", "138****5678"),
        ("+14155550123", "+141****0123"),
        ("02112345678", "021****5678"),
        ("1234567", "****67"),
        ("110", "****"),
        ("138****5678", "138****5678"),
    ],
)
def test_phone(value: str, shown: str) -> None:
    assert mask_phone(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("zhang@example.com", "z***@example.com"), ("@example.com", "***@example.com"), ("no address", "no****ss")],
)
def test_email(value: str, shown: str) -> None:
    assert mask_email(value) == shown


def test_other_values() -> None:
    assert mask_name("王小明") == "王**"
    assert mask_name("") == ""
    assert mask_plain("上海市浦东新区世纪大道100号") == "上海市****00号"
    assert mask_plain("x") == "***"
    assert mask_attribute("address", "上海市浦东新区世纪大道100号") == "上海市****"
    assert mask_attribute("home_phone", "13812345678") == "138****5678"
    assert mask_attribute("nickname", "小王子") == "小**"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("phone", "+8613812345678", ("138****5678", True)),
        ("email", "a@b.cn", ("a***@b.cn", True)),
        ("id_card", "digest", ("***", True)),
        ("openid", "oABC", ("oABC", False)),
        ("member_no", "13812345678", ("13812345678", False)),
    ],
)
def test_identifiers(kind: str, value: str, expected: tuple[str, bool]) -> None:
    assert mask_identifier(kind, value) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("请致电13812345678，谢谢", "请致电138****5678，谢谢"),
        ("138-1234-5678", "138****5678"),
        ("+86 138 1234 5678", "138****5678"),
        ("mail zhang.wei+x@mail.example.com now", "mail z***@mail.example.com now"),
        ("11010519491231002X", "***"),
        ("order 20261119000012345678901", "order 20261119000012345678901"),
        ("2026-11-19T02:00:00Z", "2026-11-19T02:00:00Z"),
        ("price 1380.12", "price 1380.12"),
        ("share 0.13812345678", "share 0.13812345678"),
        ("tel.13812345678", "tel.138****5678"),
        ("+447911123456", "+4479****3456"),
    ],
)
def test_text(text: str, shown: str) -> None:
    assert mask_text(text) == shown


def test_json() -> None:
    data = {
        "receiver_phone": "021-55551234",
        "note": ["13812345678", {"deep": "a@b.com"}],
        "mobile": 13812345678,
        "amount": 1380,
        "ok": True,
        "none": None,
        "address": {"street": "x"},
    }
    assert mask_json(data, frozenset({"receiver_phone", "address"})) == {
        "receiver_phone": "021-****1234",
        "note": ["138****5678", {"deep": "a***@b.com"}],
        "mobile": "138****5678",
        "amount": 1380,
        "ok": True,
        "none": None,
        "address": "***",
    }


def test_ids_of_things_are_shown() -> None:
    data = {
        "order_id": "13812345678",
        "note": "13812345678",
        "product_id": 13812345678,
        "items": [{"sku_id": "+12345678901"}],
    }
    ids = frozenset({"order_id", "product_id", "sku_id"})
    assert mask_json(data, frozenset(), ids) == {**data, "note": "138****5678"}  # type: ignore[dict-item, arg-type]


PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | PHONES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(PHONES, st.text(alphabet="，。 来电:\n/()", max_size=5), st.text(alphabet="，。 谢谢\n/()", max_size=5))
def test_no_mobile_number_survives_in_text(phone: str, before: str, after: str) -> None:
    shown = mask_text(before + phone + after)
    assert phone not in shown and shown.startswith(before) and shown.endswith(after)


@given(JSON, PHONES)
def test_no_mobile_number_survives_in_json(data: object, phone: str) -> None:
    shown = json.dumps(mask_json({"a": data, "b": phone, "c": [int(phone)]}), ensure_ascii=False)  # type: ignore[dict-item]
    assert f'"{phone}"' not in shown and f"[{phone}]" not in shown


@given(st.text(max_size=300))
def test_masking_masked_text_changes_nothing(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)
