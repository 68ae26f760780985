"""What a log record holds, decoded from its protocol but not yet standardised.

``decode`` is a pure function of the record: everything that decides its outcome (scopes of the touchpoint, the kind of
call, the content encoding) was written into the record's headers by the collector, so a rebuild gives the same items.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from onepool.channels.base.items import MAX_ITEMS, SAMPLE_BYTES, Broken, Decoded, Item, Kind, sample
from onepool.collect.log import Record

__all__ = ["DECODERS", "MAX_ITEMS", "SAMPLE_BYTES", "Broken", "Decoded", "Item", "Kind", "decode", "register", "sample"]

Decoder = Callable[[Record], Decoded]

DECODERS: dict[str, Decoder] = {}
"""Decoder by the record's protocol; a protocol's module adds itself with ``register``."""

_HOMES = {
    "segment": "onepool.collect.segment",
    "file": "onepool.collect.files",
    "sensors": "onepool.collect.sensors.decode",
    "growingio": "onepool.collect.growingio.decode",
    "hook": "onepool.collect.hooked",
    "pull": "onepool.collect.hooked",
    "receipt": "onepool.collect.receipts",
    "click": "onepool.collect.clicks",
}


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


def _control(record: Record) -> Decoded:
    """Control records steer the reader of the log (a new data standard, a replay); they hold no items."""
    del record
    return Decoded([], [])


register("standard", _control)
register("replay", _control)
