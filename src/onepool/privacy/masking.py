"""Showing personal values without giving them away: 138****5678, z***@example.com, 王**."""

from __future__ import annotations

import re
from functools import lru_cache

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
_SECRET_CLASSES = frozenset({"id_card", "sensitive"})
_DIGITS = re.compile(r"\+?[0-9][0-9 ,\-]{4,}")


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
    """Any other personal value: first and last characters stay, less than half of it all together."""
    text = value.strip()
    ends = min(len(text) // 5, 4)
    if ends < 2:
        return f"{text[:1]}***" if len(text) > 1 else "***"
    return f"{text[: min(ends, 3)]}****{text[-ends:]}"


def mask_address(value: str) -> str:
    """An address: the first characters stay (a province, a city); the house stands at its end."""
    text = value.strip()
    return f"{text[:3]}****" if len(text) >= 6 else mask_plain(text)


def mask_identifier(kind: str, value: str, personal: str | None = None) -> tuple[str, bool]:
    """An identifier's value as shown, and whether it was changed. `personal`: its class in the data standard.

    Phone, e-mail and documents are hidden; ids given by platforms and by the brand (openid, member number) name nobody
    outside of their system and are what support staff search by, so they stay.
    """
    if kind == "phone" or kind.endswith("_phone"):
        return mask_phone(value), True
    if kind == "email" or kind.endswith("_email"):
        return mask_email(value), True
    if kind in _SECRET_TYPES or personal in _SECRET_CLASSES:
        return "***", True
    if personal in HIDDEN_CLASSES:
        return _contact(value), True
    return value, False


def _contact(value: str) -> str:
    """A way of reaching somebody whose kind is a workspace's own, by what it looks like."""
    if "@" in value:
        return mask_email(value)
    return mask_phone(value) if _DIGITS.fullmatch(value.strip()) else mask_plain(value)


def mask_attribute(name: str, value: str) -> str:
    """A personal attribute's value as shown, by what it seems to be."""
    if name.endswith(("phone", "mobile")):
        return mask_phone(value)
    if name.endswith("email"):
        return mask_email(value)
    if name.endswith("name"):
        return mask_name(value)
    if name.endswith(("address", "street")):
        return mask_address(value)
    return mask_plain(value)


def mask_text(text: str) -> str:
    """Running text with phone numbers, e-mail addresses and ID-card numbers in it hidden."""
    return _IN_TEXT.sub(_hide, text)


def mask_loose(text: str, personal: frozenset[str]) -> str:
    """What was sent in no form that can be read as a whole: cut JSON, a form, XML, a log line.

    The values of the members named in `personal` are left out, up to where they are closed or to the end; of the rest
    whatever looks personal is hidden.
    """
    if not personal:
        return mask_text(text)
    kept: list[str] = []
    at = 0
    for match in _named(personal).finditer(text):
        if match.start() < at:
            continue
        end = _end_of_value(text, match.end())
        if end > match.end():
            kept.append(text[at : match.end()] + "***")
            at = end
    return mask_text("".join(kept) + text[at:])


@lru_cache(maxsize=16)
def _named(personal: frozenset[str]) -> re.Pattern[str]:
    """Where a member of one of these names stands, up to the beginning of its value."""
    names = "|".join(re.escape(name) for name in sorted(personal, key=lambda name: (-len(name), name)))
    return re.compile(
        rf"(?<![\w.])(?:{names})"
        rf"(?:\\*[\"']\s*[:=]\s*|\s*[:=\uff1a]\s*|\s*>(?:\s*<!\[CDATA\[)?|[%][35][dDaA])",
        re.IGNORECASE,
    )


def _end_of_value(text: str, start: int) -> int:
    """Where the value that begins here ends: at its own quote, bracket or tag, or at the next separator."""
    opening = re.compile(r"\\*[\"']").match(text, start)
    if opening:
        quote = opening[0]
        place = opening.end()
        while (place := text.find(quote, place)) >= 0:
            # A quote after more backslashes than it was opened with belongs to the value.
            slashes = len(quote) - 1
            before = place - len(text[:place].rstrip("\\"))
            if before <= slashes or (slashes == 0 and before % 2 == 0):
                return place + len(quote)
            place += len(quote)
        return len(text)
    if text[start : start + 1] in ("{", "["):
        return len(text)
    if text[start - 1 : start] in (">", "["):
        closed = text.find("<" if text[start - 1] == ">" else "]]>", start)
        return len(text) if closed < 0 else closed
    closed_by = re.compile(r"[&,;}\]\r\n\"'<]|%26").search(text, start)
    return len(text) if closed_by is None else closed_by.start()


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
