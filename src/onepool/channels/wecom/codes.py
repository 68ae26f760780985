"""WeCom's codes as receipts.

https://developer.work.weixin.qq.com/document/path/90313
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from onepool.channels.base import Mark, Message, Receipt
from onepool.channels.base.wechat_api import TOKEN_CODES

_TOKEN_BAD: Final = Receipt("retry", "account_error", after=300.0, account=True)
_NO_RIGHT: Final = Receipt("refused", "account_error", account=True)
_WRONG: Final = Receipt("refused", "template_error")
NOT_FRIEND: Final = Receipt("refused", "not_friend", marks=(Mark("contact_removed"),))

OUTCOMES: Final[Mapping[int, Receipt]] = {
    -1: Receipt("retry", "transient", after=10.0),
    **dict.fromkeys(sorted(TOKEN_CODES), _TOKEN_BAD),
    40003: Receipt("refused", "account_error"),  # the member of staff is unknown, or has left
    40007: _WRONG,
    40058: _WRONG,
    40068: _WRONG,
    40096: Receipt("refused", "bad_address"),
    41050: Receipt("refused", "expired"),
    41051: Receipt("refused", "expired"),
    45009: Receipt("retry", "rate_limited", after=60.0, account=True),
    45033: Receipt("retry", "rate_limited", after=10.0, account=True),
    48002: _NO_RIGHT,
    60011: _NO_RIGHT,
    60020: _NO_RIGHT,
    84061: NOT_FRIEND,
    84074: Receipt("refused", "account_error"),
}
"""Every code of the platform's list, as what it means here. 60020: this server's address is not on its list."""


def staff_of(message: Message) -> str:
    """The member of staff that a message goes out from; empty where it names none."""
    return message.to.get("staff_id") or str(message.content.get("staff_id") or "")


def marked(message: Message, receipt: Receipt) -> Receipt:
    """With the member of staff in the marks."""
    staff = message.to.get("staff_id") or message.content.get("staff_id")
    fields = {"reason": "not_friend", **({"staff_id": staff} if staff else {})}
    marks = tuple(Mark(one.event, {**one.fields, **fields}) for one in receipt.marks)
    return replace(receipt, marks=marks)
