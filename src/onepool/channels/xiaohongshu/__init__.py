"""Xiaohongshu (小红书): orders and after-sales of a shop, and its order messages."""

from onepool.channels.base import Channel
from onepool.channels.xiaohongshu.manifest import MANIFEST
from onepool.channels.xiaohongshu.pull import STREAMS, probe, probed, sign
from onepool.channels.xiaohongshu.receive import check, read

CHANNEL = Channel(manifest=MANIFEST, check=check, read=read, streams=STREAMS, sign=sign, probe=probe, probed=probed)
