"""E-mail: sending over SMTP with DKIM, opens, clicks, one-click unsubscription, bounces and complaints."""

from onepool.channels.base import Channel, Reach
from onepool.channels.email.manifest import MANIFEST
from onepool.channels.email.read import read
from onepool.channels.email.receive import check
from onepool.channels.email.send import attempt, deliver, outcome

CHANNEL = Channel(
    manifest=MANIFEST, check=check, read=read, reach=Reach(deliver=deliver, outcome=outcome), attempt=attempt
)
