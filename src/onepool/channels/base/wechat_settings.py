"""Settings that WeChat's channels have in common."""

from __future__ import annotations

from typing import Final

from onepool.channels.base.manifest import Setting

APPID: Final = Setting(
    name="appid",
    kind="text",
    required=True,
    title={"zh": "AppID", "en": "App ID"},
    pattern=r"wx[0-9a-zA-Z]{10,30}",
)

SECRET: Final = Setting(
    name="secret",
    kind="secret",
    title={"zh": "AppSecret（调用接口和发送消息时需要）", "en": "App secret (for calls and messages)"},
)

OPEN_PLATFORM: Final = Setting(
    name="open_platform",
    kind="text",
    default="main",
    title={"zh": "开放平台账号", "en": "Open Platform account"},
    help={
        "zh": "UnionID 的作用域：绑定同一个微信开放平台账号的公众号、小程序和企业微信填写相同的名称。",
        "en": "The scope of unionids: the same word for all accounts bound to one WeChat Open Platform account.",
    },
)
