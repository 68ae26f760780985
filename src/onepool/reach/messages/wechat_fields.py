"""What the fields of WeChat's templates may hold, by the kind in their name (thing1, amount2 …).

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
A value outside of this is refused with 47003, and the whole message with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CHANNELS: Final = frozenset({"wechat_oa", "wechat_mini"})
PART: Final = "data"

_TIME: Final = r"\d{1,2}:\d{2}(:\d{2})?"
_DATE: Final = r"\d{4}[年/-]\d{1,2}[月/-]\d{1,2}日?"


@dataclass(frozen=True, slots=True)
class Field:
    """``limit``: longest value, in characters. ``pattern``: what the whole value is (RE2)."""

    limit: int
    pattern: str
    zh: str
    en: str


FIELDS: Final[Mapping[str, Field]] = {
    "thing": Field(20, r"[\s\S]{1,20}", "20 个以内字符", "at most 20 characters"),
    "number": Field(32, r"[0-9.]{1,32}", "32 位以内数字，可带小数", "at most 32 digits, a decimal point allowed"),
    "letter": Field(32, r"[A-Za-z]{1,32}", "32 位以内字母", "at most 32 letters"),
    "symbol": Field(5, r"[^\p{L}\p{N}\s]{1,5}", "5 位以内符号", "at most 5 symbols"),
    "character_string": Field(
        32, r"[\x21-\x7e ]{1,32}", "32 位以内数字、字母或符号", "at most 32 digits, letters or symbols"
    ),
    "time": Field(
        45,
        rf"({_DATE}\s?)?{_TIME}(~({_DATE}\s?)?{_TIME})?",
        "24 小时制时间，可带年月日",
        "a time such as 15:01, or 2026年10月1日 15:01",
    ),
    "date": Field(
        45,
        rf"{_DATE}(\s?{_TIME})?(~{_DATE}(\s?{_TIME})?)?",
        "年月日，可带 24 小时制时间",
        "a date such as 2026年10月1日, or with a time",
    ),
    "amount": Field(
        13,
        r"[¥￥$€£]?\d{1,10}(\.\d{1,2})?元?",
        "1 个币种符号 + 10 位以内数字，可带小数，结尾可带“元”",
        "a currency sign and at most 10 digits, 元 allowed at the end",
    ),
    "phone_number": Field(17, r"[0-9+()\- ]{1,17}", "17 位以内数字、符号", "at most 17 digits and symbols"),
    "car_number": Field(8, r"\p{Han}?[A-Za-z0-9]{1,7}\p{Han}?", "8 位以内车牌", "a number plate, at most 8"),
    "name": Field(
        20,
        r"\p{Han}{1,10}|[^\p{Han}0-9]{1,20}",
        "10 个以内纯汉字或 20 个以内纯字母或符号",
        "at most 10 Chinese characters, or 20 letters or symbols",
    ),
    "phrase": Field(5, r"\p{Han}{1,5}", "5 个以内汉字", "at most 5 Chinese characters"),
    "const": Field(20, r"[\s\S]{1,20}", "模板中列出的值", "one of the values that the template lists"),
}


def field_of(channel: str, place: tuple[str | int, ...]) -> Field | None:
    """The rule of a text of a content, where it is a template's field (``data.thing1`` or ``data.thing1.value``)."""
    if channel not in CHANNELS or len(place) not in (2, 3) or place[0] != PART or place[2:] not in ((), ("value",)):
        return None
    return FIELDS.get(str(place[1]).rstrip("0123456789"))


def strange(channel: str, place: tuple[str | int, ...]) -> str | None:
    """The name of a template's field that no template has: a kind that the platform knows, and a number. None for
    others. Templates of Official Accounts that were made before have fields by any name."""
    if channel not in CHANNELS or len(place) not in (2, 3) or place[0] != PART:
        return None
    name = str(place[1])
    kind = name.rstrip("0123456789")
    known = kind in FIELDS and kind != name
    old = channel == "wechat_oa" and (name in ("first", "remark") or name.startswith("keyword"))
    return None if known or old else name
