"""What a generic webhook can be told."""

from __future__ import annotations

from onepool.channels.base import Content, Identifies, Manifest, MessageKind, Setting, Signal

VERIFY = {
    "token": {"zh": "固定口令", "en": "A shared token"},
    "hmac_sha256": {"zh": "HMAC-SHA256 签名", "en": "HMAC-SHA256 of the body"},
    "hmac_sha1": {"zh": "HMAC-SHA1 签名", "en": "HMAC-SHA1 of the body"},
    "hmac_md5": {"zh": "HMAC-MD5 签名", "en": "HMAC-MD5 of the body"},
    "md5": {"zh": "MD5（正文+密钥）", "en": "MD5 of body and secret"},
    "sha1": {"zh": "SHA-1（正文+密钥）", "en": "SHA-1 of body and secret"},
    "path": {"zh": "地址中的密钥", "en": "The secret is the last part of the address"},
}

MANIFEST = Manifest(
    name="webhook",
    title={"zh": "通用 Webhook", "en": "Generic webhook"},
    ways=("push",),
    identifiers=(
        Identifies(type="phone", of={"zh": "填写手机号的人", "en": "people who give a phone number"}),
        Identifies(type="email", of={"zh": "填写邮箱的人", "en": "people who give an e-mail address"}),
        Identifies(type="user_id", scope="touchpoint"),
    ),
    signals=(
        Signal(event="form_submitted", fields=("form_id", "form_name", "content", "phone", "email")),
        Signal(event="survey_answered", fields=("form_id", "form_name", "question", "answer", "score"), optional=True),
        Signal(event="profile_updated", kind="profile", traits=("name", "phone", "email", "gender", "birthday")),
    ),
    settings=(
        Setting(
            name="origin",
            kind="choice",
            title={"zh": "来源", "en": "What it is"},
            default="form",
            options={
                "form": {"zh": "表单", "en": "Form"},
                "survey": {"zh": "问卷", "en": "Survey"},
                "course": {"zh": "微课", "en": "Micro-class"},
                "vendor": {"zh": "第三方数据", "en": "Vendor"},
                "other": {"zh": "其他", "en": "Something else"},
            },
        ),
        Setting(
            name="verify",
            kind="choice",
            title={"zh": "校验方式", "en": "How it is verified"},
            required=True,
            options=VERIFY,  # type: ignore[arg-type]
        ),
        Setting(name="secret", kind="secret", title={"zh": "密钥", "en": "Secret"}, required=True),
        Setting(
            name="signature_in",
            kind="text",
            title={"zh": "签名位置", "en": "Where the signature is"},
            help={
                "zh": "header:名称 或 query:名称，例如 header:X-Signature",
                "en": "header:NAME or query:NAME, for example header:X-Signature",
            },
            default="header:X-Signature",
            pattern=r"(header|query):[A-Za-z0-9_-]{1,100}",
        ),
        Setting(
            name="answer",
            kind="text",
            title={"zh": "应答内容", "en": "Answer"},
            help={"zh": "对方期待的应答正文", "en": "The body that the sender expects"},
            default='{"code":0,"msg":"success"}',
        ),
        Setting(
            name="each",
            kind="text",
            title={"zh": "每条数据的位置（JSONPath）", "en": "Where each thing is (JSONPath)"},
            help={"zh": "一次推送多条时使用，例如 $.entries[*]", "en": "For several in one push, e.g. $.entries[*]"},
            default="$",
        ),
        Setting(
            name="rules",
            kind="object",
            title={"zh": "映射规则", "en": "Mapping"},
            help={
                "zh": "每条规则：when（条件）、event、kind、message_id、time、ids、fields、traits，值为 JSONPath",
                "en": "Each rule: when, event, kind, message_id, time, ids, fields, traits; values are JSONPath",
            },
            default=[],
        ),
        Setting(
            name="url",
            kind="text",
            title={"zh": "发送地址", "en": "Address that messages go to"},
            pattern=r"https?://\S+",
        ),
    ),
    messages=(
        MessageKind(
            name="webhook",
            title={"zh": "Webhook 消息", "en": "Webhook message"},
            to=("phone", "email", "user_id", "openid", "unionid", "external_userid", "member_no"),
            content=(Content(name="body", title={"zh": "内容", "en": "Content"}, kind="object"),),
            idempotent=True,
            carries="handover",
        ),
    ),
    instructions={
        "zh": "把本页的回调地址填到对方系统，选择校验方式并填写同一个密钥；收到数据后在“映射”里把字段对到标准。",
        "en": "Enter the callback address of this page in the sender's system, choose how it signs, give the same "
        "secret; when data has come in, map its fields to the standard under “Mapping”.",
    },
)
