"""Advertising: clicks of Ocean Engine (巨量引擎) and Tencent Ads, conversions back to them, hashed audiences."""

from onepool.channels.ads.audience import FORMATS
from onepool.channels.ads.conversion import batch, outcome, request, sign
from onepool.channels.ads.manifest import MANIFEST
from onepool.channels.ads.receive import check, read
from onepool.channels.base import Channel, Reach

CHANNEL = Channel(
    manifest=MANIFEST,
    check=check,
    read=read,
    sign=sign,
    reach=Reach(request=request, outcome=outcome, batch=batch),
    audience=lambda account: FORMATS["tencent" if account.text("platform") == "tencent" else "ocean_engine"],
)
