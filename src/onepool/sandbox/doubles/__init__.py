"""One double per channel: the platform's server side, written from its documents and not from our channel."""

from __future__ import annotations

from typing import Final

from onepool.sandbox.doubles.ads import Ads
from onepool.sandbox.doubles.base import Double
from onepool.sandbox.doubles.douyin import Douyin
from onepool.sandbox.doubles.email import Email
from onepool.sandbox.doubles.jd import Jd
from onepool.sandbox.doubles.sms import Sms
from onepool.sandbox.doubles.taobao import Taobao, Tmall
from onepool.sandbox.doubles.webhook import Webhook
from onepool.sandbox.doubles.wechat_mini import WechatMini
from onepool.sandbox.doubles.wechat_oa import WechatOa
from onepool.sandbox.doubles.wecom import Wecom
from onepool.sandbox.doubles.xiaohongshu import Xiaohongshu
from onepool.sandbox.doubles.youzan import Youzan

_KINDS: Final[tuple[type[Double], ...]] = (
    WechatOa, WechatMini, Wecom, Youzan, Taobao, Tmall, Jd, Xiaohongshu, Webhook, Sms, Email, Ads,
    Douyin,
)  # fmt: skip

DOUBLES: Final[dict[str, type[Double]]] = {one.channel: one for one in _KINDS}
"""By the channel's name."""

__all__ = ["DOUBLES", "Double"]
