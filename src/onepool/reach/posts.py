"""Posting rows to a webhook touchpoint in batches, signed as its channel signs, each with a key of its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from onepool.channels.base import Message
from onepool.channels.connection import Connection
from onepool.reach.definition import Destination, DestinationError


def write(
    destination: Destination, connection: Connection, rows: pa.Table, gone: pa.Table, run: int, number: str
) -> None:
    """Post ``{"destination", "run", "part", "upsert": [...], "delete": [...]}`` until everything is taken.

    The same run (``number``: its name in keys) repeated has the same keys, so that a receiver takes each part once.

    Raises:
        DestinationError: a part was not taken; the run is repeated as a whole.
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
    for part, content in enumerate(parts):
        body = {"destination": destination.destination, "run": run, "part": part, **content}
        plain = msgspec.json.decode(msgspec.json.encode(body))
        key = f"{destination.destination}-{number}-{part}"
        receipt = connection.send(Message("webhook", {}, {"body": plain}, key))
        if receipt.state != "sent":
            why = f"{receipt.reason or receipt.state} {receipt.code}".strip()
            raise DestinationError(
                f"part {part} of {len(parts)} was not taken: {why}",
                where=f"touchpoint {destination.to.touchpoint}",
            )
