"""The business owner's authorisation: an access token of 15 days, a refresh token of 30 that is renewed five times.

https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/openapi/account-permission/refresh-access-token and
.../refresh-token . Renewing makes the old refresh token void, so the new one is written to the secret's file at once;
with it stand the access token and when both end, so that every process finds them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from onepool.channels.base import (
    Account,
    Answer,
    Call,
    Cursor,
    Grant,
    Obtaining,
    PullFailed,
    Pulling,
    Stream,
    Token,
)
from onepool.channels.base.commerce import part, text

REJECTED: Final = frozenset({"28001008", "10008", "2190008", "2190002"})
"""Codes of an access token that has ended or is none."""

_DAY: Final = 86_400
_RENEW: Final = 5 * _DAY
"""Before its end at which a refresh token is renewed: late, since it can be done five times only."""

_RENEWALS: Final = 5


class _Held(msgspec.Struct, omit_defaults=True):
    """What stands in the secret's file: at first only the refresh token that the owner's consent gave."""

    refresh_token: str
    refresh_until: float = 0
    renewals: int = 0
    access_token: str = ""
    access_until: float = 0


def obtain(account: Account, now: datetime, rejected: str | None) -> Obtaining:
    """The access token at hand while it holds, else a fresh one; the refresh token is renewed when it is time."""
    held = _read(account.text("refresh_token"))
    at = now.timestamp()
    due = _renewal_due(held, at, account)
    if held.access_token and held.access_token != rejected and held.access_until - at > _DAY and not due:
        return Grant(held.access_token, _seconds(held, at))
    if not held.refresh_token:
        return None
    data = part((yield _ask(account, "/oauth/refresh_token/", held, grant_type="refresh_token")).json(), "data")
    token, seconds = text(data.get("access_token")), _number(data.get("expires_in"))
    if not token or seconds <= 0:
        return None
    held.access_token, held.access_until = token, at + seconds
    if (left := _number(data.get("refresh_expires_in"))) > 0:
        held.refresh_until = at + left
    if _renewal_due(held, at, account):
        data = part((yield _ask(account, "/oauth/renew_refresh_token/", held)).json(), "data")
        renewed, left = text(data.get("refresh_token")), _number(data.get("expires_in"))
        if renewed and left > 0:
            held.refresh_token, held.refresh_until, held.renewals = renewed, at + left, held.renewals + 1
        elif text(data.get("error_code")) in ("10020", "10004"):
            held.renewals = _RENEWALS  # no more, or no right to: the owner must agree again before it ends
    keep = {"refresh_token": msgspec.json.encode(held).decode()} if "refresh_token" in account.keep else {}
    return Grant(token, _seconds(held, at), keep)


def _renewal_due(held: _Held, at: float, account: Account) -> bool:
    if held.refresh_until <= 0 or "refresh_token" not in account.keep:
        return False  # a new one could not be kept, and the old one would be void
    return held.renewals < _RENEWALS and held.refresh_until - at <= _RENEW


def _seconds(held: _Held, at: float) -> float:
    """How long to use the token before looking again: also in time for the refresh token's renewal."""
    ends = held.access_until
    if held.refresh_until > at + _RENEW:
        ends = min(ends, held.refresh_until - _RENEW + 600)  # whoever asks does so a little early
    return max(ends - at, 60.0)


def _ask(account: Account, path: str, held: _Held, **more: str) -> Call:
    form = {"client_key": account.text("client_key"), "refresh_token": held.refresh_token, **more}
    return Call("POST", account.url("api", path), form=form, token=False, idempotent=True)


def _read(value: str) -> _Held:
    if value.startswith("{"):
        try:
            return msgspec.json.decode(value, type=_Held)
        except (msgspec.DecodeError, RecursionError):
            return _Held("")
    return _Held(value)


def _number(value: Any) -> float:
    said = text(value)
    return float(said) if said.isascii() and said.isdigit() and len(said) < 12 else 0.0


def _first(account: Account) -> Call:
    return _ask(account, "/oauth/refresh_token/", _read(account.text("refresh_token")), grant_type="refresh_token")


def _token(answer: Answer) -> tuple[str, float] | None:
    data = part(answer.json(), "data")
    token, seconds = text(data.get("access_token")), _number(data.get("expires_in"))
    return (token, seconds) if token and seconds > 0 else None


def attach(call: Call, token: str) -> Call:
    """The token goes into a header."""
    return replace(call, headers={**call.headers, "access-token": token})


def code_of(answer: Answer) -> str:
    """``err_no``, ``error_code`` of the data or of ``extra``, by the interface's age; empty: not the platform's."""
    body = answer.json()
    if not isinstance(body, dict):
        return ""
    if "err_no" in body:
        return text(body["err_no"])
    for name in ("data", "extra"):
        if "error_code" in part(body, name):
            return text(part(body, name)["error_code"])
    return ""


def _look(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """A harmless question a day, so that the authorisation is renewed also while nothing is sent; none without one."""
    del cursor, now
    if not account.text("refresh_token"):
        return
    url = account.url("api", account.text("status_path"))
    answer = yield Call("GET", url, query={"open_id": account.text("open_id")})
    if answer is not None and code_of(answer) in REJECTED:
        raise PullFailed("the authorisation has ended: the owner must agree again", code=code_of(answer), retry=False)


TOKEN: Final = Token(
    call=_first,
    read=_token,
    attach=attach,
    rejected=lambda answer: code_of(answer) in REJECTED,
    obtain=obtain,
)
STREAM: Final = Stream(
    name="authorisation", title={"zh": "保持授权", "en": "Keep the authorisation"}, start=_look, every=_DAY
)
