"""Showing personal values without giving them away: 138****5678, z***@example.com, 王**."""

from __future__ import annotations

import re

from pydantic import JsonValue

_CHINESE_PHONE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
# Inside running text: an e-mail address, an ID-card number, a mainland mobile number, an international number. Letters
# may touch them (Chinese has no blanks); digits may not, nor may it be the tail of a decimal fraction.
_IN_TEXT = re.compile(
    r"(?P<email>[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,190}\.[A-Za-z]{2,24})"
    r"|(?<![0-9])(?<![0-9]\.)(?:(?P<card>[0-9]{17}[0-9Xx])"
    r"|(?P<phone>(?:\+?86[ \-]?)?1[3-9][0-9][ \-]?[0-9]{4}[ \-]?[0-9]{4}|\+[0-9]{8,15}))(?![0-9])"
)
# Classes of personal data (of the data standard) whose values are masked, and the fields that hold people's names:
# what is left (city, gender, age …) is what customers are described by.
HIDDEN_CLASSES = frozenset({"contact", "id_card", "sensitive"})
PERSON_NAMES = frozenset({"name", "first_name", "last_name", "nickname", "receiver_name"})

_SECRET_TYPES = frozenset({"id_card", "passport"})


def mask_phone(value: str) -> str:
    """A phone number with its middle hidden; mainland numbers without their country code."""
    text = value.strip()
    chinese = _CHINESE_PHONE.fullmatch(text)
    if chinese:
        number = chinese[1]
        return f"{number[:3]}****{number[-4:]}"
    if len(text) >= 10:
        return f"{text[: len(text) - 8]}****{text[-4:]}"
    return f"****{text[-2:]}" if len(text) > 4 else "****"


def mask_email(value: str) -> str:
    """An e-mail address: the first letter and the domain stay."""
    local, at, domain = value.strip().rpartition("@")
    if not at:
        return mask_plain(value)
    return f"{local[:1]}***@{domain}"


def mask_name(value: str) -> str:
    """A person's name: the first character stays."""
    text = value.strip()
    return f"{text[:1]}**" if text else ""


def mask_plain(value: str) -> str:
    """Any other personal value: the first and last characters stay if there are enough of them."""
    text = value.strip()
    if len(text) >= 10:
        return f"{text[:3]}****{text[-4:]}"
    return f"{text[:1]}***" if len(text) > 1 else "***"


def mask_identifier(kind: str, value: str) -> tuple[str, bool]:
    """An identifier's value as shown, and whether it was changed.

    Phone, e-mail and documents are hidden; ids given by platforms and by the brand (openid, member number) name nobody
    outside of their system and are what support staff search by, so they stay.
    """
    if kind == "phone" or kind.endswith("_phone"):
        return mask_phone(value), True
    if kind == "email" or kind.endswith("_email"):
        return mask_email(value), True
    if kind in _SECRET_TYPES:
        return "***", True
    return value, False


def mask_attribute(name: str, value: str) -> str:
    """A personal attribute's value as shown, by what it seems to be."""
    if name.endswith(("phone", "mobile")):
        return mask_phone(value)
    if name.endswith("email"):
        return mask_email(value)
    if name.endswith("name"):
        return mask_name(value)
    return mask_plain(value)


def mask_text(text: str) -> str:
    """Running text with phone numbers, e-mail addresses and ID-card numbers in it hidden."""
    return _IN_TEXT.sub(_hide, text)


def mask_json(value: JsonValue, personal: frozenset[str] = frozenset(), ids: frozenset[str] = frozenset()) -> JsonValue:
    """A JSON value with the fields named in `personal` hidden, at any depth, and whatever looks personal elsewhere.

    `ids`: fields that name things (an order, a product): shown, though their digits may look like a phone number.
    """
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list):
        return [mask_json(item, personal, ids) for item in value]
    if isinstance(value, dict):
        return {key: _mask_member(key, item, personal, ids) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        hidden = mask_text(str(value))
        return value if hidden == str(value) else hidden
    return value


def _mask_member(name: str, value: JsonValue, personal: frozenset[str], ids: frozenset[str]) -> JsonValue:
    if name not in personal:
        known = name in ids and isinstance(value, str | int)
        return value if known else mask_json(value, personal, ids)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (list, dict)):
        return "***"
    return mask_attribute(name, str(value))


def _hide(match: re.Match[str]) -> str:
    if match["email"]:
        return mask_email(match["email"])
    if match["card"]:
        return "***"
    digits = match["phone"].replace(" ", "").replace("-", "")
    return mask_phone(digits)
