"""Pushes signed as each platform signs them, for whatever body: the other side of the channels' checks.

Made from the platforms' rules with hashlib and, where encrypted, the channel's own encryption (which the tests of
WeChat's channels hold to a third party's).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode

from onepool.channels.base import Account, Request
from onepool.channels.base.wechat_crypto import encrypt, read_key, signature
from onepool.channels.registry import channel
from onepool.collect.touchpoint import Touchpoint

AES: Final = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
TOKEN: Final = "toKen-of-Tests"
SECRET: Final = "s3cret-0f-tests!"  # 16 characters: Youzan's is a key too

Signer = Callable[[bytes, datetime], Request]


@dataclass(frozen=True)
class Platform:
    """A touchpoint, its secrets in clear, and how its platform signs a body."""

    name: str
    channel: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    sign: Signer
    rest: str = ""
    samples: tuple[bytes, ...] = field(default=())

    def touchpoint(self) -> Touchpoint:
        """With references to `secrets/NAME.SETTING`."""
        references = {name: f"file:secrets/{self.name}.{name}" for name in self.secrets}
        return Touchpoint(self.name, self.channel, settings={**self.settings, **references})

    def account(self) -> Account:
        """With the secrets in clear, as a channel is given it."""
        manifest = channel(self.channel).manifest
        defaults = {one.name: one.default for one in manifest.settings if one.default is not None}
        settings = {**defaults, **self.settings, **self.secrets}
        return Account(self.name, self.channel, settings, {}, dict(manifest.endpoints))

    def url(self, request: Request) -> str:
        """Path and query of a request to the collector."""
        rest = f"/{request.rest}" if request.rest else ""
        return f"/hooks/{self.name}{rest}" + (f"?{request.query}" if request.query else "")


def _query(**parts: object) -> str:
    return urlencode({name: str(value) for name, value in parts.items()})


def _plain_wechat(body: bytes, now: datetime) -> Request:
    moment, nonce = str(int(now.timestamp())), hashlib.sha1(body).hexdigest()[:12]
    query = _query(signature=signature(TOKEN, moment, nonce), timestamp=moment, nonce=nonce, openid="oA")
    return Request("POST", "", query, {"content-type": "text/xml"}, body)


def _sealed_wechat(receiver: str) -> Signer:
    def sign(body: bytes, now: datetime) -> Request:
        moment, nonce = str(int(now.timestamp())), hashlib.sha1(body).hexdigest()[:12]
        text = body.decode("utf-8", "replace")
        sealed = encrypt(text, read_key(AES), receiver, b"0123456789abcdef")
        query = _query(
            signature=signature(TOKEN, moment, nonce),
            msg_signature=signature(TOKEN, moment, nonce, sealed),
            timestamp=moment,
            nonce=nonce,
            encrypt_type="aes",
        )
        envelope = f"<xml><ToUserName>gh</ToUserName><Encrypt>{sealed}</Encrypt></xml>".encode()
        return Request("POST", "", query, {"content-type": "text/xml"}, envelope)

    return sign


def _youzan(body: bytes, now: datetime) -> Request:
    del now
    sign = hashlib.md5(b"cid" + body + SECRET.encode()).hexdigest()
    return Request("POST", "", "", {"content-type": "application/json", "event-sign": sign}, body)


def _xiaohongshu(body: bytes, now: datetime) -> Request:
    stamp = str(int(now.timestamp()))
    # The signature covers no body: each body gets a query of its own, as each message of the platform has its time.
    query = f"n={hashlib.sha1(body).hexdigest()[:12]}"
    joined = f"/hooks/xhs?app-key=APP&{query}&timestamp={stamp}{SECRET}"
    headers = {"timestamp": stamp, "sign": hashlib.md5(joined.encode()).hexdigest()}
    return Request("POST", "", query, headers, body)


def _webhook(body: bytes, now: datetime) -> Request:
    del now
    sign = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    return Request("POST", "", "", {"x-signature": f"sha256={sign}", "content-type": "application/json"}, body)


def _path(body: bytes, now: datetime) -> Request:
    del now
    return Request("POST", f"report/{SECRET}", "", {"content-type": "application/json"}, body)


def _douyin(body: bytes, now: datetime) -> Request:
    del now
    sign = hashlib.sha1(SECRET.encode() + body).hexdigest()
    return Request("POST", "", "", {"x-douyin-signature": sign, "content-type": "application/json"}, body)


def _click(body: bytes, now: datetime) -> Request:
    """A click is a GET: what it says stands in its query."""
    del now
    return Request("GET", f"click/{SECRET}", quote_from_bytes(body[:4000], safe="=&._-"), {}, b"")


def _mail(body: bytes, now: datetime) -> Request:
    del now
    return Request("POST", f"inbound/{SECRET}", "", {"content-type": "message/rfc822"}, body)


def _token(body: bytes, now: datetime) -> Request:
    del now
    return Request("POST", "", "", {"x-signature": SECRET, "content-type": "application/xml"}, body)


_WECHAT = {"token": TOKEN, "encoding_aes_key": AES}
_XML = (
    "<xml><ToUserName>gh_1</ToUserName><FromUserName>oDqlM1T1RcLQuv48d0iVr0r1VpLQ</FromUserName>"
    "<CreateTime>1500000000</CreateTime><MsgType>{kind}</MsgType>{rest}</xml>"
)
_MESSAGES = (
    _XML.format(kind="text", rest="<Content>请问有货吗</Content><MsgId>23456789012345678</MsgId>").encode(),
    _XML.format(kind="event", rest="<Event>subscribe</Event><EventKey>qrscene_123</EventKey>").encode(),
    _XML.format(
        kind="event",
        rest="<Event>scancode_push</Event><EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType>"
        "<ScanResult>1</ScanResult></ScanCodeInfo>",
    ).encode(),
)
_CONTACTS = tuple(
    (
        "<xml><ToUserName>ww1</ToUserName><FromUserName>sys</FromUserName><CreateTime>1403610513</CreateTime>"
        f"<MsgType>event</MsgType><Event>{event}</Event><ChangeType>{kind}</ChangeType>{rest}</xml>"
    ).encode()
    for event, kind, rest in (
        (
            "change_external_contact",
            "add_external_contact",
            "<UserID>zhang</UserID><ExternalUserID>woAJ2GCAAAXtWyujaWJHDDGi0mAAAA</ExternalUserID><State>t</State>",
        ),
        (
            "change_external_chat",
            "update",
            "<ChatId>CHAT</ChatId><UpdateDetail>add_member</UpdateDetail><JoinScene>1</JoinScene><MemChangeList>"
            "<Item>wmAJ2GCAAAXtWyujaWJHDDGi0mAAAA</Item><Item>zhang</Item></MemChangeList>",
        ),
    )
)
_TRADE = {
    "client_id": "cid", "id": "E1", "kdt_id": 55, "type": "trade_TradePaid", "version": 1, "test": False,
    "msg": json.dumps({"full_order_info": {"order_info": {"tid": "E1", "pay_time": "2026-01-02 10:00:00"}, "orders": [
        {"item_id": 1, "title": "x", "num": 2, "price": "0.30", "payment": "0.60"}],
        "buyer_info": {"buyer_phone": "13600001234", "yz_open_id": "yzA"}, "pay_info": {"payment": "0.60"}}}),
}  # fmt: skip
_RECEIPT = [
    {"phone_number": "13811110000", "report_time": "2026-01-02 00:00:02", "success": True, "err_code": "DELIVERED",
     "err_msg": "ok", "sms_size": "2", "biz_id": "12345^0", "out_id": "67890"},
    {"phone_number": "13811110000", "send_time": "2026-01-02 00:00:02", "content": "退订", "sequence_id": 9},
]  # fmt: skip
_STATES = [{
    "msgTag": "msg_fulfillment_status_change", "sellerId": "s",
    "data": json.dumps({"orderId": "P768", "orderStatus": 9, "updateTime": 1752812659421}),
}]  # fmt: skip
_FOLLOW = {
    "event": "new_follow_action", "client_key": "awr8bfr64vxgk036", "from_user_id": "5bfa0218", "to_user_id": "brand",
    "content": json.dumps({"action_type": 1, "action_time": 1686811643}), "log_id": "2023",
}  # fmt: skip
_LEAD = {
    "event": "im_receive_msg", "client_key": "awr8bfr64vxgk036", "from_user_id": "u1", "to_user_id": "brand",
    "content": {"conversation_short_id": "@c1", "server_message_id": "@s3", "message_type": "retain_consult_card",
                "create_time": 1686811643123, "user_infos": [{"open_id": "u1", "nick_name": "小王"}],
                "retain_consult_card": {"labels": [{"label": "电话", "value": "13912345678"}]}},
}  # fmt: skip
_TENCENT_RECEIPT = [
    {"user_receive_time": "2026-01-02 00:00:02", "nationcode": "86", "mobile": "13811110000", "report_status": "FAIL",
     "errmsg": "MK:0001", "description": "空号", "sid": "1:1"},
    {"extend": "1", "mobile": "13811110000", "nationcode": "86", "sign": "x", "text": "TD", "time": 1767283202},
]  # fmt: skip
_GATEWAY = [
    {"type": "opened", "email": "a@b.example", "time": 1767323046, "message_id": "m1"},
    {"type": "bounced", "email": "c@b.example", "time": 1767323048, "message_id": "m2", "status": "4.2.2"},
]
_BOUNCE = (
    b"MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
    b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@b.example\n"
    b"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b--\n"
)
_OCEAN_CLICK = b"callback=CB1&promotion_id=11&oaid=__OAID__&imei=d41d8cd98f00b204e9800998ecf8427e&os=0&ts=1767323045000"
_TENCENT_CLICK = b"click_id=CL1&muid=d41d8cd98f00b204e9800998ecf8427e&click_time=1767323045&adgroup_id=5&callback=x"
_ENTRY = {
    "type": "entry",
    "entries": [{"serial": 7, "at": "2026-01-02T10:00:00+08:00", "mobile": "13912345678", "name": "王小明"}],
}
RULES: Final = [
    {"when": {"$.serial": [7, 8]}, "event": "form_submitted", "message_id": "$.serial", "time": "$.at",
     "ids": {"phone": "$..mobile"}, "fields": {"form_id": "$.form", "answer": "$..answers[?@.q == 'a'].value"},
     "traits": {"name": "$.name"}},
    {"event": "form_submitted", "message_id": "$.serial", "ids": {"phone": "$..mobile"}},
]  # fmt: skip

_MAIL_SECRETS = {"tracking_secret": SECRET, "inbound_secret": SECRET, "webhook_secret": SECRET}
_SENDER = {"sender": "shop@brand.example", "public_url": "https://cdp.brand.example"}

PLATFORMS: Final = (
    Platform(
        "oa_plain", "wechat_oa", {"appid": "wx1234567890abcdef", "mode": "plain"}, _WECHAT, _plain_wechat,
        samples=_MESSAGES,
    ),
    Platform(
        "oa_both", "wechat_oa", {"appid": "wx1234567890abcdef", "mode": "compatible"}, _WECHAT,
        _sealed_wechat("wx1234567890abcdef"), samples=_MESSAGES,
    ),
    Platform(
        "oa", "wechat_oa", {"appid": "wx1234567890abcdef", "mode": "safe"}, _WECHAT,
        _sealed_wechat("wx1234567890abcdef"), samples=_MESSAGES,
    ),
    Platform("mini", "wechat_mini", {"appid": "wx4f4bc4dec97d474b"}, _WECHAT, _sealed_wechat("wx4f4bc4dec97d474b"),
             samples=_MESSAGES),
    Platform("wecom", "wecom", {"corpid": "ww49f0ab532d5d035a"}, _WECHAT, _sealed_wechat("ww49f0ab532d5d035a"),
             samples=_CONTACTS),
    Platform("youzan", "youzan", {"client_id": "cid", "kdt_id": "55"}, {"client_secret": SECRET}, _youzan,
             samples=(json.dumps(_TRADE).encode(),)),
    Platform("xhs", "xiaohongshu", {"app_id": "APP"}, {"app_secret": SECRET}, _xiaohongshu,
             samples=(json.dumps(_STATES).encode(),)),
    Platform(
        "forms", "webhook", {"verify": "hmac_sha256", "each": "$.entries[*]", "rules": RULES}, {"secret": SECRET},
        _webhook, samples=(json.dumps(_ENTRY).encode(),),
    ),
    Platform("sms", "sms", {"provider": "aliyun"}, {"path_secret": SECRET}, _path,
             samples=(json.dumps(_RECEIPT).encode(),)),
    Platform("sms_tencent", "sms", {"provider": "tencent"}, {"path_secret": SECRET}, _path,
             samples=(json.dumps(_TENCENT_RECEIPT).encode(),)),
    Platform("douyin", "douyin", {"client_key": "awr8bfr64vxgk036"}, {"client_secret": SECRET}, _douyin,
             samples=(json.dumps(_FOLLOW).encode(), json.dumps(_LEAD).encode())),
    Platform("mail", "email", _SENDER, {"tracking_secret": SECRET, "webhook_secret": SECRET}, _webhook,
             samples=(json.dumps(_GATEWAY).encode(),)),
    Platform("bounces", "email", _SENDER, _MAIL_SECRETS, _mail,
             samples=(_BOUNCE,)),
    Platform("ads", "ads", {"platform": "ocean_engine"}, {"path_secret": SECRET}, _click, samples=(_OCEAN_CLICK,)),
    Platform("ads_tencent", "ads", {"platform": "tencent"}, {"path_secret": SECRET}, _click,
             samples=(_TENCENT_CLICK,)),
    Platform("survey", "webhook", {"verify": "token", "rules": RULES}, {"secret": SECRET}, _token,
             samples=(b"<entry><serial>7</serial><mobile>13912345678</mobile><name>\xe7\x8e\x8b</name></entry>",)),
)  # fmt: skip
"""One touchpoint for each way in of every channel that is called."""

ADDRESS_ONLY: Final = frozenset({"sms", "sms_tencent", "bounces", "ads", "ads_tencent", "survey"})
"""Those whose secret is all that tells a true push: it stands in the address, or as it is in a header."""
