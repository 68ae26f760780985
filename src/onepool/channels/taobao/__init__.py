"""Taobao (淘宝): a shop on its open platform."""

from onepool.channels.base import Channel
from onepool.channels.base.top import STREAMS, probe, probed, read, sign
from onepool.channels.taobao.manifest import MANIFEST

CHANNEL = Channel(manifest=MANIFEST, read=read, streams=STREAMS, sign=sign, probe=probe, probed=probed)
