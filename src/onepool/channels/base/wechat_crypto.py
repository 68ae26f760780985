"""Signature and encryption of WeChat and WeCom callbacks.

https://developers.weixin.qq.com/doc/service/en/guide/dev/push/encryption.html : AES-256-CBC with the first 16 bytes of
the key as vector, PKCS#7 over blocks of 32 bytes, plaintext = 16 random bytes, length (4 bytes, big endian), message,
id of the receiver.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32


class CryptoError(ValueError):
    """A text that was not encrypted with this key for this receiver."""


def signature(*parts: str) -> str:
    """SHA-1, in hex, of the sorted parts put together."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 the platform's algorithm


def signed(given: str, *parts: str) -> bool:
    """Whether ``given`` is the signature of the parts; takes the same time for every wrong one."""
    return hmac.compare_digest(signature(*parts).encode(), given.encode())


def read_key(encoding_aes_key: str) -> bytes:
    """The 32 bytes of a 43-character EncodingAESKey. Raises CryptoError.

    The last character may carry bits that a strict decoder refuses.
    """
    try:
        key = base64.b64decode(encoding_aes_key + "=")
    except (binascii.Error, ValueError) as error:
        raise CryptoError("the EncodingAESKey is not base64") from error
    if len(key) != 32:
        raise CryptoError("the EncodingAESKey needs 43 characters")
    return key


def decrypt(encrypted: str, key: bytes, receiver: str) -> str:
    """The message in an ``Encrypt`` text. ``receiver``: our appid or corpid, which must stand at its end.

    Raises:
        CryptoError: another key, another receiver, or not a message.
    """
    try:
        data = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CryptoError("the message is not base64") from error
    if not data or len(data) % 16:
        raise CryptoError("the message has no whole number of blocks")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise CryptoError("the message was encrypted with another key")
    plain = plain[:-pad]
    if len(plain) < 20:
        raise CryptoError("the message is too short")
    (length,) = struct.unpack(">I", plain[16:20])
    if length > len(plain) - 20:
        raise CryptoError("the message is shorter than it says")
    if plain[20 + length :] != receiver.encode():
        raise CryptoError("the message is for another account")
    try:
        return plain[20 : 20 + length].decode()
    except UnicodeDecodeError as error:
        raise CryptoError("the message is not UTF-8") from error


def encrypt(message: str, key: bytes, receiver: str, random: bytes | None = None) -> str:
    """The ``Encrypt`` text of a message. ``random``: 16 bytes, for tests."""
    body = message.encode()
    plain = (random or os.urandom(16)) + struct.pack(">I", len(body)) + body + receiver.encode()
    pad = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()
