"""How the two clouds check a call's signature, from what arrived.

ACS3-HMAC-SHA256: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
TC3-HMAC-SHA256: https://cloud.tencent.com/document/api/382/52072
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote

from onepool.sandbox.wire import Asked

_ACS: Final = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]*),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})")
_TC: Final = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]*)/(\d{4}-\d\d-\d\d)/([a-z]+)/tc3_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)
_SKEW_ACS: Final = timedelta(minutes=15)
_SKEW_TC: Final = timedelta(minutes=5)


def aliyun_key(asked: Asked) -> str | None:
    """The access key that a call names."""
    match = _ACS.fullmatch(asked.headers.get("authorization", ""))
    return match[1] if match else None


def tencent_key(asked: Asked) -> str | None:
    """The secret id that a call names."""
    match = _TC.fullmatch(asked.headers.get("authorization", ""))
    return match[1] if match else None


def aliyun_fault(asked: Asked, secret: str, now: datetime) -> str:
    """The code of what is wrong with a signature; empty: nothing."""
    match = _ACS.fullmatch(asked.headers.get("authorization", ""))
    if match is None:
        return "MissingAuthorization"
    names = match[2].split(";")
    needed = {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-content-sha256", "x-acs-signature-nonce"}
    if not needed <= set(names) or names != sorted(names):
        return "IncompleteSignature"
    try:
        at = datetime.strptime(asked.headers.get("x-acs-date", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return "InvalidTimeStamp.Format"
    if abs(now - at) > _SKEW_ACS:
        return "InvalidTimeStamp.Expired"
    body = hashlib.sha256(asked.body).hexdigest()
    if asked.headers.get("x-acs-content-sha256") != body:
        return "SignatureDoesNotMatch"
    pairs = sorted(parse_qsl(asked.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    headers = "".join(f"{name}:{asked.headers.get(name, '').strip()}\n" for name in names)
    canonical = f"{asked.method}\n{asked.whole or '/'}\n{query}\n{headers}\n{match[2]}\n{body}"
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    wanted = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return "" if hmac.compare_digest(wanted, match[3]) else "SignatureDoesNotMatch"


def tencent_fault(asked: Asked, secret: str, service: str, now: datetime) -> str:
    """The same for Tencent Cloud."""
    match = _TC.fullmatch(asked.headers.get("authorization", ""))
    if match is None or match[3] != service:
        return "AuthFailure.InvalidAuthorization"
    names = match[4].split(";")
    stamp = asked.headers.get("x-tc-timestamp", "")
    if not {"content-type", "host"} <= set(names) or not stamp.isdigit():
        return "AuthFailure.InvalidAuthorization"
    at = datetime.fromtimestamp(int(stamp), UTC)
    if abs(now - at) > _SKEW_TC or at.strftime("%Y-%m-%d") != match[2]:
        return "AuthFailure.SignatureExpire"
    headers = "".join(f"{name}:{asked.headers.get(name, '').strip().lower()}\n" for name in names)
    body = hashlib.sha256(asked.body).hexdigest()
    canonical = f"{asked.method}\n{asked.whole or '/'}\n{asked.query}\n{headers}\n{match[4]}\n{body}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{stamp}\n{match[2]}/{service}/tc3_request\n{digest}"
    key = f"TC3{secret}".encode()
    for part in (match[2], service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return "" if hmac.compare_digest(wanted, match[5]) else "AuthFailure.SignatureFailure"
