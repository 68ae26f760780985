"""Identity card numbers (GB 11643-1999): checked, then kept only as a keyed digest."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date
from typing import Any, Final

from onepool.standards.faults import Fault
from onepool.standards.normalise.scalars import ABSENT, plain

MIN_KEY: Final = 16
"""Bytes that the digest key must have at least."""

MASKED: Final = "[id_card]"
"""What stands in place of a number where there is no key to digest it with."""

CANDIDATE: Final = r"(?:^|[^0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?:[^0-9A-Za-z]|$)"
"""Finds texts that may hold a number in clear (RE2 syntax too); `check` then decides."""

_CANDIDATE = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"
_PROVINCES: Final = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()  # noqa: SIM905
)
_FIRST_BIRTH: Final = 1850
_LAST_BIRTH: Final = 2200


def check_digit(first17: str) -> str:
    """The 18th character by ISO 7064 MOD 11-2."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def check(number: str) -> str | None:
    """The number in 18 characters (an old one of 15 digits is extended), or None if it can't be one."""
    written = number.upper()
    if re.fullmatch(r"[1-9][0-9]{14}", written):
        written = f"{written[:6]}19{written[6:]}"
        written += check_digit(written)
    elif not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", written) or check_digit(written[:17]) != written[17]:
        return None
    if written[:2] not in _PROVINCES:
        return None
    try:
        born = date(int(written[6:10]), int(written[10:12]), int(written[12:14]))
    except ValueError:
        return None
    return written if _FIRST_BIRTH <= born.year < _LAST_BIRTH else None


def digest(number: str, key: bytes) -> str:
    """HMAC-SHA256 under the workspace's key, in hex: equal numbers are equal, nothing else can be read from it.

    A plain hash would not do: there are few enough numbers to try them all.
    """
    return hmac.new(key, number.encode("ascii"), hashlib.sha256).hexdigest()


def id_card(value: Any, key: bytes) -> str | None:
    """The digest of an identity card number; raises Fault for anything else, and where no key is set.

    A digest is taken for what it is: a system that shares the key, or an export brought back, never had the number.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Fault("type.id_card")
    written = re.sub(r"[\s\-]+", "", plain(value))
    if written.lower() in ABSENT:
        return None
    digested = _DIGEST.fullmatch(written)
    number = check(written)
    if number is None and digested is None:
        raise Fault("type.id_card")
    if len(key) < MIN_KEY:
        raise Fault("id_card.key")
    return digest(number, key) if number is not None else written.lower()


def hide(text: str, key: bytes | None = None) -> str:
    """The text with every identity card number in it replaced: by its digest, or by a mark where there is no key.

    Only the form of 18 characters is looked for: of 15 digits, too many order numbers would pass for one.
    """

    def replace(match: re.Match[str]) -> str:
        number = check(match[0])
        if number is None:
            return match[0]
        return digest(number, key) if key is not None and len(key) >= MIN_KEY else MASKED

    return _CANDIDATE.sub(replace, text)
