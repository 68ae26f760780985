"""How the platforms want identifiers hashed: https://datanexus.qq.com/doc (加密方法); Ocean Engine's upload page.

Mainland numbers as 11 digits, IDFA in capitals, OAID and Android ID as the phone says them; then MD5 or SHA-256 in
lower-case hex.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from onepool.channels.base import Hashed

_PHONE: Final = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")


def md5(value: str) -> str:
    """MD5 in lower-case hex."""
    return hashlib.md5(value.encode()).hexdigest()  # noqa: S324 the platforms' rule


def sha256(value: str) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(value.encode()).hexdigest()


def mainland(phone: str) -> str | None:
    """A mainland mobile number as 11 digits; None for any other."""
    match = _PHONE.fullmatch(phone)
    return match[1] if match else None


def _phone(hashing: Callable[[str], str]) -> Callable[[str], str | None]:
    def hashed(value: str) -> str | None:
        number = mainland(value)
        return None if number is None else hashing(number)

    return hashed


_PHONE_MD5: Final = Hashed("phone_md5", {"zh": "手机号 MD5", "en": "Phone, MD5"}, "phone", _phone(md5))
_PHONE_SHA256: Final = Hashed("phone_sha256", {"zh": "手机号 SHA-256", "en": "Phone, SHA-256"}, "phone", _phone(sha256))
_IDFA_MD5: Final = Hashed("idfa_md5", {"zh": "IDFA MD5", "en": "IDFA, MD5"}, "idfa", lambda value: md5(value.upper()))
_OAID_MD5: Final = Hashed("oaid_md5", {"zh": "OAID MD5", "en": "OAID, MD5"}, "oaid", md5)
_IMEI_MD5: Final = Hashed("imei_md5", {"zh": "IMEI MD5", "en": "IMEI, MD5"}, "imei", lambda value: md5(value.lower()))

FORMATS: Final[dict[str, tuple[Hashed, ...]]] = {
    "ocean_engine": (_PHONE_SHA256, _PHONE_MD5, _IDFA_MD5, _OAID_MD5, _IMEI_MD5),
    "tencent": (_PHONE_MD5, _PHONE_SHA256, _IDFA_MD5, _OAID_MD5, _IMEI_MD5),
}
"""The files that each platform takes, the preferred one first."""
