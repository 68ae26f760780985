"""Tags of members and coupons, back to Youzan."""

from __future__ import annotations

from datetime import datetime

from onepool.channels.base import Account, Answer, Call, Message, Receipt, Unsendable
from onepool.channels.youzan.pull import TOKEN_CODES, code_of


def request(message: Message, account: Account, now: datetime) -> Call:
    """Tags to add or to remove (one call does one of them), or a coupon. Raises Unsendable for both, or for neither."""
    del now
    buyer = message.to["yz_open_id"]
    if message.kind == "coupon":
        body = {"yz_open_id": buyer, "coupon_group_id": message.content.get("coupon_id")}
        return Call("POST", account.url("api", f"api/{account.text('coupon_api')}"), json=body)
    adding, removing = message.content.get("add"), message.content.get("remove")
    if bool(adding) == bool(removing):
        words = (
            "a message has tags to add or tags to remove: both are two messages" if adding else "there is no tag in it"
        )
        raise Unsendable(Receipt("refused", "template_error", "tags", detail=words))
    api = account.text("tag_add_api" if adding else "tag_remove_api")
    tags = [{"tag_name": str(name)} for name in adding or removing or []]
    body = {"yz_open_id": buyer, "tags": tags}
    return Call("POST", account.url("api", f"api/{api}"), json=body, idempotent=True)


def outcome(message: Message, answer: Answer) -> Receipt:
    """``success`` true is done; a rejected token is the account's fault, other codes the message's.

    An answer that is none leaves open whether a coupon was given: asking again could give a second one.
    """
    body = answer.json()
    code = code_of(answer)
    if isinstance(body, dict) and body.get("success") is True:
        return Receipt("sent", code="200")
    if answer.status == 429:
        return Receipt("retry", "rate_limited", "429", after=60.0)
    if answer.status >= 500 or body is None:
        if message.kind == "coupon":
            return Receipt("unknown", "unknown", str(code or answer.status))
        return Receipt("retry", "transient", str(code or answer.status), after=60.0)
    if code in TOKEN_CODES:
        return Receipt("retry", "account_error", str(code), after=300.0, account=True)
    return Receipt("refused", "template_error", str(code))
