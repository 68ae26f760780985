"""Cards and coupons of WeChat (the older card product and gift cards): events about a person's card.

https://developers.weixin.qq.com/doc/service/guide/product/wxcard.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from onepool.channels.base.wechat_parts import Taking, unknown
from onepool.channels.base.wechat_read import Post, fen, text, whole

_CARD: Final = ("CardId", "UserCardCode", "UnionId")


def _card(name: str) -> Taking:
    def take(post: Post) -> None:
        post.event_of(name, {**_fields(post), **post.rest(*_CARD, "LocationId")}, key=_key(post))

    return take


def _fields(post: Post) -> dict[str, Any]:
    return {
        "coupon_id": post.text("CardId"),
        "coupon_code": post.text("UserCardCode"),
        "store_id": _store(post),
    }


def _store(post: Post) -> str:
    """0 says that there was none."""
    found = post.text("LocationId")
    return "" if found == "0" else found


def _key(post: Post) -> str:
    return f"{post.text('CardId')}.{post.text('UserCardCode')}"


def _joined(post: Post) -> None:
    post.event_of("membership_joined", {**_fields(post), **post.rest(*_CARD)}, key=_key(post))


def _member(post: Post) -> None:
    """Points changed on a membership card."""
    change = post.text("ModifyBonus")
    rest = post.rest(*_CARD, "ModifyBonus")
    points = whole(change.lstrip("+-"))
    if not points:
        post.event_of("profile_updated", {**_fields(post), **rest}, key=_key(post))
        return
    name = "points_spent" if change.startswith("-") else "points_earned"
    post.event_of(name, {"points": points, **_fields(post), **rest}, key=_key(post))


def _paid(post: Post) -> None:
    """Paid from the card: amounts in fen."""
    paid, full = whole(post.content.get("Fee")), whole(post.content.get("OriginalFee"))
    if not post.text("TransId") or paid is None:
        unknown(post)
        return
    saved = full - paid if full is not None and full >= paid else None
    fields = {
        "order_id": post.text("TransId"),
        "amount": fen(paid),
        "discount": fen(saved),
        "currency": "CNY",
        "payment_method": "wechat_pay",
        **_fields(post),
        **post.rest(*_CARD, "TransId", "Fee", "OriginalFee", "LocationId"),
    }
    post.event_of("order_paid", fields, key=post.text("TransId"))


def _reviewed(state: str) -> Taking:
    """The platform let a card pass, or did not: about the card, not about a person."""

    def take(post: Post) -> None:
        card = post.text("CardId")
        if not card:
            unknown(post, person=False)
            return
        fields = {"coupon_id": card, "status": state, **post.rest("CardId")}
        post.found.add("object", "coupon", [], time=post.time, message_id=post.id(card), fields=fields)

    return take


def _gift_order(post: Post) -> None:
    """Gift cards: bought, given, accepted, under the platform's own names."""
    key = text(post.content.get("OrderId")) or _key(post)
    fields = {**_fields(post), "order_id": post.text("OrderId"), **post.rest(*_CARD, "OrderId")}
    post.found.add("event", f"{post.channel}.{post.event}", post.wechat_ids(), time=post.time,
                   message_id=post.id(key), fields=fields)  # fmt: skip


CARDS: Final[Mapping[str, Taking]] = {
    "user_get_card": _card("coupon_received"),
    "user_consume_card": _card("coupon_redeemed"),
    "user_del_card": _card("coupon_deleted"),
    "user_gifting_card": _card("coupon_given"),
    "user_view_card": _card("coupon_viewed"),
    "user_enter_session_from_card": _card("conversation_started"),
    "user_pay_from_pay_cell": _paid,
    "update_member_card": _member,
    "submit_membercard_user_info": _joined,
    "card_pass_check": _reviewed("passed"),
    "card_not_pass_check": _reviewed("not_passed"),
    "card_sku_remind": _reviewed("low_stock"),
    "giftcard_pay_done": _gift_order,
    "giftcard_send_to_friend": _gift_order,
    "giftcard_user_accept": _gift_order,
}
"""Events by their name in lower case. `card_pay_order` is about the account's coins and stays as it is."""
