"""What WeCom yields, carries, needs and limits."""

from __future__ import annotations

from typing import Final

from onepool.channels.base import Address, Identifies, Life, Manifest, Quota, Setting, Signal, Window, adjustable
from onepool.channels.base.wechat_push import KEYS, SKEW
from onepool.channels.base.wechat_settings import OPEN_PLATFORM
from onepool.channels.wecom.reach import MESSAGES
from onepool.channels.wecom.service import WINDOW

_SETTINGS: Final = (
    Setting(
        name="corpid",
        kind="text",
        required=True,
        title={"zh": "企业 ID（CorpID）", "en": "Corp ID"},
        pattern=r"[0-9a-zA-Z]{8,64}",
    ),
    *KEYS,
    Setting(
        name="secret",
        kind="secret",
        title={
            "zh": "客户联系 Secret（调用接口和发送时需要）",
            "en": "Customer-contact secret (for calls and messages)",
        },
        help={
            "zh": "“客户与上下游 → 客户联系 → API”中的 Secret，或已加入“可调用应用”的自建应用的 Secret。",
            "en": "Of customer contact, or of an own app that is among the apps that may call it.",
        },
    ),
    OPEN_PLATFORM,
    SKEW,
    Setting(
        name="staff",
        kind="texts",
        noted=False,
        title={"zh": "同步哪些员工的客户", "en": "Members of staff whose contacts are fetched"},
        help={"zh": "留空表示所有配置了客户联系功能的员工。", "en": "Empty: all who may have contacts."},
    ),
    Setting(
        name="remark_phones",
        kind="boolean",
        default=True,
        title={"zh": "使用员工备注的手机号", "en": "Use phone numbers that staff noted"},
        help={
            "zh": "作为人工填写（未验证）的手机号处理，合并时证据较弱。",
            "en": "Taken as typed and not proved: weaker evidence for joining.",
        },
    ),
    Setting(
        name="customer_service",
        kind="boolean",
        default=False,
        noted=False,
        title={"zh": "同步微信客服消息", "en": "Fetch messages of WeChat customer service"},
    ),
    Setting(
        name="service_desk",
        kind="text",
        noted=False,
        title={"zh": "发送用的客服账号（open_kfid）", "en": "Desk that messages go out from (open_kfid)"},
        help={
            "zh": "微信客服消息从这个客服账号发出；只能发给 48 小时内主动咨询过的客户，最多 5 条。",
            "en": "Customer-service messages go out from it, to whoever wrote within 48 hours, five at most.",
        },
        pattern=r"[A-Za-z0-9_-]{2,64}",
    ),
    Setting(
        name="service_welcome",
        kind="text",
        noted=False,
        title={"zh": "微信客服欢迎语", "en": "Welcome of customer service"},
        help={
            "zh": "客户进入微信客服会话后 20 秒内自动发出；若管理后台已配置欢迎语，则以后台为准。",
            "en": "Sent within 20 seconds to whoever comes to a desk; one set up on the platform goes first.",
        },
    ),
    Setting(
        name="acquisition_links",
        kind="boolean",
        default=False,
        noted=False,
        title={"zh": "同步获客链接名称", "en": "Fetch the names of acquisition links"},
        help={
            "zh": "需要“获客助手”权限；打开后每天拉取一次链接的名称。",
            "en": "Needs the right to acquisition links; their names are then fetched once a day.",
        },
    ),
    Setting(
        name="add_ways",
        kind="mapping",
        title={"zh": "添加方式（add_way）的含义", "en": "Meanings of add_way"},
        help={
            "zh": "数值 → 来源，例如 16: acquisition_link；未写的用内置对应。",
            "en": "Number -> source (16: acquisition_link); others as built in.",
        },
        default={},
        unverified=True,
    ),
    Setting(
        name="send_states",
        kind="mapping",
        noted=False,
        title={"zh": "群发结果状态的含义", "en": "Meanings of a group-send's states"},
        help={
            "zh": "数值 → waiting、sent、not_friend 或 over_limit；未写的用内置对应（0、1、2、3）。",
            "en": "Number -> waiting, sent, not_friend or over_limit; others as built in (0, 1, 2, 3).",
        },
        default={},
        unverified=True,
    ),
    Setting(
        name="welcome_text",
        kind="text",
        noted=False,
        title={"zh": "欢迎语", "en": "Welcome text"},
        help={
            "zh": "客户添加员工后 20 秒内自动发出；若企业或员工已在后台配置欢迎语，则以后台为准。",
            "en": "Sent within 20 seconds of adding; a welcome that is set up on the platform goes first.",
        },
    ),
    Setting(
        name="welcome_attachments",
        kind="object",
        noted=False,
        title={"zh": "欢迎语附件", "en": "Attachments of the welcome"},
    ),
    Setting(
        name="welcome_by_state",
        kind="object",
        noted=False,
        title={"zh": "按渠道活码（State）的欢迎语", "en": "Welcome by channel code (State)"},
        help={
            "zh": '如 {"store_021": {"text": "欢迎来到南京路店"}}。',
            "en": 'For example {"store_021": {"text": "Welcome"}}.',
        },
    ),
)

_WINDOWS: Final = (Window(allowance=WINDOW, event="message_received", messages=5, seconds=48 * 3600, unverified=True),)

_QUOTAS: Final = (
    Quota(
        name="staff_day",
        title={"zh": "每位客户每天可收到同一员工的群发", "en": "Group-send messages a day from one associate"},
        count=1,
        period="day",
        scope="staff_person",
        messages=("associate_task",),
        unverified=True,
    ),
    Quota(
        name="month",
        title={"zh": "每位客户每月可收到企业群发", "en": "Group-send messages a month for one customer"},
        count=4,
        period="month",
        scope="person",
        messages=("associate_task",),
        unverified=True,
    ),
    Quota(
        name="reminders",
        title={"zh": "提醒员工发送（24 小时内）", "en": "Reminders to staff within 24 hours"},
        count=3,
        seconds=86_400,
        scope="staff",
    ),
)

MANIFEST: Final = Manifest(
    name="wecom",
    title={"zh": "企业微信", "en": "WeCom"},
    identifiers=(
        Identifies(type="external_userid", scope="corpid", of={"zh": "所有客户", "en": "Every contact"}),
        Identifies(
            type="unionid",
            scope="open_platform",
            of={"zh": "微信客户（企业已绑定开放平台）", "en": "Contacts on WeChat, once the corp is bound"},
        ),
        Identifies(type="phone", of={"zh": "员工备注了手机号的客户", "en": "Contacts whose phone staff noted"}),
    ),
    signals=(
        Signal(event="contact_added", fields=("staff_id", "qr_code_id")),
        Signal(event="contact_added", fields=("staff_id", "qr_code_id", "method"), source="pull"),
        Signal(event="contact_listed", fields=("staff_id", "qr_code_id", "method"), source="pull"),
        Signal(event="contact_requested", fields=("staff_id", "qr_code_id"), optional=True),
        Signal(event="contact_removed", fields=("staff_id", "reason")),
        Signal(event="contact_transfer_failed", fields=("staff_id", "reason"), optional=True),
        Signal(event="profile_updated"),
        Signal(event="consent_granted", fields=("purpose",), optional=True),
        Signal(event="group_chat_joined", fields=("group_chat_id", "scene")),
        Signal(event="group_chat_joined", fields=("group_chat_id", "group_chat_name", "scene"), source="pull"),
        Signal(event="group_chat_left", fields=("group_chat_id", "reason"), optional=True),
        Signal(event="conversation_started", fields=("staff_id", "qr_code_id"), optional=True),
        Signal(event="message_received", fields=("message_id", "message_type", "content", "staff_id"), source="pull"),
        Signal(event="message_sent", fields=("message_id", "message_type", "content", "staff_id"), source="pull"),
        Signal(event="message_failed", fields=("message_id", "failure_code", "failure_reason"), source="pull"),
        Signal(event="service_requested", fields=("staff_id", "service_type"), source="pull", optional=True),
        Signal(event="service_transferred", fields=("staff_id", "previous_staff_id"), source="pull", optional=True),
        Signal(event="service_closed", fields=("staff_id", "service_type"), source="pull", optional=True),
        Signal(
            event="profile_updated",
            kind="profile",
            source="pull",
            traits=("nickname", "gender", "adviser", "source", "phone"),
        ),
        Signal(
            event="profile_updated",
            kind="profile",
            source="pull",
            traits=("avatar", "company", "job_title", "remark", "description", "wecom_tags"),
            optional=True,
        ),
        Signal(event="group_chat", kind="object", fields=("group_chat_id",)),
        Signal(event="group_chat", kind="object", fields=("group_chat_id", "name", "staff_id"), source="pull"),
        Signal(event="platform_tag", kind="object", fields=("tag_id", "name", "category"), source="pull"),
        Signal(event="campaign", kind="object", fields=("campaign", "campaign_type", "media"), optional=True),
        Signal(
            event="campaign",
            kind="object",
            fields=("campaign", "name", "campaign_type", "media"),
            source="pull",
            optional=True,
        ),
    ),
    messages=MESSAGES,
    addresses=(
        Address(
            type="external_userid",
            known=False,
            begins=(Life(event="contact_added"), Life(event="contact_listed")),
            ends=(Life(event="contact_removed"),),
            per="staff_id",
        ),
    ),
    settings=(*_SETTINGS, *adjustable(_WINDOWS, _QUOTAS)),
    windows=_WINDOWS,
    quotas=_QUOTAS,
    endpoints={"api": "https://qyapi.weixin.qq.com"},
    ways=("push", "pull"),
    instructions={
        "zh": (
            "1. 登录企业微信管理后台，在“我的企业”复制企业 ID；在“客户与上下游 → 客户联系 → API”查看 Secret，"
            "或把自建应用加入“可调用应用”，并在应用中配置企业可信 IP。\n"
            "2. 在“客户联系 → API → 接收事件服务器”填写本触点的回调地址，随机生成 Token 和 EncodingAESKey；\n"
            "   保存时平台会验证地址。\n"
            "3. 如需 UnionID：在客户联系的“微信开发者 ID 绑定”中绑定公众号或小程序所在的开放平台账号，"
            "并与公众号、小程序触点填写相同的“开放平台账号”。\n"
            "4. 欢迎语在本页填写；员工或企业已在后台设置欢迎语时，平台不会下发欢迎语凭证。\n"
            "5. 获客链接、客户标签、客户群事件来自同一个回调；微信客服需打开“同步微信客服消息”。"
        ),
        "en": (
            "1. In the WeCom admin console copy the corp ID; take the secret of Customer Contact > API, or let an own "
            "app call it and enter this server's address as trusted.\n"
            "2. Under Customer Contact > API > event server enter this touchpoint's callback, a token and an "
            "EncodingAESKey; saving checks the address.\n"
            "3. For unionids bind the Open Platform account of your Official Account or mini program, and give all of "
            "them the same word here.\n"
            "4. Write the welcome here; where one is set up on the platform, it gives no welcome code.\n"
            "5. Links, tags and group chats come over the same callback; switch on customer service to fetch its "
            "messages."
        ),
    },
)  # fmt: skip
