"""Signatures of the two clouds' interfaces.

ACS3-HMAC-SHA256: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
TC3-HMAC-SHA256: https://cloud.tencent.com/document/api/382/52072
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from onepool.channels.base import Call, encode_json

_ACS: Final = "ACS3-HMAC-SHA256"
_TC: Final = "TC3-HMAC-SHA256"
_JSON: Final = "application/json"


def sign_aliyun(call: Call, key_id: str, key_secret: str, now: datetime, nonce: str) -> Call:
    """A call whose parameters stand in the query, with the headers that Alibaba Cloud wants."""
    parts = urlsplit(call.url)
    body = call.body or b""
    headers = {
        **call.headers,
        "host": parts.netloc,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
    }
    signed = sorted(name for name in headers if name in ("host", "content-type") or name.startswith("x-acs-"))
    request = "\n".join(
        (
            call.method,
            parts.path or "/",
            canonical_query(call.query),
            "".join(f"{name}:{headers[name].strip()}\n" for name in signed),
            ";".join(signed),
            headers["x-acs-content-sha256"],
        )
    )
    to_sign = f"{_ACS}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = f"{_ACS} Credential={key_id},SignedHeaders={';'.join(signed)},Signature={signature}"
    return replace(call, headers=headers)


def canonical_query(query: Mapping[str, str]) -> str:
    """Names and values percent-encoded (RFC 3986) and sorted by name."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))


def sign_tencent(call: Call, secret_id: str, secret_key: str, now: datetime, service: str) -> Call:
    """A call with a JSON body, with the headers that Tencent Cloud wants."""
    parts = urlsplit(call.url)
    body = encode_json(call.json)
    at = int(now.timestamp())
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    headers = {**call.headers, "content-type": _JSON, "host": parts.netloc, "x-tc-timestamp": str(at)}
    request = "\n".join(
        (
            call.method,
            parts.path or "/",
            "",
            f"content-type:{_JSON}\nhost:{parts.netloc}\n",
            "content-type;host",
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{day}/{service}/tc3_request"
    to_sign = "\n".join((_TC, str(at), scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"{_TC} Credential={secret_id}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
    )
    return replace(call, json=None, body=body, headers=headers)
