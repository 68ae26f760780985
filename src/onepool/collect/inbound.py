"""What a log record holds, decoded from its protocol but not yet standardised.

``decode`` is a pure function of the record: everything that decides its outcome (scopes of the touchpoint, the kind of
call, the content encoding) was written into the record's headers by the collector, so a rebuild gives the same items.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from onepool.channels.base.items import MAX_ITEMS, SAMPLE_BYTES, Broken, Decoded, Item, Kind, sample
from onepool.collect.log import Record

__all__ = [
    "DECODERS",
    "MAX_ITEMS",
    "MOST_BROKEN",
    "SAMPLE_BYTES",
    "Broken",
    "Decoded",
    "Item",
    "Kind",
    "decode",
    "register",
    "sample",
]

Decoder = Callable[[Record], Decoded]

MOST_BROKEN = 1000
"""Broken parts of one request that are told one by one."""

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
    "preference": "onepool.collect.preference_words",
}


def register(protocol: str, decoder: Decoder) -> None:
    """Makes ``decoder`` responsible for records of ``protocol``."""
    DECODERS[protocol] = decoder


def decode(record: Record) -> Decoded:
    """Decodes one record of any protocol. Never raises because of what the record contains.

    A request of half a megabyte can hold a quarter of a million parts that are nothing: beyond MOST_BROKEN of them
    quarantine gets one entry that says how many more there are.
    """
    decoder = DECODERS.get(record.protocol)
    if decoder is None and record.protocol in _HOMES:
        importlib.import_module(_HOMES[record.protocol])
        decoder = DECODERS.get(record.protocol)
    if decoder is None:
        message = f"no decoder for protocol {record.protocol!r}; the record was written by a newer version or a plug-in"
        return Decoded([], [Broken(0, "protocol.unknown", message, sample(record.body))])
    found = decoder(record)
    # What an operator imports is checked row by row, and its file is cut into records of a bounded number of rows.
    return found if record.protocol == "file" else _bounded(found)


def _bounded(found: Decoded) -> Decoded:
    """With few broken parts, and numbered below MAX_ITEMS: the number and the record's offset make one key."""
    items, broken = found.items, found.broken
    if len(broken) <= MOST_BROKEN and len(items) + len(broken) <= MAX_ITEMS:
        return found
    kept = [one for one in items if one.item < MAX_ITEMS - 1]
    told = [one for one in broken[:MOST_BROKEN] if one.item < MAX_ITEMS - 1]
    left = broken[len(told) :]
    first = min((one.item for one in left), default=MAX_ITEMS - 1)
    count = len(items) - len(kept) + len(left)
    message = f"{count:,} more parts of this request can't be read; look at the request as a whole"
    if left:
        message += f". The first of them: {left[0].message} ({left[0].rule})"
    told.append(Broken(min(first, MAX_ITEMS - 1), "record.parts", message, left[0].sample if left else ""))
    return Decoded(kept, told)


def _control(record: Record) -> Decoded:
    """Control records steer the reader of the log (a new data standard, a replay); they hold no items."""
    del record
    return Decoded([], [])


register("standard", _control)
register("replay", _control)
