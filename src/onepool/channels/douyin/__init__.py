"""Douyin business accounts (抖音企业号): private messages, follows, leads."""

from onepool.channels.base import Channel
from onepool.channels.douyin.authorise import STREAM, TOKEN
from onepool.channels.douyin.manifest import MANIFEST
from onepool.channels.douyin.reach import REACH
from onepool.channels.douyin.receive import check, read

CHANNEL = Channel(manifest=MANIFEST, check=check, read=read, token=TOKEN, reach=REACH, streams={STREAM.name: STREAM})
