"""Data of a person that the mini program encrypted with the session key of a login.

https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html : AES-128-CBC, key and vector in
base64, PKCS#7 over 16 bytes; the content is JSON with a ``watermark`` that names the mini program. What it holds
depends on the interface that gave it: a phone number, who the person is, a group's id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from onepool.channels.base.wechat_crypto import CryptoError
from onepool.channels.base.wechat_read import text

LONGEST: Final = 32 << 10
"""Characters of such data; what the platform gives has less than two thousand."""

_FRESH: Final = 72 * 3600
"""Seconds from when data was made (``watermark.timestamp``) to when it is taken; how long a session key lives at least
is about that, and what was said under it long ago may be true no more."""

_BLOCK: Final = 16
_NOBODY: Final = "微信用户"
"""The name that everybody has since the platform gives none any more."""

_GENDER: Final = {"1": "male", "2": "female"}


def unseal(sealed: str, vector: str, session_key: str, appid: str, now: datetime) -> dict[str, Any]:
    """The content of ``encryptedData`` with its ``iv``.

    Raises:
        CryptoError: another session's key, another mini program, too old, or not such data.
    """
    try:
        key, iv, data = (base64.b64decode(one, validate=True) for one in (session_key, vector, sealed))
    except (binascii.Error, ValueError) as error:
        raise CryptoError("the data, its vector or the session key is not base64") from error
    if len(key) != _BLOCK or len(iv) != _BLOCK or not data or len(data) % _BLOCK:
        raise CryptoError("the data, its vector or the session key has a wrong length")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise CryptoError("the data was encrypted under another session key")
    try:
        content = msgspec.json.decode(plain[:-pad])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CryptoError("the data was encrypted under another session key") from error
    mark = content.get("watermark") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(mark, dict) or text(mark.get("appid")) != appid:
        raise CryptoError("the data is of another mini program")
    made = mark.get("timestamp")
    if not isinstance(made, int) or abs(now.timestamp() - made) > _FRESH:
        raise CryptoError(f"the data says not that it was made within the last {_FRESH // 3600} hours")
    return content


def shown(raw: str, signature: str, session_key: str) -> dict[str, Any]:
    """The content of ``rawData``, whose ``signature`` is SHA-1 over it and the session key. Raises CryptoError."""
    wanted = hashlib.sha1((raw + session_key).encode("utf-8", "replace")).hexdigest()  # noqa: S324 the platform's
    if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
        raise CryptoError("the signature is not that of raw_data under this login")
    try:
        content = msgspec.json.decode(raw.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise CryptoError("raw_data is no JSON") from error
    return content if isinstance(content, dict) else {}


def number_of(told: Mapping[str, Any]) -> str:
    """A phone number with its country's code, which comes as a number or as a text."""
    pure, country = text(told.get("purePhoneNumber")), text(told.get("countryCode")).lstrip("+")
    if pure.isdigit() and country.isdigit():
        return f"+{country}{pure}"
    return text(told.get("phoneNumber"))


def known(content: Mapping[str, Any]) -> dict[str, str]:
    """What such data says of the person, by our names; without what is empty."""
    name = text(content.get("nickName"))
    found = {
        "openid": text(content.get("openId")),
        "unionid": text(content.get("unionId")),
        "phone": number_of(content),
        "nickname": "" if name == _NOBODY else name,
        "avatar": text(content.get("avatarUrl")) if name != _NOBODY else "",
        "gender": _GENDER.get(text(content.get("gender")), ""),
        "province": text(content.get("province")),
        "city": text(content.get("city")),
        "group": text(content.get("openGId")),
    }
    return {name: value for name, value in found.items() if value}
