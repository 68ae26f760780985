"""Forms: what a form service posts to a generic signed webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from onepool.demo.brand.places import FORMS
from onepool.demo.brand.sending import Delivery


class FormPush:
    """What is said is the entry."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def thing(self, said: Any, at: int) -> Delivery:
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        stamp = str(at // 1000)
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        headers = (
            (b"content-type", b"application/json"),
            (b"x-signature", signature.encode()),
            (b"x-timestamp", stamp.encode()),
        )
        return Delivery("POST", f"/hooks/{FORMS}", b"", headers, body)
