"""The touchpoints: where records come from, under which scopes, and what each source tells of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CRM, WEB, JD, YOUZAN, DOUYIN, WECOM = "store", "web", "jd", "youzan", "douyin", "wecom"
SHOPS = ("tmall_flagship", "tmall_kids", "tmall_outlet", "taobao_shop", "tmall_global")
WECHAT = ("wechat_oa", "wechat_mini", "wechat_oa_club", "wechat_mini_points")

BRAND = "brand"
OPEN_PLATFORM = "wx_open"


@dataclass(frozen=True, slots=True)
class Source:
    """A touchpoint, the identifier type of its accounts, and how likely its opening record holds each field.

    ``typed``: the person (or staff) types name and phone into a form; ``market``: a marketplace, which masks them.
    """

    name: str
    channel: str
    zh: str
    en: str
    identifier: str
    scope: str
    prefix: str
    scopes: tuple[tuple[str, str], ...] = ()
    typed: bool = False
    market: bool = False
    name_given: float = 0.0
    phone_given: float = 0.0
    gender: float = 0.0
    birthday: float = 0.0
    region: float = 0.0
    address: float = 0.0
    email: float = 0.0
    nickname: float = 0.0
    phone_again: float = 0.0
    """How often a further event carries the phone again."""

    @property
    def key(self) -> str:
        """The identifier as ``type`` or ``type@scope``."""
        return f"{self.identifier}@{self.scope}" if self.scope else self.identifier

    def definition(self) -> dict[str, Any]:
        """The touchpoint as YAML."""
        return {
            "touchpoint": self.name,
            "title": {"zh": self.zh, "en": self.en},
            "channel": self.channel,
            "scopes": {self.identifier: self.scope or self.name, **dict(self.scopes)},
        }


def _wechat(name: str, zh: str, en: str, *, mini: bool, phone: float) -> Source:
    return Source(
        name,
        "wechat_mini" if mini else "wechat_oa",
        zh,
        en,
        "openid",
        name,
        "o" + name[-4:].title().replace("_", ""),
        (("unionid", OPEN_PLATFORM), ("member_no", BRAND)),
        name_given=0.6 if mini else 0.0,
        nickname=0.9 if mini else 0.6,
        phone_given=phone,
        region=0.35,
        gender=0.2,
        phone_again=0.6,
    )


def _shop(name: str, channel: str, zh: str, en: str) -> Source:
    return Source(
        name,
        channel,
        zh,
        en,
        "ouid",
        name,
        "AAH",
        (("omid", BRAND), ("taobao_oaid", name)),
        market=True,
        name_given=0.9,
        phone_given=1.0,
        gender=0.5,
        birthday=0.2,
        region=0.95,
        address=0.9,
        nickname=0.5,
    )


SOURCES: tuple[Source, ...] = (
    _wechat("wechat_oa", "公众号", "Official account", mini=False, phone=0.0),
    _wechat("wechat_mini", "小程序商城", "Mini program shop", mini=True, phone=0.65),
    _wechat("wechat_oa_club", "会员俱乐部公众号", "Club official account", mini=False, phone=0.0),
    _wechat("wechat_mini_points", "积分小程序", "Points mini program", mini=True, phone=0.4),
    Source(
        WECOM,
        "wecom",
        "企业微信",
        "WeCom",
        "external_userid",
        "corp",
        "wmX",
        (("unionid", OPEN_PLATFORM),),
        typed=True,
        name_given=0.6,
        phone_given=0.3,
        nickname=1.0,
        gender=0.5,
        phone_again=0.2,
    ),
    _shop("tmall_flagship", "tmall", "天猫旗舰店", "Tmall flagship shop"),
    _shop("tmall_kids", "tmall", "天猫童装店", "Tmall children's shop"),
    _shop("tmall_outlet", "tmall", "天猫奥莱店", "Tmall outlet"),
    _shop("taobao_shop", "taobao", "淘宝店", "Taobao shop"),
    _shop("tmall_global", "tmall", "天猫国际店", "Tmall global shop"),
    Source(
        JD,
        "jd",
        "京东旗舰店",
        "JD flagship shop",
        "jd_open_id",
        "jd",
        "jdX",
        market=True,
        name_given=0.9,
        phone_given=1.0,
        gender=0.3,
        birthday=0.1,
        region=0.95,
        address=0.9,
        nickname=0.4,
    ),
    Source(
        DOUYIN,
        "douyin",
        "抖音小店",
        "Douyin shop",
        "douyin_open_id",
        "douyin",
        "dyO",
        (("douyin_union_id", "douyin_open"),),
        market=True,
        name_given=0.85,
        phone_given=1.0,
        gender=0.3,
        region=0.9,
        address=0.8,
        nickname=0.8,
    ),
    Source(
        YOUZAN,
        "youzan",
        "有赞商城",
        "Youzan shop",
        "yz_open_id",
        "",
        "yzO",
        (("unionid", OPEN_PLATFORM),),
        typed=True,
        name_given=1.0,
        phone_given=0.95,
        gender=0.3,
        region=0.9,
        address=0.85,
        nickname=0.7,
        phone_again=0.7,
    ),
    Source(
        CRM,
        "store",
        "门店收银与会员系统",
        "Stores' tills and CRM",
        "crm_id",
        "crm",
        "S",
        (("device", "kiosk"),),
        typed=True,
        name_given=1.0,
        phone_given=0.97,
        gender=0.85,
        birthday=0.7,
        region=0.75,
        address=0.45,
        email=0.2,
        phone_again=0.6,
    ),
    Source(
        WEB,
        "web",
        "官网与应用",
        "Site and app",
        "user_id",
        "web",
        "u",
        (("device", "app"), ("anonymous_id", "web")),
        typed=True,
        name_given=1.0,
        phone_given=0.9,
        gender=0.5,
        birthday=0.3,
        region=0.5,
        address=0.25,
        email=0.8,
        nickname=0.5,
        phone_again=0.3,
    ),
)

_PLACES = {one.name: number for number, one in enumerate(SOURCES)}


def place_of(name: str) -> int:
    """The place of a source in SOURCES."""
    return _PLACES[name]


def definitions() -> dict[str, dict[str, Any]]:
    """The touchpoints of the workspace by name."""
    return {one.name: one.definition() for one in SOURCES}
