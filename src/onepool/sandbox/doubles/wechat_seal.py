"""WeChat's side of callbacks: XML and JSON, encrypted and signed.

https://developers.weixin.qq.com/doc/service/en/guide/dev/push/encryption.html : AES-256-CBC, the first 16 bytes of the
key as vector, PKCS#7 to blocks of 32, before it 16 random bytes and the length, after it the receiver's id.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from onepool.sandbox.pushing import Outgoing

Tree = Mapping[str, Any]


def xml(content: Tree) -> str:
    """The parts of a push as XML; texts in CDATA, numbers bare, lists as repeated tags."""
    return f"<xml>{_parts(content)}</xml>"


def _parts(content: Tree) -> str:
    return "".join(_part(name, value) for name, value in content.items())


def _part(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"<{name}>{_parts(value)}</{name}>"
    if isinstance(value, list | tuple):
        return "".join(_part(name, one) for one in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"<{name}>{value}</{name}>"
    # Nobody who writes to an account may end the section.
    inner = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{inner}]]></{name}>"


def as_json(content: Tree) -> str:
    """The same as JSON, which mini programs may choose."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def digest(*parts: str) -> str:
    """The signature: SHA-1 over the sorted parts."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def seal(message: bytes, encoding_aes_key: str, receiver: str) -> str:
    """The text of ``Encrypt``."""
    key = base64.b64decode(encoding_aes_key + "=")
    padder = padding.PKCS7(256).padder()
    plain = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message + receiver.encode()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def seal_data(content: Tree, session_key: str) -> dict[str, str]:
    """``encrypted_data`` and ``iv`` of what a mini program is given under a session key (AES-128, blocks of 16)."""
    vector = secrets.token_bytes(16)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(base64.b64decode(session_key)), modes.CBC(vector)).encryptor()
    padded = padder.update(as_json(content).encode()) + padder.finalize()
    sealed = encryptor.update(padded) + encryptor.finalize()
    return {"encrypted_data": base64.b64encode(sealed).decode(), "iv": base64.b64encode(vector).decode()}


@dataclass(frozen=True, slots=True)
class Lock:
    """What an account and its platform share. ``to``: the receiver in the envelope; ``agent``: WeCom's further tag."""

    touchpoint: str
    token: str
    key: str
    receiver: str
    to: str
    mode: str = "safe"
    agent: str | None = None

    def outgoing(self, message: bytes, stamp: int, *, json_form: bool = False, openid: str = "") -> Outgoing:
        """A push as it goes over the wire, signed for ``stamp`` (seconds)."""
        moment, nonce = str(stamp), str(secrets.randbelow(2_000_000_000))
        query: dict[str, str] = {}
        if openid or self.agent is None:
            query["signature"] = digest(self.token, moment, nonce)
        query |= {"timestamp": moment, "nonce": nonce}
        if openid:
            query["openid"] = openid
        headers = {"content-type": "application/json" if json_form else "text/xml", "user-agent": "Mozilla/4.0"}
        body = message
        # Nothing can be sealed where no key was agreed on: the platform then pushes in plain, as it does by default.
        if self.mode != "plain" and self.key:
            sealed = seal(message, self.key, self.receiver)
            if self.agent is None:
                query["encrypt_type"] = "aes"
            query["msg_signature"] = digest(self.token, moment, nonce, sealed)
            body = self._envelope(message, sealed, json_form)
        return Outgoing(self.touchpoint, "POST", "", urlencode(query), headers, body)

    def _envelope(self, message: bytes, sealed: str, json_form: bool) -> bytes:
        envelope = {"ToUserName": self.to, "Encrypt": sealed}
        if self.agent is not None:
            envelope = {"ToUserName": self.to, "AgentID": self.agent, "Encrypt": sealed}
        if json_form:
            return as_json(envelope).encode()
        if self.mode == "compatible" and message.startswith(b"<xml>"):
            # Everything in plain, and the sealed text beside it.
            return message[: -len(b"</xml>")] + _part("Encrypt", sealed).encode() + b"</xml>"
        return xml(envelope).encode()
