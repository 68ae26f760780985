"""WeChat Official Account (公众号 / 服务号)."""

from onepool.channels.base import Channel
from onepool.channels.base.wechat_api import STABLE_TOKEN
from onepool.channels.base.wechat_push import check_wechat
from onepool.channels.wechat_oa.manifest import MANIFEST
from onepool.channels.wechat_oa.pull import STREAMS
from onepool.channels.wechat_oa.reach import REACH
from onepool.channels.wechat_oa.receive import read

CHANNEL = Channel(manifest=MANIFEST, check=check_wechat, read=read, streams=STREAMS, token=STABLE_TOKEN, reach=REACH)
