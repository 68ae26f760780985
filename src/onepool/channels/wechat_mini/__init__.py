"""WeChat mini program (微信小程序)."""

from onepool.channels.base import Channel
from onepool.channels.base.wechat_api import STABLE_TOKEN
from onepool.channels.base.wechat_push import check_wechat
from onepool.channels.wechat_mini.exchange import EXCHANGE
from onepool.channels.wechat_mini.manifest import MANIFEST
from onepool.channels.wechat_mini.reach import REACH
from onepool.channels.wechat_mini.receive import read

CHANNEL = Channel(manifest=MANIFEST, check=check_wechat, exchange=EXCHANGE, read=read, token=STABLE_TOKEN, reach=REACH)
