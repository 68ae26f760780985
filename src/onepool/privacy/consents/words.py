"""How what people say about being written to is named in the state."""

from __future__ import annotations

import hashlib
from typing import Final

import pyarrow as pa

ALL: Final = "all"
"""The purpose that stands for every purpose."""

GRANTED: Final = "granted"
WITHDRAWN: Final = "withdrawn"

CATEGORY_PURPOSES: Final = {"promotion": "marketing", "service": "service"}
"""The purpose whose consent a category of messages needs, unless the policy says otherwise. A category that is not here
(transactional) needs none."""

SEQ_BITS: Final = 20
"""A word's place in the log: seq = offset of its record << SEQ_BITS | item, as the pool's events have it."""

_TEMPLATE: Final = "template:"

WORDS: Final = pa.schema(
    [
        ("identifier_id", pa.int64()),
        ("purpose", pa.string()),
        ("category", pa.string()),
        ("channel", pa.string()),
        ("granted", pa.bool_()),
        ("time", pa.int64()),  # µs
        ("seq", pa.int64()),
        ("event_id", pa.binary(16)),
        ("source", pa.string()),
        ("touchpoint", pa.string()),
        ("notice", pa.string()),
        ("notice_hash", pa.string()),
        ("evidence", pa.string()),
    ]
)
"""Words of identifiers: one row for each purpose and category that an event names."""


def listed(text: str) -> list[str]:
    """The names in a list with commas, each once."""
    return [one for one in dict.fromkeys(one.strip() for one in text.split(",")) if one]


def bounded(text: str, most: int) -> str:
    """A name as the state keeps it: by its digest where it is too long, holds what a database refuses, or would read as
    one of the state's own.

    Events may say anything; the same words must mean the same when they are asked for.
    """
    if len(text) <= most and "\0" not in text and not text.startswith(("#", _TEMPLATE)):
        return text
    return "#" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=15).hexdigest()


def template_purpose(template: str) -> str:
    """The purpose under which words about one template of messages stand: none that anybody asks for otherwise."""
    return _TEMPLATE + bounded(template, 64 - len(_TEMPLATE))


def of_template(purpose: str) -> bool:
    """Whether a word with this purpose is about one template."""
    return purpose.startswith(_TEMPLATE)
