"""What advertising yields and carries."""

from __future__ import annotations

from typing import Any, Final

from onepool.channels.base import Content, Identifies, Manifest, MessageKind, Quota, Setting, Signal

_CLICK: Final = (
    "ad_id", "ad_name", "ad_group_id", "creative_id", "click_id", "media", "campaign", "ip", "user_agent", "os",
    "device_model",
)  # fmt: skip
_OCEAN_LINK: Final = (
    "?request_id=__REQUEST_ID__&promotion_id=__PROMOTION_ID__&project_id=__PROJECT_ID__&advertiser_id=__ADVERTISER_ID__"
    "&cid=__CID__&csite=__CSITE__&imei=__IMEI__&idfa=__IDFA__&android_id=__ANDROIDID__&oaid=__OAID__&caid=__CAID__"
    "&os=__OS__&ip=__IP__&ua=__UA__&model=__MODEL__&ts=__TS__&track_id=__TRACK_ID__&callback=__CALLBACK_PARAM__"
)
_TENCENT_LINK: Final = (
    "?click_id=__CLICK_ID__&click_time=__CLICK_TIME__&muid=__MUID__&hash_oaid=__HASH_OAID__"
    "&hash_android_id=__HASH_ANDROID_ID__&campaign_id=__CAMPAIGN_ID__&adgroup_id=__ADGROUP_ID__"
    "&creative_id=__CREATIVE_ID__&device_os_type=__DEVICE_OS_TYPE__&ip=__IP__&user_agent=__USER_AGENT__"
    "&callback=__CALLBACK__"
)


def _part(name: str, zh: str, en: str, **more: Any) -> Content:
    return Content(name=name, title={"zh": zh, "en": en}, **more)


MANIFEST = Manifest(
    name="ads",
    title={"zh": "广告投放", "en": "Advertising"},
    ways=("push",),
    endpoints={"ocean_engine": "https://analytics.oceanengine.com", "tencent": "https://api.e.qq.com"},
    identifiers=(
        Identifies(type="ad_click", of={"zh": "点击广告的人", "en": "everybody who clicks"}),
        Identifies(type="oaid", of={"zh": "安卓设备", "en": "Android phones"}),
        Identifies(type="idfa", of={"zh": "允许跟踪的苹果设备", "en": "iPhones that allow it"}, optional=True),
        Identifies(
            type="imei",
            of={"zh": "明文上报的设备（少见）", "en": "where the platform tells it in clear"},
            optional=True,
        ),
        Identifies(
            type="android_id",
            of={"zh": "明文上报的设备（少见）", "en": "where the platform tells it in clear"},
            optional=True,
        ),
    ),
    signals=(Signal(event="ad_clicked", fields=_CLICK),),
    settings=(
        Setting(
            name="platform",
            kind="choice",
            title={"zh": "广告平台", "en": "Platform"},
            required=True,
            options={
                "ocean_engine": {"zh": "巨量引擎", "en": "Ocean Engine"},
                "tencent": {"zh": "腾讯广告", "en": "Tencent Ads"},
            },
        ),
        Setting(
            name="path_secret",
            kind="secret",
            title={"zh": "监测地址密钥", "en": "Secret of the monitor's address"},
            help={
                "zh": "平台不签名：把它放在监测地址的最后一段。建议 24 位以上随机字母数字。",
                "en": "The platforms sign nothing: it is the last part of the address. 24 random letters or more.",
            },
            required=True,
        ),
        Setting(
            name="click_answer",
            kind="text",
            title={"zh": "点击上报的应答（腾讯广告）", "en": "Answer to a reported click (Tencent Ads)"},
            help={"zh": "平台校验应答内容；默认值未经官方文档核对", "en": "The platform looks at it"},
            default='{"ret":0,"msg":"OK"}',
            pattern=r"[\x20-\x7e]{1,200}",
            noted=False,
            unverified=True,
        ),
        Setting(
            name="event_types",
            kind="mapping",
            title={"zh": "转化类型对应", "en": "Conversions"},
            help={
                "zh": "标准事件名 -> 平台的转化类型，例如 order_paid: ecom_successful_pay；未写的用内置对应。",
                "en": "Event of the standard -> the platform's conversion (order_paid: ecom_successful_pay); others as "
                "built in.",
            },
            default={},
            noted=False,
            unverified=True,
        ),
        Setting(
            name="send_phone",
            kind="boolean",
            title={"zh": "回传手机号摘要", "en": "Send hashes of phone numbers"},
            help={"zh": "仅在取得同意后开启", "en": "Only where people agreed to it"},
            default=False,
            noted=False,
        ),
        Setting(
            name="access_token",
            kind="secret",
            title={"zh": "access_token（腾讯广告）", "en": "access_token (Tencent Ads)"},
        ),
        Setting(
            name="account_id",
            kind="text",
            title={"zh": "推广账号（腾讯广告，非回调方式）", "en": "account_id (Tencent Ads, without callback)"},
            pattern=r"\d{1,20}",
            noted=False,
        ),
        Setting(
            name="user_action_set_id",
            kind="text",
            title={"zh": "数据源（腾讯广告，非回调方式）", "en": "user_action_set_id (Tencent Ads, without callback)"},
            pattern=r"\d{1,20}",
            noted=False,
        ),
        Setting(
            name="wechat_app_id",
            kind="text",
            title={"zh": "openid 所属的微信 AppID", "en": "AppID of the openids"},
            noted=False,
        ),
    ),
    messages=(
        MessageKind(
            name="conversion",
            title={"zh": "转化回传", "en": "Conversion"},
            to=("ad_click", "oaid", "idfa", "android_id", "imei", "openid", "unionid", "phone"),
            content=(
                _part("event", "标准事件", "Event", required=True),
                _part("click_id", "点击编号", "Click"),
                _part("callback", "回调地址（腾讯广告）", "Callback (Tencent Ads)"),
                _part("time", "发生时间", "When"),
                _part("amount", "金额（元）", "Amount (yuan)"),
                _part("order_id", "订单编号", "Order"),
                _part("url", "落地页（腾讯广告网页类必填）", "Landing page (Tencent Ads, web)", kind="url"),
            ),
            idempotent=True,
            marketing=False,
            carries="report",
        ),
    ),
    quotas=(
        Quota(
            name="conversions",
            title={"zh": "转化回传频率（腾讯广告默认）", "en": "Conversions (Tencent Ads, default)"},
            count=4000,
            seconds=60,
        ),
    ),
    instructions={
        "zh": "把点击监测链接填为：本页回调地址/密钥，后面接宏参数。\n"
        f"巨量引擎：{_OCEAN_LINK}\n腾讯广告：{_TENCENT_LINK}\n"
        "落地页网址中的 clickid、qz_gdt、gdt_vid 会自动记为点击编号。",
        "en": "Enter as click monitor: CALLBACK ADDRESS/SECRET followed by the macros.\n"
        f"Ocean Engine: {_OCEAN_LINK}\nTencent Ads: {_TENCENT_LINK}\n"
        "clickid, qz_gdt and gdt_vid in landing pages' addresses are kept as the click's number by themselves.",
    },
)
