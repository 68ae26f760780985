"""Posting rows to a webhook touchpoint in batches, signed as its channel signs, each with a key of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pyarrow as pa

from onepool.channels.base import Message
from onepool.channels.connection import Connection
from onepool.reach.definition import Destination, DestinationError

_PATIENCE: Final = 90.0
"""Seconds that a run waits in all for a receiver that says when to come again."""


def write(
    destination: Destination, connection: Connection, rows: pa.Table, gone: pa.Table, run: int, number: str,
    *, taken: int = 0, took: Callable[[int], None] = lambda parts: None, wait: Callable[[float], None] = time.sleep,
) -> None:  # fmt: skip
    """Post ``{"destination", "run", "part", "upsert": [...], "delete": [...]}`` until everything is taken.

    The same run (``number``: its name in keys) repeated has the same keys, so that a receiver takes each part once, and
    begins behind the parts that were ``taken`` already; ``took`` is told how many are. Where the receiver says when to
    come again, that is waited for, within limits.

    Raises:
        DestinationError: a part was not taken; the run goes on with it when it is repeated.
    """
    assert destination.to.kind == "webhook"
    size = destination.to.batch
    parts: list[dict[str, Any]] = [
        {"upsert": rows.slice(start, size).to_pylist(), "delete": []} for start in range(0, rows.num_rows, size)
    ]
    if destination.gone != "keep":
        parts += [
            {"upsert": [], "delete": gone.slice(start, size).to_pylist()} for start in range(0, gone.num_rows, size)
        ]
    patience = _PATIENCE
    for part, content in enumerate(parts):
        if part < taken:
            continue
        body = {"destination": destination.destination, "run": run, "part": part, **content}
        plain = msgspec.json.decode(msgspec.json.encode(body))
        key = f"{destination.destination}-{number}-{part}"
        message = Message("webhook", {}, {"body": plain}, key)
        receipt = connection.send(message)
        while receipt.reason == "rate_limited" and receipt.after is not None and receipt.after <= patience:
            pause = max(receipt.after, 0.1)
            patience -= pause
            wait(pause)
            receipt = connection.send(message)
        if receipt.state != "sent":
            why = f"{receipt.reason or receipt.state} {receipt.code}".strip()
            raise DestinationError(
                f"part {part} of {len(parts)} was not taken: {why}",
                where=f"touchpoint {destination.to.touchpoint}",
            )
        took(part + 1)
