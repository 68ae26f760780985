"""Identifiers that arrive as a digest of what other systems have in clear, and the same digests of our plain values.

Advertising platforms digest a mainland phone as its 11 digits, an address of e-mail in lower case, an IDFA in upper
case and other device ids as they are told (Tencent: ``hash_phone`` is the MD5 of ``13500000000``). Who agreed on a
salt puts it before the value.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from onepool.standards.faults import Fault
from onepool.standards.normalise.scalars import ABSENT, plain

LENGTHS: Final = {"md5": 32, "sha256": 64}
"""Hexadecimal digits of a digest, by how it is made."""

_HEX = re.compile(r"[0-9a-fA-F]+")
_MAINLAND: Final = "+86"
_MAINLAND_DIGITS: Final = 11


def made_by(value: object) -> str | None:
    """How a text may have been digested (`md5`, `sha256`); None if it looks like no digest."""
    if not isinstance(value, str):
        return None
    written = value.strip()
    if _HEX.fullmatch(written) is None:
        return None
    return next((name for name, length in LENGTHS.items() if len(written) == length), None)


def digest(value: Any, algorithm: str) -> str | None:
    """A digest that was sent, in lower case; None where there is none. Raises Fault for anything else."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Fault("type.digest")
    written = plain(value)
    if written.lower() in ABSENT:
        return None
    if made_by(written) != algorithm:
        raise Fault("type.digest")
    return written.lower()


def digested(kind: str, value: str, algorithm: str, salt: bytes = b"") -> str:
    """The digest that other systems make of an identifier in the form in which it is kept (`+8613812345678`)."""
    if kind == "phone":
        # Of a mainland number its 11 digits, of another country's all digits with its code.
        local = value.removeprefix(_MAINLAND)
        value = local if len(local) == _MAINLAND_DIGITS else value.removeprefix("+")
    return hashlib.new(algorithm, salt + value.encode()).hexdigest()
