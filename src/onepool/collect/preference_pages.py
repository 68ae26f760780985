"""The preference page as HTML: two languages, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Final

from onepool.collect.preference_desk import WHOLE, Cell, View

LANGUAGES: Final = ("zh", "en")

_STYLE: Final = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.5rem;color:#1f2329;"
    "background:#fff}h1{font-size:1.4rem}fieldset{border:1px solid #d0d3d6;border-radius:6px;margin:1rem 0;"
    "padding:.5rem 1rem}legend{font-weight:600}label{display:flex;gap:.6rem;align-items:center;min-height:2.75rem}"
    "input{width:1.25rem;height:1.25rem}button{font:inherit;padding:.6rem 1.2rem;border-radius:6px;border:1px solid "
    "#1456f0;background:#1456f0;color:#fff;margin:.3rem .6rem .3rem 0;cursor:pointer}button.quiet{background:#fff;"
    "color:#1f2329;border-color:#8f959e}.done{background:#e8f8ec;border:1px solid #2e7d3c;border-radius:6px;"
    "padding:.6rem 1rem}.notice{color:#51565d;white-space:pre-wrap}nav{text-align:right}"
    "@media(prefers-color-scheme:dark){body{background:#1b1d20;color:#e8e9eb}.notice{color:#b0b4ba}"
    "button.quiet{background:#1b1d20;color:#e8e9eb}.done{background:#17361f}}"
)

POLICY: Final = (
    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'"
)
"""Content-Security-Policy of every answer."""

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "title": "消息偏好",
        "for": "这些设置用于",
        "notice": "您可以随时选择愿意接收哪些消息，也可以随时撤回同意；撤回立即生效，不影响订单与服务所必需的通知。",
        "save": "保存",
        "stop": "全部停止",
        "saved": "已保存，立即生效。",
        "stopped": "已退订，我们不会再发送这类消息。",
        "marketing": "营销消息（活动、优惠、新品）",
        "service": "服务消息（会员、积分、售后关怀）",
        "profiling": "根据我的行为提供个性化推荐",
        "other": "English",
        "missing": "链接不存在或已失效。",
        "busy": "请求过于频繁，请稍后再试。",
        "again": "暂时无法保存，请稍后再试。",
        "refused": "请从消息中的链接打开本页再提交。",
        "personal": "个性化",
    },
    "en": {
        "title": "Message preferences",
        "for": "These settings are for",
        "notice": "Choose which messages you want to receive. You can withdraw at any time, with effect at once; "
        "messages that an order or a service needs still reach you.",
        "save": "Save",
        "stop": "Stop everything",
        "saved": "Saved, with effect at once.",
        "stopped": "You are unsubscribed. We will send no more messages of this kind.",
        "marketing": "Marketing (campaigns, offers, new products)",
        "service": "Service (membership, points, after-sales care)",
        "profiling": "Recommend things to me by what I do",
        "other": "中文",
        "missing": "This link does not exist or has ended.",
        "busy": "Too many requests. Please try again in a moment.",
        "again": "This can't be saved right now. Please try again in a moment.",
        "refused": "Please open this page from the link in the message and try again.",
        "personal": "Personalisation",
    },
}

_CHANNELS: Final[Mapping[str, tuple[str, str]]] = {
    "wechat_oa": ("微信公众号", "WeChat official account"),
    "wechat_mini": ("微信小程序", "WeChat mini program"),
    "wecom": ("企业微信", "WeCom"),
    "sms": ("短信", "Text messages"),
    "email": ("邮件", "E-mail"),
    "douyin": ("抖音", "Douyin"),
    "youzan": ("有赞", "Youzan"),
    "webhook": ("其他方式", "Other ways"),
    "push": ("应用推送", "App notifications"),
    "phone": ("电话", "Phone calls"),
}


def text_shown(view: View, language: str) -> tuple[str, str]:
    """The notice on the page, and how events name it: `name@version`."""
    if view.notice is not None:
        text = view.notice.texts.get(language) or next(iter(view.notice.texts.values()))
        return text, view.notice.label
    return _WORDS[language]["notice"], "preference_page@0"


def page(view: View, cells: Mapping[Cell, bool], language: str, done: str = "") -> bytes:
    """The page with its switches. `done`: `saved` or `stopped`, after something was."""
    words = _WORDS[language]
    other = "en" if language == "zh" else "zh"
    parts = [
        f"<nav><a href='?lang={other}' lang={other}>{words['other']}</a></nav><h1>{words['title']}</h1>",
        f"<p class=done role=status>{words[done]}</p>" if done else "",
        f"<p>{words['for']} <strong>{escape(view.masked)}</strong></p>",
        f"<p class=notice>{escape(text_shown(view, language)[0])}</p>",
        f"<form method=post action='?lang={language}'>",
    ]
    for purpose in dict.fromkeys(purpose for purpose, _ in cells if purpose not in WHOLE):
        parts.append(f"<fieldset><legend>{words[purpose]}</legend>")
        parts += [_switch(cell, on, _channel(cell[1], language)) for cell, on in cells.items() if cell[0] == purpose]
        parts.append("</fieldset>")
    parts.append(f"<fieldset><legend>{words['personal']}</legend>")
    parts += [_switch(cell, on, words[cell[0]]) for cell, on in cells.items() if cell[0] in WHOLE]
    parts.append(
        f"</fieldset><button name=do value=save>{words['save']}</button>"
        f"<button class=quiet name=do value=stop>{words['stop']}</button></form>"
    )
    return _document(language, words["title"], "".join(parts))


def told(what: str, language: str) -> bytes:
    """A page that says one thing: missing, busy, again, refused, stopped."""
    words = _WORDS[language]
    return _document(language, words["title"], f"<h1>{words['title']}</h1><p role=status>{words[what]}</p>")


def _switch(cell: Cell, on: bool, title: str) -> str:
    value = escape(f"{cell[0]}:{cell[1]}", quote=True)
    checked = " checked" if on else ""
    return (
        f'<label><input type=hidden name=shown value="{value}"><input type=checkbox name=yes value="{value}"{checked}>'
        f"{escape(title)}</label>"
    )


def _channel(name: str, language: str) -> str:
    known = _CHANNELS.get(name)
    return known[LANGUAGES.index(language)] if known else name


def _document(language: str, title: str, body: str) -> bytes:
    tag = "zh-CN" if language == "zh" else "en"
    return (
        f"<!doctype html><html lang={tag}><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<meta name=robots content=noindex><title>{title}</title><style>{_STYLE}</style><main>{body}</main></html>"
    ).encode()
