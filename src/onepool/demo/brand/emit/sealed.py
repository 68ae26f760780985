"""Callbacks of WeChat and WeCom in safe mode: AES-256-CBC, padding to 32 bytes, sha1 over the sorted parts.

https://developers.weixin.qq.com/doc/service/en/guide/dev/push/encryption.html
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from onepool.demo.brand.sending import Delivery

_XML = ((b"content-type", b"text/xml"), (b"user-agent", b"Mozilla/4.0"))
_JSON = ((b"content-type", b"application/json"), (b"user-agent", b"Mozilla/4.0"))
_BLOCK = 32


class Sealed:
    """One account's callbacks. What is said is (openid, message); without openid none stands in the query."""

    def __init__(
        self,
        touchpoint: str,
        token: str,
        aes_key: str,
        receiver: str,
        to: str,
        *,
        as_json: bool = False,
        agent: str = "",
    ) -> None:
        self._path = f"/hooks/{touchpoint}"
        self._token = token
        key = base64.b64decode(aes_key + "=")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._receiver = receiver.encode()
        self._to = to
        self._json = as_json
        self._agent = f"<AgentID><![CDATA[{agent}]]></AgentID>" if agent else ""

    def thing(self, said: Any, at: int) -> Delivery:
        openid, message = said
        raw = message.encode()
        stamp = str(at // 1000)
        # What a platform draws at random comes from the message here, so that equal plans give equal bytes.
        noise = hashlib.blake2b(raw, digest_size=24, key=stamp.encode()).digest()
        sealed = self._encrypt(noise[:16], raw)
        nonce = str(int.from_bytes(noise[16:20], "big"))
        signature = _sha1(self._token, stamp, nonce, sealed)
        if openid:
            plain = _sha1(self._token, stamp, nonce)
            query = (
                f"signature={plain}&timestamp={stamp}&nonce={nonce}&openid={openid}"
                f"&encrypt_type=aes&msg_signature={signature}"
            )
        else:
            query = f"msg_signature={signature}&timestamp={stamp}&nonce={nonce}"
        if self._json:
            return Delivery(
                "POST",
                self._path,
                query.encode(),
                _JSON,
                f'{{"ToUserName":"{self._to}","Encrypt":"{sealed}"}}'.encode(),
            )
        body = (
            f"<xml><ToUserName><![CDATA[{self._to}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt>"
            f"{self._agent}</xml>"
        )
        return Delivery("POST", self._path, query.encode(), _XML, body.encode())

    def _encrypt(self, noise: bytes, message: bytes) -> str:
        plain = noise + struct.pack(">I", len(message)) + message + self._receiver
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()
