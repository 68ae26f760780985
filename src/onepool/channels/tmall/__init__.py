"""Tmall (天猫): a shop on the open platform of Taobao."""

from onepool.channels.base import Channel
from onepool.channels.base.top import STREAMS, probe, probed, read, sign
from onepool.channels.tmall.manifest import MANIFEST

CHANNEL = Channel(manifest=MANIFEST, read=read, streams=STREAMS, sign=sign, probe=probe, probed=probed)
