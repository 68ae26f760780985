"""WeCom (企业微信): customer contact, group chats, customer service."""

from onepool.channels.base import Channel
from onepool.channels.base.wechat_push import check_wecom
from onepool.channels.wecom.manifest import MANIFEST
from onepool.channels.wecom.pull import STREAMS
from onepool.channels.wecom.reach import REACH, TOKEN
from onepool.channels.wecom.receive import read
from onepool.channels.wecom.service_welcome import about, ask
from onepool.channels.wecom.welcome import prompt

CHANNEL = Channel(
    manifest=MANIFEST,
    check=check_wecom,
    read=read,
    streams=STREAMS,
    token=TOKEN,
    reach=REACH,
    prompt=prompt,
    prompt_about=about,
    prompt_after=ask,
)
