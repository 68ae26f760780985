"""What links and pictures in a mail carry: who it went to, and where a click leads; and the mark in its number.

Fernet (https://github.com/fernet/spec): encrypted, so that no address stands in clear in a link, and signed with
HMAC-SHA256, so that nobody can make or change one. Each purpose has a key of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final, Literal

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Purpose = Literal["open", "click", "unsubscribe"]
PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{80,4000}")


class Token(msgspec.Struct, omit_defaults=True, rename={"email": "e", "message_id": "m", "campaign": "c", "url": "u"}):
    """The person, the message, and for a click the address."""

    email: str
    message_id: str = ""
    campaign: str = ""
    url: str = ""


def seal(token: Token, purpose: Purpose, secret: str, at: int) -> str:
    """A token as text for an address. ``at``: seconds since 1970."""
    sealed = _fernet(secret, purpose).encrypt_at_time(msgspec.json.encode(token), at)
    return sealed.decode("ascii").rstrip("=")


def unseal(text: str, purpose: Purpose, secret: str) -> Token | None:
    """What a token carries; None for one that is not ours, was changed, or is for another purpose."""
    if not secret or not PATTERN.fullmatch(text):
        return None
    try:
        plain = _fernet(secret, purpose).decrypt(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(plain, type=Token)
    except (InvalidToken, msgspec.DecodeError, ValueError):
        return None


def mark(number: str, email: str, secret: str) -> str:
    """What stands behind the number in a Message-ID: only who sent the mail can tell it for this address."""
    said = f"{number}\0{email.lower()}".encode("utf-8", "surrogatepass")
    digest = hmac.new(_key(secret, "report"), said, hashlib.sha256).digest()[:10]
    return base64.b32encode(digest).decode("ascii").lower()


def marked(message_id: str, email: str, secret: str) -> bool:
    """Whether a mail of this Message-ID (``NUMBER.MARK@DOMAIN``) was sent by us to this address."""
    number, _, given = message_id.partition("@")[0].partition(".")
    return hmac.compare_digest(given.lower().encode("utf-8", "replace"), mark(number, email, secret).encode())


def _fernet(secret: str, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(secret, purpose)))


@lru_cache(maxsize=256)
def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"onepool email {purpose}".encode())
    return derived.derive(secret.encode())
