"""What channels are made of. A channel imports from here and from nowhere else in the package."""

from onepool.channels.base.account import Account
from onepool.channels.base.audience import Hashed, write_audience
from onepool.channels.base.channel import Channel, Cursor, Exchange, Page, PullFailed, Pulling, Reach, Stream, Token
from onepool.channels.base.http import Answer, Call, Keep, Push, Refused, Reply, Request, encode_json, json_reply
from onepool.channels.base.items import Broken, Decoded, Gathering, Item, Kind, present, sample
from onepool.channels.base.manifest import (
    Content,
    Identifies,
    Manifest,
    MessageKind,
    Quota,
    Setting,
    Signal,
    Title,
    Window,
)
from onepool.channels.base.receipts import Mark, Message, Reason, Receipt, Unsendable
from onepool.channels.base.xml import XmlError, parse_xml

__all__ = [
    "Account",
    "Answer",
    "Broken",
    "Call",
    "Channel",
    "Content",
    "Cursor",
    "Decoded",
    "Exchange",
    "Gathering",
    "Hashed",
    "Identifies",
    "Item",
    "Keep",
    "Kind",
    "Manifest",
    "Mark",
    "Message",
    "MessageKind",
    "Page",
    "PullFailed",
    "Pulling",
    "Push",
    "Quota",
    "Reach",
    "Reason",
    "Receipt",
    "Refused",
    "Reply",
    "Request",
    "Setting",
    "Signal",
    "Stream",
    "Title",
    "Token",
    "Unsendable",
    "Window",
    "XmlError",
    "encode_json",
    "json_reply",
    "parse_xml",
    "present",
    "sample",
    "write_audience",
]
