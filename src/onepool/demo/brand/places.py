"""The brand's accounts at the platforms: their ids, which are the scopes of identifiers. All of them are made up."""

from __future__ import annotations

from typing import Final

OPEN_PLATFORM: Final = "wxop_demo"
OA_APPID: Final = "wx5a1d0c7e93b2f401"
OA_ORIGINAL: Final = "gh_7c1d20ab93ef"
MINI_APPID: Final = "wx8f20be41d7c6395a"
MINI_ORIGINAL: Final = "gh_50b7e19c42da"
CORP: Final = "wwd3a85f0b7c614e92"
DESK: Final = "wkDEMOAAAmianyu0service01"
"""WeCom's customer-service account."""
DOUYIN_KEY: Final = "awdemo7k2p9x4m1q"
DOUYIN_OPEN_ID: Final = "_000demo0brand0account"
YOUZAN_CLIENT: Final = "demo3f0c9a72be514d68"
YOUZAN_SHOP: Final = 90412233
XHS_APP: Final = "demoxhs81c2"
XHS_SELLER: Final = "5f0e6d2c1a9b4700018d3c55"
TAOBAO_KEY: Final = "33907741"
TMALL_SHOP: Final = "mianyu_tmall"
MEMBERSHIP: Final = "mianyu"
"""Scope of member numbers, and of the brand's memberships at marketplaces."""
JD_KEY: Final = "DEMO8C41F0A97B25"
CRM_SYSTEM: Final = "crm"
SITE: Final = "site"
"""Scope of the site's cookies."""
APP_ID: Final = "cn.demo.mianyu"

OA, MINI, WECOM, DOUYIN, YOUZAN, XHS, TMALL, JD = (
    "oa", "mini", "wecom", "douyin", "youzan", "xiaohongshu", "tmall", "jd",
)  # fmt: skip
STORE, CRM, WEB, APP, SMS, EMAIL, ADS_OCEAN, ADS_TENCENT, FORMS = (
    "store", "crm", "web", "app", "sms", "email", "ads_ocean", "ads_tencent", "forms",
)  # fmt: skip

TOUCHPOINTS: Final = (
    OA, MINI, WECOM, DOUYIN, YOUZAN, XHS, TMALL, JD, STORE, CRM, WEB, APP, SMS, EMAIL, ADS_OCEAN, ADS_TENCENT, FORMS,
)  # fmt: skip

SHOPS: Final = (MINI, TMALL, JD, YOUZAN, XHS, STORE, WEB, APP)
"""Where orders are placed."""
