"""What a log record holds, decoded from its protocol but not yet standardised.

``decode`` is a pure function of the record: everything that decides its outcome (scopes of the touchpoint, the kind of
call, the content encoding) was written into the record's headers by the collector, so a rebuild gives the same items.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from onepool.collect.log import Record

MAX_ITEMS = 1 << 20
"""Items of one record are numbered 0 .. MAX_ITEMS - 1."""

SAMPLE_BYTES = 4096
"""How much of a broken item is kept as a sample."""

Kind = Literal["event", "profile", "object", "link"]


class Item(msgspec.Struct, gc=False):
    """One thing as it was sent.

    ``item`` is its running number inside the record and stays the same on every decode. ``message_id`` is the sender's
    own id, or None. ``ids`` are (type, scope, value) in the order sent. ``time`` and ``sent_at`` are the sender's
    clock, unparsed.
    """

    kind: Kind
    item: int
    message_id: str | None
    name: str
    time: str | int | float | None
    sent_at: str | int | float | None
    ids: list[tuple[str, str, str]]
    fields: dict[str, Any]
    traits: dict[str, Any]
    context: dict[str, Any]


class Broken(msgspec.Struct):
    """A part of a record that can't be read: which rule it broke, in words, and the start of it as text."""

    item: int
    rule: str
    message: str
    sample: str


class Decoded(msgspec.Struct):
    """Everything found in one record; every part of it is either an item or broken, never silently dropped."""

    items: list[Item]
    broken: list[Broken]


Decoder = Callable[[Record], Decoded]

DECODERS: dict[str, Decoder] = {}
"""Decoder by the record's protocol; a protocol's module adds itself with ``register``."""

_HOMES = {"segment": "onepool.collect.segment", "file": "onepool.collect.files"}


def register(protocol: str, decoder: Decoder) -> None:
    """Makes ``decoder`` responsible for records of ``protocol``."""
    DECODERS[protocol] = decoder


def decode(record: Record) -> Decoded:
    """Decodes one record of any protocol. Never raises because of what the record contains."""
    decoder = DECODERS.get(record.protocol)
    if decoder is None and record.protocol in _HOMES:
        importlib.import_module(_HOMES[record.protocol])
        decoder = DECODERS.get(record.protocol)
    if decoder is None:
        message = f"no decoder for protocol {record.protocol!r}; the record was written by a newer version or a plug-in"
        return Decoded([], [Broken(0, "protocol.unknown", message, sample(record.body))])
    return decoder(record)


def sample(raw: bytes | msgspec.Raw) -> str:
    """The start of some raw bytes as text that can be stored and shown (no NUL, valid Unicode)."""
    head = bytes(memoryview(raw)[:SAMPLE_BYTES])
    return head.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _control(record: Record) -> Decoded:
    """Control records steer the reader of the log (a new data standard, a replay); they hold no items."""
    del record
    return Decoded([], [])


register("standard", _control)
register("replay", _control)
