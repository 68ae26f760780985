"""Single values of the plain types: text, ids, numbers, yes and no, gender.

Every function takes a value as it was decoded from JSON and returns the canonical value, None for "nothing there",
or raises `Fault`. Each is idempotent: a canonical value stays what it is.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any, Final

from onepool.standards.faults import Fault

ABSENT: Final = frozenset({"", "null", "none", "nil", "n/a", "-", "--", "\\n", "undefined", "未取到值"})
"""Spellings of "nothing" (lower case) in fields that are not text."""

INT64: Final = 2**63
MAX_ID: Final = 512

_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|[+-]?\.\d+")
_EXPONENT = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d{1,3}")

_ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+\d{2,3}")

_WIDE = re.compile(r"[\x00-\x7f\u3000\uff01-\uff5e]*")

_YES = frozenset(
    "true t yes y 1 on 是 有 真 对 已 开 开启 启用 √ ✓ ✔ 已开启 已启用 同意 已同意".split()  # noqa: SIM905
)
_NO = frozenset(
    "false f no n 0 off 否 无 没有 假 错 未 关 关闭 停用 × ✗ ✘ 不是 已关闭 已停用 不同意 未同意".split()  # noqa: SIM905
)

# 0, 1, 2 and 9 as in GB/T 2261.1 and in the WeChat API.
_GENDERS: Final = {
    "male": ["male", "m", "man", "boy", "mr", "1", "男", "男性", "男士", "先生", "男生", "公"],
    "female": ["female", "f", "woman", "girl", "ms", "mrs", "miss", "2", "女", "女性", "女士", "小姐", "女生", "母"],
    "other": ["other", "non-binary", "nonbinary", "x", "其他", "其它"],
    "unknown": ["unknown", "0", "9", "u", "未知", "保密", "不详", "未说明的性别", "未知的性别", "prefer not to say"],
}
_GENDER = {spelling: gender for gender, spellings in _GENDERS.items() for spelling in spellings}


def plain(value: str) -> str:
    """Full-width forms as ordinary ones, no blanks around, no NUL: for matching patterns, not for keeping."""
    return (value if value.isascii() else unicodedata.normalize("NFKC", value)).replace("\0", "").strip()


def narrow(value: str) -> str:
    """An id that is written in full-width letters, digits and signs, in ordinary ones; any other as it is.

    Only where nothing else is in it: names with `²` or Chinese in them may differ by such signs alone.
    """
    if value.isascii() or not _WIDE.fullmatch(value):
        return value
    return unicodedata.normalize("NFKC", value).strip()


def text(value: Any, rule: str = "type.text") -> str | None:
    """A text as it is, composed (NFC), without blanks around; numbers and booleans in their plain spelling."""
    if isinstance(value, str):
        if not value.isascii():
            value = unicodedata.normalize("NFC", value)
        if "\0" in value:
            value = value.replace("\0", "")
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    raise Fault(rule, value)


def rounded(value: str) -> bool:
    """Whether a text is a long number as a spreadsheet shows it (`4.20E+18`): as an id it stands for many."""
    return "+" in value and _ROUNDED.fullmatch(value) is not None


def identity(value: Any) -> str | None:
    """An id: a text of at most 512 characters; 12345.0 from a spreadsheet is 12345, 4.2E+18 is refused."""
    if isinstance(value, bool):
        raise Fault("type.id", value)
    found = text(value, "type.id")
    if found is not None:
        found = narrow(found) or None
    if found is not None and len(found) > MAX_ID:
        raise Fault("type.id", found)
    if found is not None and (rounded(found) or (isinstance(value, float) and abs(value) >= 2**53)):
        raise Fault("identifier.rounded", found)
    return found


def number(value: Any) -> float | None:
    """A finite number; thousands may be set apart by commas."""
    if isinstance(value, str):
        written = plain(value)
        if written.lower() in ABSENT:
            return None
        if not (_PLAIN_NUMBER.fullmatch(written) or _EXPONENT.fullmatch(written)):
            raise Fault("type.number", value)
        value = float(written.replace(",", ""))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault("type.number", value)
    try:
        found = float(value)
    except OverflowError:
        raise Fault("type.number", value) from None
    if not math.isfinite(found):
        raise Fault("type.number", value)
    return found


def integer(value: Any) -> int | None:
    """A whole number that fits 64 bits; 3.0 is 3, 3.5 is refused."""
    if isinstance(value, str):
        written = plain(value)
        if written.lower() in ABSENT:
            return None
        if not _PLAIN_NUMBER.fullmatch(written):
            raise Fault("type.integer", value)
        whole, _, fraction = written.replace(",", "").partition(".")
        if fraction.strip("0") or not whole.strip("+-"):
            raise Fault("type.integer", value)
        value = int(whole)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -INT64 <= value < INT64:
        raise Fault("type.integer", value)
    return value


def boolean(value: Any) -> bool | None:
    """Yes or no in its many spellings."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        written = plain(value).lower()
        if written in _YES:
            return True
        if written in _NO:
            return False
        if written in ABSENT:
            return None
    raise Fault("type.boolean", value)


def gender(value: Any) -> str | None:
    """`male`, `female`, `other` or `unknown`; numbers by GB/T 2261.1 (1 male, 2 female, 0 and 9 unknown)."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer():
        value = str(int(value))
    if isinstance(value, str):
        written = plain(value).lower()
        if written in _GENDER:
            return _GENDER[written]
        if written in ABSENT:
            return None
    raise Fault("type.gender", value)


def text_list(value: Any) -> list[str] | None:
    """A list of texts; one text may hold several, parted by `,` `，` `、` `;` `；` `|`. Order stays, doubles go."""
    if value is None:
        return None
    parts: list[Any]
    if isinstance(value, str):
        parts = list(re.split(r"[,，、;；|]", value))
    elif isinstance(value, list | tuple):
        parts = list(value)
    elif isinstance(value, int | float):
        parts = [value]
    else:
        raise Fault("type.text_list", value)
    found: dict[str, None] = {}
    for part in parts:
        if (one := text(part, "type.text_list")) is not None:
            found[one] = None
    return list(found) or None
