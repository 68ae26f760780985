"""Calling WeChat's platforms: tokens, error codes, and what they mean for a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from onepool.channels.base.account import Account
from onepool.channels.base.channel import PullFailed, Token
from onepool.channels.base.http import Answer, Call
from onepool.channels.base.receipts import Receipt

API: Final = "https://api.weixin.qq.com"

TOKEN_CODES: Final = frozenset({40001, 40014, 42001})
"""The token is bad or has ended: fetch one anew, once."""

ACCOUNT_OUTCOMES: Final[Mapping[int, Receipt]] = {
    -1: Receipt("retry", "transient", after=10.0),
    **{code: Receipt("retry", "account_error", after=300.0, account=True) for code in sorted(TOKEN_CODES)},
    45009: Receipt("retry", "rate_limited", after=3600.0, account=True),
    45011: Receipt("retry", "rate_limited", after=60.0, account=True),
    48001: Receipt("refused", "account_error", account=True),
    48004: Receipt("refused", "account_error", account=True),
    50002: Receipt("refused", "account_error", account=True),
}
"""Codes about the account and not the message: busy, token, limits of the day and the minute, rights."""


def code_of(answer: Answer) -> int | None:
    """The platform's code: 0 is good, and none at all in a JSON answer too; None: not an answer of the platform, such
    as a gateway's own words about itself."""
    body = answer.json()
    if not isinstance(body, dict) or ("errcode" not in body and answer.status != 200):
        return None
    code = body.get("errcode", 0)
    if isinstance(code, str) and code.lstrip("-").isdigit() and len(code) < 12:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def token_rejected(answer: Answer) -> bool:
    """Whether the call failed because of its token."""
    return code_of(answer) in TOKEN_CODES


def read_token(answer: Answer) -> tuple[str, float] | None:
    """(access_token, seconds) of an answer, or None."""
    body = answer.json()
    if not isinstance(body, dict):
        return None
    token, seconds = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int) or seconds <= 0:
        return None
    return token, float(seconds)


def attach_token(call: Call, token: str) -> Call:
    """WeChat and WeCom take the token in the query."""
    return replace(call, query={**call.query, "access_token": token})


def _stable_token(account: Account) -> Call:
    return Call(
        "POST",
        account.url("api", "/cgi-bin/stable_token"),
        json={
            "grant_type": "client_credential",
            "appid": account.text("appid"),
            "secret": account.text("secret"),
            "force_refresh": False,
        },
        token=False,
        idempotent=True,
    )


STABLE_TOKEN: Final = Token(call=_stable_token, read=read_token, attach=attach_token, rejected=token_rejected)
"""Of Official Accounts and mini programs: other systems of the brand may use the account beside us."""


def body_of(answer: Answer) -> dict[str, Any]:
    """The answer of a pull. Raises PullFailed where the platform did not give what was asked for."""
    body, code = answer.json(), code_of(answer)
    if not isinstance(body, dict) or code is None:
        raise PullFailed(f"the platform answered {answer.status} without JSON", code=str(answer.status))
    if code != 0:
        busy = code in (-1, 45009, 45011, 45033)
        message = str(body.get("errmsg", ""))[:200]
        raise PullFailed(f"the platform answered {code}: {message}", code=str(code), retry=busy)
    return body


def conclude(answer: Answer, outcomes: Mapping[int, Receipt]) -> Receipt:
    """The receipt of an answer with a code, by the table of codes; ``sent`` for 0.

    An answer that is not the platform's (a proxy's page, a cut one) leaves open whether the message went out.
    """
    code = code_of(answer)
    if answer.status == 429:
        return Receipt("retry", "rate_limited", code="429", after=60.0)
    if code is None:
        return Receipt("unknown", "unknown", code=str(answer.status))
    body = answer.json()
    if code == 0 and isinstance(body, dict) and not ({"errcode", "msgid"} & body.keys()):
        # Lists come without a code; that a message was taken is said.
        return Receipt("unknown", "unknown", code=str(answer.status))
    if code == 0:
        return Receipt("sent", provider_id=provider_id(answer))
    known = outcomes.get(code, Receipt("refused", "unknown"))
    number = provider_id(answer) if known.state == "sent" else ""  # of the first one, where a second is suppressed
    return replace(known, code=str(code), detail=message_of(answer), provider_id=number)


def provider_id(answer: Answer) -> str:
    """The platform's number of what was sent, where it gives one."""
    body = answer.json()
    found = body.get("msgid", "") if isinstance(body, dict) else ""
    return str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""


def message_of(answer: Answer) -> str:
    """The platform's own words."""
    body = answer.json()
    return str(body.get("errmsg", ""))[:200] if isinstance(body, dict) else ""
