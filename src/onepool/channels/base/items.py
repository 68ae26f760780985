"""What reading an input gives: items, and parts that can't be read."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

MAX_ITEMS = 1 << 20
"""Items of one record are numbered 0 .. MAX_ITEMS - 1."""

SAMPLE_BYTES = 4096
"""How much of a broken item is kept as a sample."""

Kind = Literal["event", "profile", "object", "link"]

Change = Literal["set", "once", "add", "append", "unset", "delete"]
"""What a profile does with the values that it names, and an object with itself.

``set``: they hold from now on. ``once``: only where there is none yet. ``add``: numbers to add to the present one.
``append``: texts to add to the present list. ``unset``: there is none any more. ``delete``: the object is gone.
"""


class Item(msgspec.Struct, gc=False):
    """One thing as it was sent.

    ``item`` is its running number inside the record and stays the same on every decode. ``message_id`` is the sender's
    own id, or None. ``ids`` are (type, scope, value) in the order sent. ``time`` and ``sent_at`` are the sender's
    clock, unparsed. ``change``: what is done with a profile's values.
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
    change: Change = "set"


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


def sample(raw: bytes | msgspec.Raw) -> str:
    """The start of some raw bytes as text that can be stored and shown (no NUL, valid Unicode)."""
    head = bytes(memoryview(raw)[:SAMPLE_BYTES])
    return head.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


class Gathering:
    """Collects the items of one record and numbers them."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.broken: list[Broken] = []

    def add(
        self,
        kind: Kind,
        name: str,
        ids: list[tuple[str, str, str]],
        *,
        time: str | int | float | None = None,
        message_id: str | None = None,
        fields: dict[str, Any] | None = None,
        traits: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        sent_at: str | int | float | None = None,
    ) -> None:
        """One more item. Empty values (None, empty text) of fields and traits and empty ids are left out."""
        named = [one for one in ids if one[2]]
        self.items.append(
            Item(
                kind, self._next(), message_id or None, name, time, sent_at, named,
                present(fields), present(traits), context or {},
            )
        )  # fmt: skip

    def refuse(self, rule: str, message: str, raw: bytes | str) -> None:
        """One more part that can't be read. ``message`` names the place and what is wrong, without personal data."""
        data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")
        self.broken.append(Broken(self._next(), rule, message, sample(data)))

    def decoded(self) -> Decoded:
        return Decoded(self.items, self.broken)

    def _next(self) -> int:
        return len(self.items) + len(self.broken)


def present(values: dict[str, Any] | None) -> dict[str, Any]:
    """Without None and empty texts, which platforms write for "not known"."""
    return {name: value for name, value in values.items() if value is not None and value != ""} if values else {}
