"""All the ways in which the brand's platforms send, made from its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onepool.clock import from_micros
from onepool.demo.brand import places
from onepool.demo.brand.emit.ads import OceanEngine, TencentAds
from onepool.demo.brand.emit.douyin import Webhook
from onepool.demo.brand.emit.forms import FormPush
from onepool.demo.brand.emit.mail import MailPush
from onepool.demo.brand.emit.receipts import SmsPush
from onepool.demo.brand.emit.sealed import Sealed
from onepool.demo.brand.emit.segment import Browser, ShopServer
from onepool.demo.brand.emit.sensors import AppSdk, MiniProgram
from onepool.demo.brand.emit.youzan import TradePush
from onepool.demo.brand.secrets import Secrets
from onepool.demo.brand.sending import File, Page


class Pages:
    """Pulled pages of a touchpoint. What is said is (call, body); ``weekly``: the call's name carries the week."""

    def __init__(self, touchpoint: str, *, weekly: bool = False) -> None:
        self._touchpoint = touchpoint
        self._weekly = weekly

    def thing(self, said: Any, at: int) -> Page:
        call, body = said
        if self._weekly:
            call = f"{call}:{from_micros(at * 1000):%G-W%V}"
        return Page(self._touchpoint, call, body)


class Files:
    """Files that are imported. What is said is the file."""

    def thing(self, said: Any, at: int) -> File:
        del at
        file: File = said
        return file


@dataclass(frozen=True)
class Ways:
    """By platform."""

    oa: Sealed
    oa_pages: Pages
    mini: MiniProgram
    mini_push: Sealed
    mini_shop: ShopServer
    wecom: Sealed
    wecom_pages: Pages
    wecom_service: Pages
    douyin: Webhook
    youzan: TradePush
    tmall: Pages
    jd: Pages
    xhs: Pages
    web: Browser
    web_shop: ShopServer
    app: AppSdk
    app_shop: ShopServer
    sms: SmsPush
    email: MailPush
    ocean: OceanEngine
    tencent: TencentAds
    forms: FormPush
    files: Files

    @classmethod
    def made(cls, secrets: Secrets, mini_key: str, app_key: str, web_key: str) -> Ways:
        """The ways of a workspace with these secrets and write keys."""
        return cls(
            oa=_sealed(secrets, places.OA, places.OA_APPID, places.OA_ORIGINAL),
            oa_pages=Pages(places.OA, weekly=True),
            mini=MiniProgram(places.MINI, mini_key),
            mini_push=_sealed(secrets, places.MINI, places.MINI_APPID, places.MINI_ORIGINAL, as_json=True),
            mini_shop=ShopServer(mini_key),
            wecom=_sealed(secrets, places.WECOM, places.CORP, places.CORP, agent="1000002"),
            wecom_pages=Pages(places.WECOM, weekly=True),
            wecom_service=Pages(places.WECOM),
            douyin=Webhook(secrets["douyin.client_secret"]),
            youzan=TradePush(secrets["youzan.client_secret"]),
            tmall=Pages(places.TMALL),
            jd=Pages(places.JD),
            xhs=Pages(places.XHS),
            web=Browser(web_key),
            web_shop=ShopServer(web_key),
            app=AppSdk(places.APP, app_key),
            app_shop=ShopServer(app_key),
            sms=SmsPush(secrets["sms.path_secret"]),
            email=MailPush(secrets["email.secret"]),
            ocean=OceanEngine(secrets["ads_ocean.path_secret"]),
            tencent=TencentAds(secrets["ads_tencent.path_secret"]),
            forms=FormPush(secrets["forms.secret"]),
            files=Files(),
        )  # fmt: skip


def _sealed(
    secrets: Secrets, touchpoint: str, receiver: str, to: str, *, as_json: bool = False, agent: str = ""
) -> Sealed:
    """Callbacks of WeChat or WeCom with the touchpoint's token and key."""
    token, key = secrets[f"{touchpoint}.token"], secrets[f"{touchpoint}.encoding_aes_key"]
    return Sealed(touchpoint, token, key, receiver, to, as_json=as_json, agent=agent)
