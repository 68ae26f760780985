"""Whose customers these are: the associate who would be asked to send them something."""

from __future__ import annotations

from functools import cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from onepool.channels import registry
from onepool.reach.gate import GateWorld
from onepool.reach.keys import I64

OWNER: Final = "owner"
"""What a definition writes for the customer's own associate."""


def associates(world: GateWorld, customers: I64, at: int) -> list[str]:
    """The associate of each customer at an instant, found as for a message: the last whose contact the customer became
    and still is. Empty for those who have none."""
    found = pa.nulls(customers.size, pa.string())
    for channel, kind in _over():
        missing = pc.is_null(found)
        if not pc.any(missing).as_py():
            break
        count = missing.sum().as_py()
        wanted = pa.table(
            {
                "customer_id": pa.array(customers).filter(missing), "channel": pa.array([channel] * count, pa.string()),
                "touchpoint": pa.nulls(count, pa.string()), "kind": pa.array([kind] * count, pa.string()),
                "staff": pa.array([OWNER] * count, pa.string()),
            }
        )  # fmt: skip
        theirs = world.addresses(wanted, at).column("staff_id").combine_chunks()
        found = pc.replace_with_mask(found, missing, theirs)
    return [one or "" for one in found.to_pylist()]


@cache
def _over() -> tuple[tuple[str, str], ...]:
    """(channel, kind) of the messages that an associate sends, by name."""
    return tuple(
        (manifest.name, message.name)
        for manifest in registry.manifests()
        for message in manifest.messages
        if "staff_id" in message.also
    )
