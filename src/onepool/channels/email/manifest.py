"""What e-mail yields and carries."""

from __future__ import annotations

from typing import Any, Final

from onepool.channels.base import Address, Content, Identifies, Life, Manifest, MessageKind, Setting, Signal

_SEEN: Final = ("message_id", "message_channel", "campaign", "user_agent", "ip")


def _part(name: str, zh: str, en: str, **more: Any) -> Content:
    return Content(name=name, title={"zh": zh, "en": en}, **more)


def _set(name: str, zh: str, en: str, **more: Any) -> Setting:
    more.setdefault("kind", "text")
    return Setting(name=name, title={"zh": zh, "en": en}, noted=False, **more)


_PARTS: Final = (
    _part("subject", "主题", "Subject", required=True, limit=200),
    _part("html", "正文（HTML）", "HTML", kind="long_text"),
    _part("text", "正文（纯文本，缺省由 HTML 生成）", "Text (by default made from the HTML)", kind="long_text"),
    _part("campaign", "营销活动", "Campaign"),
)
_ADDRESS: Final = r"[^\s@<>,;]+@[^\s@<>,;]+"

MANIFEST = Manifest(
    name="email",
    title={"zh": "邮件", "en": "E-mail"},
    ways=("push", "receipt"),
    endpoints={"smtp": "smtp:"},
    body_bytes=10 << 20,
    identifiers=(Identifies(type="email", of={"zh": "收到邮件的人", "en": "everybody who got a mail"}),),
    signals=(
        Signal(event="message_read", fields=(*_SEEN, "is_proxy")),
        Signal(event="message_clicked", fields=(*_SEEN, "link_url", "bot")),
        Signal(event="opted_out", fields=("message_channel", "method", "reason", "campaign")),
        Signal(
            event="message_failed",
            fields=("message_id", "message_channel", "failure_code", "failure_reason", "failure_text", "bounce_type"),
            source="receipt",
        ),
        Signal(event="message_delivered", fields=("message_id", "message_channel"), source="receipt"),
    ),
    settings=(
        _set("smtp_host", "SMTP 服务器", "SMTP server", pattern=r"[A-Za-z0-9.:-]{1,200}", takes=("password",)),
        _set("smtp_port", "端口（默认 587 / 465 / 25）", "Port (by default 587, 465, 25)", kind="integer"),
        _set(
            "security",
            "加密",
            "Encryption",
            kind="choice",
            default="starttls",
            options={
                "starttls": {"zh": "STARTTLS", "en": "STARTTLS"},
                "tls": {"zh": "TLS", "en": "TLS"},
                "none": {"zh": "不加密（仅限本机中继）", "en": "None (a relay on this machine only)"},
            },
        ),
        _set("username", "用户名", "User name"),
        _set("password", "密码", "Password", kind="secret"),
        _set("sender", "发件地址", "Sender's address", pattern=_ADDRESS),
        _set("sender_name", "发件人名称", "Sender's name"),
        _set("reply_to", "回复地址", "Address for replies", pattern=_ADDRESS),
        _set(
            "bounce_address",
            "退信地址",
            "Address for bounces",
            pattern=_ADDRESS,
            help={
                "zh": "信封发件人；把收到的退信原样 POST 到 回调地址/inbound/密钥",
                "en": "The envelope's sender; POST mails that arrive there to CALLBACK ADDRESS/inbound/SECRET",
            },
        ),
        _set(
            "unsubscribe_mailbox",
            "退订邮箱",
            "Mailbox for unsubscriptions",
            pattern=_ADDRESS,
            help={
                "zh": "该邮箱收到的邮件同样 POST 到 inbound",
                "en": "Mails that arrive there are POSTed to inbound too",
            },
        ),
        _set(
            "public_url",
            "公网地址",
            "Public address",
            pattern=r"https?://[^\s/?#]+(/[^\s?#]*)?",
            help={
                "zh": "打开、点击和退订链接的前缀",
                "en": "What links for opens, clicks and unsubscribing begin with",
            },
        ),
        _set("tracking_secret", "链接密钥", "Secret of links", kind="secret"),
        _set("track", "记录打开和点击", "Note opens and clicks", kind="boolean", default=True),
        _set("inbound_secret", "退信回调密钥", "Secret of the address for bounces", kind="secret"),
        _set("webhook_secret", "邮件网关签名密钥", "Secret of the mail gateway's reports", kind="secret"),
        _set("dkim_selector", "DKIM 选择器", "DKIM selector", pattern=r"[A-Za-z0-9._-]{1,63}"),
        _set("dkim_domain", "DKIM 域名（默认发件域名）", "DKIM domain (by default the sender's)"),
        _set("dkim_key", "DKIM 私钥（PEM）", "DKIM private key (PEM)", kind="secret"),
    ),
    messages=(
        MessageKind(
            name="marketing",
            title={"zh": "营销邮件（含一键退订）", "en": "Marketing (with one-click unsubscription)"},
            to=("email",),
            content=_PARTS,
        ),
        MessageKind(
            name="transactional",
            title={"zh": "事务邮件", "en": "Transactional"},
            to=("email",),
            content=_PARTS,
            marketing=False,
        ),
    ),
    addresses=(
        Address(
            type="email",
            begins=(
                Life(event="message_delivered"),
                Life(event="message_read"),
                Life(event="message_clicked"),
                Life(event="message_replied"),
            ),
            ends=(
                Life(event="message_failed", where={"bounce_type": ("hard",)}),
                Life(event="message_failed", where={"failure_reason": ("bad_address",)}),
            ),
        ),
    ),
    instructions={
        "zh": "填写 SMTP 服务器与发件地址；营销邮件还需公网地址和链接密钥（打开、点击、退订）。"
        "退信：让邮件服务器把退信地址收到的邮件原样 POST 到 回调地址/inbound/密钥。"
        "使用邮件网关时：网关的状态推送到回调地址，正文的 HMAC-SHA256 放在 X-Signature。",
        "en": "Give the SMTP server and the sender's address; marketing also needs the public address and the secret "
        "of links. Bounces: let the mail server POST what arrives at the bounce address, as it is, to CALLBACK "
        "ADDRESS/inbound/SECRET. With a mail gateway: its reports go to the callback address, with the HMAC-SHA256 of "
        "the body in X-Signature.",
    },
)
