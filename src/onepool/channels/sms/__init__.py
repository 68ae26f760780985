"""Text messages over Alibaba Cloud and Tencent Cloud: receipts, replies with opt-out words, sending."""

from onepool.channels.base import Channel, Reach
from onepool.channels.sms.manifest import MANIFEST
from onepool.channels.sms.reach import ask, outcome, request, sign, told
from onepool.channels.sms.receive import check, read

CHANNEL = Channel(
    manifest=MANIFEST,
    check=check,
    read=read,
    sign=sign,
    reach=Reach(request=request, outcome=outcome, ask=ask, told=told),
)
