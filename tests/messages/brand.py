"""Messages for tests."""

from __future__ import annotations

from typing import Any

from onepool.reach.messages import Surroundings, Wording
from onepool.standards import load_standard
from onepool.workspace import touchpoint_of

WORDING = Wording("zh-CN", "Asia/Shanghai", "CNY")


def around(**more: Any) -> Surroundings:
    """A workspace with an account of every channel that the tests write for."""
    touchpoints = {
        name: touchpoint_of(name, {"touchpoint": name, "channel": channel, "settings": settings})
        for name, channel, settings in (
            ("sms", "sms", {"signature": "棉屿母婴"}),
            ("oa", "wechat_oa", {}),
            ("wecom", "wecom", {}),
            ("email", "email", {}),
        )
    }
    return Surroundings(
        load_standard([]), frozenset({"vip_level"}), touchpoints, WORDING, public_url="https://go.brand.test", **more
    )


def message(*contents: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A message with these contents."""
    return {"message": "m", "contents": list(contents), **more}


def sms(text: str = "您好${name} 拒收请回复R", **params: str) -> dict[str, Any]:
    return {
        "template": "SMS", "channel": "sms", "kind": "marketing",
        "content": {"template_id": "T1", "text": text, "params": params or {"name": "{{ name }}"}},
    }  # fmt: skip


def template(**data: str) -> dict[str, Any]:
    return {
        "template": "OA", "channel": "wechat_oa", "kind": "template",
        "content": {"template_id": "T1", "data": data},
    }  # fmt: skip


def wecom(text: str) -> dict[str, Any]:
    return {"template": "WECOM", "channel": "wecom", "kind": "associate_task", "content": {"text": text}}
