"""E-mail: bounces, opens, clicks and unsubscriptions, as the mail gateway's webhook reports them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from onepool.demo.brand.places import EMAIL
from onepool.demo.brand.sending import Delivery


class MailPush:
    """What is said is a list of reports."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def thing(self, said: Any, at: int) -> Delivery:
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        headers = (
            (b"content-type", b"application/json"),
            (b"x-signature", hmac.new(self._secret, body, hashlib.sha256).hexdigest().encode()),
            (b"x-timestamp", str(at // 1000).encode()),
        )
        return Delivery("POST", f"/hooks/{EMAIL}", b"", headers, body)


def report(kind: str, email: str, second: int, message: str, campaign: str, url: str = "") -> dict[str, Any]:
    """One report: delivered, bounced, opened, clicked, unsubscribed."""
    found: dict[str, Any] = {"type": kind, "email": email, "time": second, "message_id": message, "campaign": campaign}
    if url:
        found["url"] = url
    return found
