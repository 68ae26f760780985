"""Sending to an address of the brand's own: JSON, signed over time and body, with the key of the message."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime

from onepool.channels.base import Account, Answer, Call, Message, Receipt, encode_json

_WAIT = 60.0


def request(message: Message, account: Account, now: datetime) -> Call:
    """POST of ``{"key", "kind", "to", "content"}``; the same key is the same message."""
    del now
    body = {"key": message.key, "kind": message.kind, "to": dict(message.to), "content": dict(message.content)}
    headers = {"idempotency-key": message.key}
    return Call("POST", account.text("url"), headers=headers, json=body, token=False, idempotent=True)


def sign(call: Call, account: Account, now: datetime) -> Call:
    """``X-OnePool-Signature: t=SECONDS,v1=HEX`` with HMAC-SHA256 over ``SECONDS.BODY``; receivers check both."""
    body = encode_json(call.json)
    at = str(int(now.timestamp()))
    digest = hmac.new(account.text("secret").encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {**call.headers, "content-type": "application/json", "x-onepool-signature": f"t={at},v1={digest}"}
    return replace(call, json=None, body=body, headers=headers)


def outcome(message: Message, answer: Answer) -> Receipt:
    """2xx is sent; 408, 425, 429 and 5xx come again; 401 and 403 are the account's fault, other 4xx the message's."""
    del message
    code = str(answer.status)
    if 200 <= answer.status < 300:
        return Receipt("sent", code=code)
    if answer.status == 429:
        return Receipt("retry", "rate_limited", code, after=_after(answer))
    if answer.status in (408, 425) or answer.status >= 500:
        return Receipt("retry", "transient", code, after=_after(answer))
    if answer.status in (401, 403):
        return Receipt("refused", "account_error", code, account=True)
    if answer.status in (404, 410):
        return Receipt("refused", "bad_address", code)
    return Receipt("refused", "template_error", code)


def _after(answer: Answer) -> float:
    value = answer.headers.get("retry-after", "")
    return min(float(value), 3600.0) if value.isdigit() else _WAIT
