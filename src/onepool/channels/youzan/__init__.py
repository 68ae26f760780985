"""Youzan (有赞): trade, refund and customer messages, orders and customers by API, tags and coupons back."""

from onepool.channels.base import Channel, Reach
from onepool.channels.youzan.manifest import MANIFEST
from onepool.channels.youzan.pull import STREAMS, TOKEN, probe, probed
from onepool.channels.youzan.reach import outcome, request
from onepool.channels.youzan.receive import check, read

CHANNEL = Channel(
    manifest=MANIFEST,
    check=check,
    read=read,
    streams=STREAMS,
    token=TOKEN,
    probe=probe,
    probed=probed,
    reach=Reach(request=request, outcome=outcome),
)
