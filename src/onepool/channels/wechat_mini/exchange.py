"""Login and phone number: the brand's own server hands over a code, the platform is asked, the person is known.

``POST /hooks/{touchpoint}/login`` with ``{"code": "…"}`` answers ``{"openid": "…", "unionid": "…"}``;
``POST /hooks/{touchpoint}/phone`` with ``{"code": "…", "openid": "…"}`` answers ``{"phone": "+86…"}``. Both may name
``anonymous_id``, ``user_id`` and ``member_no`` of the same person. A login may bring what the mini program encrypted
under it (``encrypted_data`` and ``iv``, or ``raw_data`` and ``signature``): the answer then has what is in it too
(``phone``, ``nickname``, ``group`` …). Where that can't be opened or is not this person's, the login stands without
it, and the answer has ``"sealed": "refused"``, with the reason as ``sealed_reason``.

Signed with the setting ``server_secret``: ``X-OnePool-Timestamp`` (seconds) and ``X-OnePool-Signature``, HMAC-SHA-256
in hex over timestamp, a dot, and the body.

The session key that the login gives opens the person's data: it is neither stored nor passed on.
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html ,
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from onepool.channels.base import Account, Answer, Call, Exchange, Keep, Refused, Reply, Request
from onepool.channels.base.wechat_api import code_of, message_of
from onepool.channels.base.wechat_crypto import CryptoError
from onepool.channels.base.wechat_read import digest, text
from onepool.channels.wechat_mini.sealed import LONGEST, known, number_of, shown, unseal

LOGIN, PHONE = "login", "phone"
ALSO: Final = ("anonymous_id", "user_id", "member_no")
"""Further ids of the person that the brand's server may name."""

_LONGEST: Final = 512
_SEALED: Final = ("encrypted_data", "iv", "raw_data", "signature")


def _login(request: Request, account: Account, now: datetime) -> Exchange:
    asked = _asked(request, account, now)
    code = text(asked.get("code"))
    answer = yield Call(
        "GET",
        account.url("api", "/sns/jscode2session"),
        query={
            "appid": account.text("appid"),
            "secret": account.text("secret"),
            "js_code": code,
            "grant_type": "authorization_code",
        },
        token=False,
    )
    body = answer.json()
    openid = text(body.get("openid")) if isinstance(body, dict) else ""
    if code_of(answer) != 0 or not openid:
        return _failed(answer)
    assert isinstance(body, dict)
    found = {"openid": openid, "unionid": text(body.get("unionid"))}
    refused: dict[str, str] = {}
    try:
        found |= _opened(asked, text(body.get("session_key")), account.text("appid"), openid, now)
    except CryptoError as error:
        # The code is used up: what the platform said of the person is kept, also where the rest is no good.
        refused = {"sealed": "refused", "sealed_reason": f"{error}; call wx.login first, then ask for the data"}
    return _found({name: value for name, value in found.items() if value}, asked, LOGIN, code, refused)


def _opened(asked: Mapping[str, Any], session_key: str, appid: str, openid: str, now: datetime) -> dict[str, str]:
    """What the mini program encrypted, or signed, under this login. Raises CryptoError."""
    found: dict[str, str] = {}
    raw = asked.get("raw_data")
    if isinstance(raw, str) and raw:
        found |= known(shown(raw, text(asked.get("signature")), session_key))
    sealed = text(asked.get("encrypted_data"))
    if sealed:
        found |= known(unseal(sealed, text(asked.get("iv")), session_key, appid, now))
    if found.get("openid", openid) != openid:
        raise CryptoError("the data is another person's")
    return found


def _phone(request: Request, account: Account, now: datetime) -> Exchange:
    asked = _asked(request, account, now)
    code, openid = text(asked.get("code")), text(asked.get("openid"))
    answer = yield Call(
        "POST",
        account.url("api", "/wxa/business/getuserphonenumber"),
        json={"code": code, **({"openid": openid} if openid else {})},
    )
    body = answer.json()
    told = body.get("phone_info") if isinstance(body, dict) else None
    phone = number_of(told) if isinstance(told, dict) else ""
    if code_of(answer) != 0 or not phone:
        return _failed(answer)
    assert isinstance(told, dict)
    mark = told.get("watermark")
    if isinstance(mark, dict) and text(mark.get("appid")) not in ("", account.text("appid")):
        return _problem(502, "another-app", "the platform's answer is for another mini program")
    return _found({"phone": phone}, asked, PHONE, code)


EXCHANGE: Final = {LOGIN: _login, PHONE: _phone}


def _asked(request: Request, account: Account, now: datetime) -> dict[str, Any]:
    """The question, once it is proved to be from the brand's server."""
    if request.method != "POST":
        raise Refused(405, "method", "a code is handed over with POST")
    secret = account.text("server_secret")
    if not secret:
        raise Refused(403, "not-configured", "this touchpoint has no server_secret yet")
    moment = request.headers.get("x-onepool-timestamp", "")
    wanted = hmac.new(secret.encode(), moment.encode("utf-8", "replace") + b"." + request.body, hashlib.sha256)
    given = request.headers.get("x-onepool-signature", "")
    if not hmac.compare_digest(wanted.hexdigest().encode(), given.encode("utf-8", "replace")):
        raise Refused(403, "signature", "X-OnePool-Signature is not that of this body and timestamp")
    skew = int(account.get("timestamp_skew", 600))
    known = moment.isascii() and moment.isdigit() and len(moment) <= 12
    if not known or (skew > 0 and abs(now.timestamp() - int(moment)) > skew):
        raise Refused(403, "stale", f"X-OnePool-Timestamp is more than {skew} seconds off")
    try:
        asked = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "malformed", "the body is no JSON") from error
    if not isinstance(asked, dict) or not 0 < len(text(asked.get("code"))) <= _LONGEST:
        raise Refused(400, "malformed", "the body needs a code")
    for name in _SEALED:
        if not isinstance(asked.get(name, ""), str | None):
            raise Refused(400, "malformed", f"{name} is a text, exactly as the mini program got it, and no object")
    if any(len(asked.get(name) or "") > LONGEST for name in _SEALED):
        raise Refused(400, "malformed", f"{', '.join(_SEALED)} have {LONGEST:,} characters at most")
    return asked


def _found(
    found: dict[str, str], asked: Mapping[str, Any], call: str, code: str, told: Mapping[str, str] | None = None
) -> Reply:
    """Answer with what was found, and ``told``; keep the first with the ids that the server named, and nothing else."""
    named = {name: text(asked.get(name))[:_LONGEST] for name in ("openid", "unionid", *ALSO) if text(asked.get(name))}
    kept = {"call": call, "code": digest(code), **named, **found}
    return Reply(
        body=msgspec.json.encode({**found, **(told or {})}),
        content_type="application/json",
        keep=Keep(msgspec.json.encode(kept).decode()),
    )


_WORDS: Final = {
    40029: "the code is wrong or older than five minutes",
    40163: "the code was used before",
    40013: "the appid is wrong",
    40125: "the app secret is wrong",
    40226: "the platform blocks this person for risk",
}


def _failed(answer: Answer) -> Reply:
    """The platform did not say who it is; the brand's server lets the person try again."""
    code = code_of(answer)
    if code in (-1, None, 45009, 45011, 0):
        return _problem(503, "busy", "the platform is busy; try again with a new code")
    assert code is not None
    return _problem(422, f"wechat-{code}", _WORDS.get(code) or message_of(answer) or "refused by the platform")


def _problem(status: int, code: str, message: str) -> Reply:
    body = msgspec.json.encode({"code": code, "detail": message})
    return Reply(status, body, "application/problem+json")
