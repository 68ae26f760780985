"""Numbers that stand for runs and for what they do: the same whenever and wherever they are computed.

A run is told by its journey, its customer when it began, its key and what started it; a message (a task, a coupon, a
call) by its run, the node's name, the visit and the hop. Nothing else enters, so a replay finds what is there already.
Built on `reach.keys` (SplitMix64 over the parts in order; 63 bits, the upper 20 of which come from the customer).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.reach.keys import BUCKETS, beside, bucket, key, near, of_text

__all__ = ["BUCKETS", "action_keys", "bucket", "child_keys", "event_origin", "lots", "run_keys", "text_numbers"]

MOST_KEY: Final = 128
"""Characters of a key, as the tables hold them."""

I64 = npt.NDArray[np.int64]


def run_keys(journey: str, customers: I64, keys: Sequence[str] | npt.NDArray[np.object_], origins: I64) -> I64:
    """The ids of runs. `keys`: what tells a customer's runs apart ("": nothing); `origins`: `event_origin` of the
    event that started each, else the instant of entry in microseconds."""
    return near(customers, key("run", journey, customers, text_numbers(keys), origins))


def child_keys(journey: str, customers: I64, parents: I64, node: str, visits: I64) -> I64:
    """The ids of runs that other runs call, one per parent, node and visit."""
    return near(customers, key("child", journey, customers, parents, node, visits))


def lots(runs: I64) -> I64:
    """The lot of each run: whoever has a lower one comes first where there is not enough for all of one instant. Ids
    would not do: they follow the customers' numbers, so the same people would always come first."""
    return key("lot", runs)


def action_keys(runs: I64, node: str, visits: I64, hops: I64 | int = 0) -> I64:
    """The id of what a run does at a node: a message (hop 0, 1 …), an issue of a coupon, a task, a call, a write."""
    return beside(runs, key("action", runs, node, visits, hops))


def text_numbers(texts: Iterable[str]) -> I64:
    """64 bits of each text, as signed numbers; equal texts are hashed once."""
    listed = texts.tolist() if isinstance(texts, np.ndarray) else list(texts)
    if listed and listed.count(listed[0]) == len(listed):
        return np.full(len(listed), of_text(listed[0]), np.uint64).view(np.int64)
    known = {text: of_text(text) for text in set(listed)}
    return np.fromiter((known[text] for text in listed), np.uint64, len(listed)).view(np.int64)


def short(key: str) -> str:
    """What tells runs apart as it is kept: of more than 128 characters the first 95 and a digest of all."""
    if len(key) <= MOST_KEY:
        return key
    return f"{key[: MOST_KEY - 33]}#{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"


def event_origin(event_ids: Iterable[str]) -> I64:
    """64 bits of event ids (UUIDs as text): both halves, one over the other."""
    numbers = [uuid.UUID(one).int for one in event_ids]
    half = (1 << 64) - 1
    return np.array([(number >> 64) ^ (number & half) for number in numbers], np.uint64).view(np.int64)
