"""Generic webhooks: forms, surveys, micro-classes, vendors. What a payload means is written as a mapping."""

from onepool.channels.base import Channel, Reach
from onepool.channels.webhook.manifest import MANIFEST
from onepool.channels.webhook.reach import outcome, request, sign
from onepool.channels.webhook.receive import check, read

CHANNEL = Channel(manifest=MANIFEST, check=check, read=read, sign=sign, reach=Reach(request=request, outcome=outcome))
