"""Youzan (有赞): trade, refund and customer messages, orders and customers by API, tags and coupons back."""

from onepool.channels.base import Channel, Reach
from onepool.channels.youzan.manifest import MANIFEST
from onepool.channels.youzan.pull import STREAMS, TOKEN, probe
from onepool.channels.youzan.reach import outcome, request
from onepool.channels.youzan.receive import check, read

CHANNEL = Channel(
    manifest=MANIFEST,
    check=check,
    read=read,
    streams=STREAMS,
    token=TOKEN,
    probe=probe,
    reach=Reach(request=request, outcome=outcome),
)
