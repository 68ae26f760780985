"""What text messages yield and carry."""

from __future__ import annotations

from typing import Any, Final

from onepool.channels.base import (
    Address,
    Content,
    Identifies,
    Life,
    Manifest,
    MessageKind,
    Quota,
    Setting,
    Signal,
    adjustable,
)
from onepool.channels.base.sms_text import SEGMENT, SINGLE

OPT_OUT_WORDS: Final = ["R", "T", "TD", "N", "QX", "退订", "拒收", "取消", "不要再发"]
_RECEIPT: Final = ("message_id", "message_channel", "segments")


def _part(name: str, zh: str, en: str, **more: Any) -> Content:
    return Content(name=name, title={"zh": zh, "en": en}, **more)


_PARTS: Final = (
    _part("template_id", "模板编号", "Template", required=True),
    _part("params", "模板参数", "Template parameters", kind="mapping"),
    _part("text", "模板正文（预览和计条）", "Text of the template (for the count)", kind="long_text", limit=500),
    _part("signature", "签名（默认用设置中的签名）", "Signature (by default that of the settings)", limit=20),
)

_QUOTAS = (
    Quota(
        name="day",
        title={"zh": "每号码每天", "en": "A day for each number"},
        count=40,
        period="day",
        scope="person",
        unverified=True,
    ),
)

MANIFEST = Manifest(
    name="sms",
    title={"zh": "短信", "en": "SMS"},
    ways=("push", "receipt"),
    endpoints={"aliyun": "https://dysmsapi.aliyuncs.com", "tencent": "https://sms.tencentcloudapi.com"},
    identifiers=(Identifies(type="phone", of={"zh": "收到短信的人", "en": "everybody who got a message"}),),
    signals=(
        Signal(event="message_delivered", fields=_RECEIPT, source="receipt"),
        Signal(event="message_failed", fields=(*_RECEIPT, "failure_code", "failure_reason"), source="receipt"),
        Signal(event="message_replied", fields=("message_channel", "message_type", "content")),
        Signal(event="opted_out", fields=("message_channel", "reason", "method")),
        Signal(event="message_clicked", fields=("message_id", "message_channel", "link_url", "bot"), source="receipt"),
    ),
    settings=(
        Setting(
            name="provider",
            kind="choice",
            title={"zh": "服务商", "en": "Provider"},
            required=True,
            default="aliyun",
            options={
                "aliyun": {"zh": "阿里云", "en": "Alibaba Cloud"},
                "tencent": {"zh": "腾讯云", "en": "Tencent Cloud"},
            },
        ),
        Setting(
            name="path_secret",
            kind="secret",
            title={"zh": "回调地址密钥", "en": "Secret of the callback address"},
            help={
                "zh": "服务商不签名：把它放在回调地址的最后一段。建议 24 位以上随机字符。",
                "en": "Providers sign nothing: it is the last part of the callback address. 24 random letters or more.",
            },
            required=True,
        ),
        Setting(
            name="allowed_ips",
            kind="texts",
            title={"zh": "允许的回调来源（IP 或网段）", "en": "Addresses that may call (IP or CIDR)"},
            help={"zh": "留空则不限制", "en": "Empty: any"},
            default=[],
            noted=False,
        ),
        Setting(
            name="opt_out_words",
            kind="texts",
            title={"zh": "退订关键词", "en": "Opt-out words"},
            help={
                "zh": "回复与其中一个相同（不计大小写、全半角和标点）即视为退订",
                "en": "A reply that is one of them (whatever its case, width and punctuation) opts out",
            },
            default=OPT_OUT_WORDS,
        ),
        Setting(name="access_key", kind="text", title={"zh": "AccessKey ID / SecretId", "en": "Access key ID"}),
        Setting(name="access_secret", kind="secret", title={"zh": "AccessKey Secret / SecretKey", "en": "Its secret"}),
        Setting(name="signature", kind="text", title={"zh": "短信签名", "en": "Signature"}, noted=False),
        Setting(
            name="sdk_app_id",
            kind="text",
            title={"zh": "短信应用 SdkAppId（腾讯云）", "en": "SdkAppId (Tencent Cloud)"},
            pattern=r"\d{5,20}",
            noted=False,
        ),
        Setting(
            name="region",
            kind="text",
            title={"zh": "地域（腾讯云）", "en": "Region (Tencent Cloud)"},
            default="ap-guangzhou",
            pattern=r"[a-z]+-[a-z0-9-]{2,30}",
            noted=False,
        ),
        Setting(
            name="single_characters",
            kind="integer",
            title={"zh": "单条短信字数", "en": "Characters of a text that is one message"},
            default=SINGLE,
            least=10,
            most=2_000,
            noted=False,
            unverified=True,
        ),
        Setting(
            name="segment_characters",
            kind="integer",
            title={"zh": "长短信每条计费字数", "en": "Characters of each part of a longer text"},
            default=SEGMENT,
            least=10,
            most=2_000,
            noted=False,
            unverified=True,
        ),
        *adjustable(quotas=_QUOTAS),
    ),
    messages=(
        MessageKind(
            name="notice",
            title={"zh": "通知短信", "en": "Notice"},
            to=("phone",),
            content=_PARTS,
            marketing=False,
        ),
        MessageKind(
            name="marketing",
            title={"zh": "营销短信（含退订方式）", "en": "Marketing (says how to opt out)"},
            to=("phone",),
            content=_PARTS,
        ),
    ),
    addresses=(
        Address(
            type="phone",
            begins=(Life(event="message_delivered"), Life(event="message_replied")),
            # A number that does not exist; one that is off or out of reach may be reached tomorrow.
            ends=(Life(event="message_failed", where={"failure_reason": ("bad_address",)}),),
        ),
    ),
    quotas=_QUOTAS,
    instructions={
        "zh": "1. 生成一个随机密钥，写入设置“回调地址密钥”。2. 在服务商控制台"
        "把状态报告和上行短信的回调地址都填为：本页回调地址/密钥。3. 需要发送时再填写密钥对和签名。",
        "en": "1. Make a random secret and give it as “Secret of the callback address”. 2. In the provider's console "
        "enter CALLBACK ADDRESS/SECRET for receipts and for replies. 3. For sending give access key and signature.",
    },
)
