"""Douyin: follows, private messages, lead cards, as webhooks signed with the client's secret."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from onepool.demo.brand.places import DOUYIN, DOUYIN_KEY, DOUYIN_OPEN_ID
from onepool.demo.brand.sending import Delivery


class Webhook:
    """What is said is (id of the message, body)."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def thing(self, said: Any, at: int) -> Delivery:
        del at
        message, body = said
        raw = body.encode()
        signature = hashlib.sha1(self._secret + raw, usedforsecurity=False).hexdigest()
        headers = (
            (b"content-type", b"application/json"),
            (b"x-douyin-signature", signature.encode()),
            (b"msg-id", message.encode()),
        )
        return Delivery("POST", f"/hooks/{DOUYIN}", b"", headers, raw)


def _body(event: str, person: str, content: object, log: str) -> str:
    return json.dumps(
        {
            "event": event, "client_key": DOUYIN_KEY, "from_user_id": person, "to_user_id": DOUYIN_OPEN_ID,
            "content": content, "log_id": log,
        },
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip


def followed(person: str, second: int, message: str) -> tuple[str, str]:
    """A new follower; here ``content`` is a JSON text, as the platform sends it."""
    content = json.dumps({"action_type": 1, "action_time": second}, separators=(",", ":"))
    return message, _body("new_follow_action", person, content, message)


def entered(person: str, second: int, message: str) -> tuple[str, str]:
    """Opened the private messages."""
    content = {"conversation_short_id": f"@{person[-12:]}", "conversation_type": 1, "scene": "homepage_msg"}
    return message, _body("im_enter_direct_msg", person, {**content, "create_time": second * 1000}, message)


def wrote(person: str, nickname: str, milliseconds: int, text: str, message: str) -> tuple[str, str]:
    """A private message."""
    return message, _body(
        "im_receive_msg",
        person,
        {
            "conversation_short_id": f"@{person[-12:]}", "server_message_id": f"@s{message}", "conversation_type": 1,
            "create_time": milliseconds, "source": "", "message_type": "text", "text": text,
            "user_infos": [{"open_id": person, "nick_name": nickname, "avatar": ""}],
        },
        message,
    )  # fmt: skip


def left_phone(
    person: str, nickname: str, milliseconds: int, name: str, phone: str, city: str, message: str
) -> tuple[str, str]:
    """A lead card filled in within the private messages."""
    card = {
        "card_id": "demo_card_1", "status": 2,
        "labels": [{"label": "姓名", "value": name}, {"label": "电话", "value": phone}, {"label": "城市",
        "value": city}],
    }  # fmt: skip
    return message, _body(
        "im_receive_msg",
        person,
        {
            "conversation_short_id": f"@{person[-12:]}", "server_message_id": f"@s{message}", "conversation_type": 1,
            "create_time": milliseconds, "source": "", "message_type": "retain_consult_card",
            "retain_consult_card": card,
            "user_infos": [{"open_id": person, "nick_name": nickname, "avatar": ""}],
        },
        message,
    )  # fmt: skip
