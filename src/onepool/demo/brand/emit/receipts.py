"""SMS: receipts and replies as Alibaba Cloud pushes them (JSON arrays, unsigned, to a secret address)."""

from __future__ import annotations

import json
from typing import Any

from onepool.demo.brand.places import SMS
from onepool.demo.brand.sending import Delivery

_HEADERS = ((b"content-type", b"application/json;charset=UTF-8"), (b"user-agent", b"Apache-HttpClient/4.5.6"))


class SmsPush:
    """What is said is (part of the path, list of reports)."""

    def __init__(self, path: str) -> None:
        self._path = path

    def thing(self, said: Any, at: int) -> Delivery:
        del at
        kind, listed = said
        body = json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode()
        return Delivery("POST", f"/hooks/{SMS}/{self._path}/{kind}", b"", _HEADERS, body)


def report(phone: str, sent: str, reported: str, batch: str, out: str, *, delivered: bool) -> dict[str, Any]:
    """What became of one message."""
    return {
        "phone_number": phone, "send_time": sent, "report_time": reported, "success": delivered,
        "err_code": "DELIVERED" if delivered else "UNDELIVERED",
        "err_msg": "用户接收成功" if delivered else "用户接收失败", "sms_size": "1", "biz_id": batch, "out_id": out,
    }  # fmt: skip


def reply(phone: str, sent: str, content: str, number: str) -> dict[str, Any]:
    """A reply."""
    return {
        "phone_number": phone, "send_time": sent, "content": content, "sign_name": "棉屿", "dest_code": "1069000000",
        "sequence_id": number,
    }  # fmt: skip
