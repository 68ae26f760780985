"""What members of the brand are shown when they are asked for consent, and what proves that they were."""

from __future__ import annotations

from typing import Final

from onepool.clock import Clock
from onepool.privacy.consents import notices
from onepool.state import State

NAME: Final = "member_marketing"
TEXTS: Final = {
    "zh": (
        "棉屿会员营销信息告知（演示）\n"
        "勾选后，我们会用您的手机号、微信和企业微信，向您发送会员日、优惠券、新品和购物车提醒，每天最多两条，"
        "每晚 10 点到次日 9 点不打扰。\n"
        "不勾选不影响您购物和入会。随时可以在“我的—设置—消息通知”、任一消息里的退订链接，或短信回复 R 撤回同意。"
    ),
    "en": (
        "Marketing messages to members of Mianyu (demonstration)\n"
        "If you tick this, we use your phone number, WeChat and WeCom to tell you of member days, coupons, new "
        "products and what waits in your cart: at most twice a day, never between 22:00 and 9:00.\n"
        "You can shop and be a member without it. Take it back whenever you like: under Me, Settings, Notifications, "
        "by the link in any message, or by answering a text message with R."
    ),
}
LABEL: Final = f"{NAME}@1"
HASH: Final = notices.text_hash(TEXTS["zh"])

GIVEN: Final = {
    "purpose": "marketing",
    "method": "checkbox",
    "notice": LABEL,
    "notice_hash": HASH,
    "evidence": "小程序会员注册页：勾选“同意接收营销信息”，手机号由微信授权",
}
TAKEN_BACK: Final = {
    "purpose": "marketing",
    "method": "settings",
    "notice": LABEL,
    "notice_hash": HASH,
    "evidence": "小程序“我的—设置—消息通知”：关闭营销信息",
}


def keep(state: State, clock: Clock, author: str) -> None:
    """Keeps the notice, so that its hash in the ledger leads to the text."""
    assert notices.save(state, clock, NAME, TEXTS, author=author).label == LABEL
