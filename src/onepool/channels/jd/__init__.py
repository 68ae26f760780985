"""JD (京东): orders and refunds of a shop through its open platform."""

from onepool.channels.base import Channel
from onepool.channels.jd.manifest import MANIFEST
from onepool.channels.jd.pull import STREAMS, probe, probed, sign
from onepool.channels.jd.receive import read

CHANNEL = Channel(manifest=MANIFEST, read=read, streams=STREAMS, sign=sign, probe=probe, probed=probed)
