"""What a run of a learned tag gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

from onepool.audience.mining.card import ModelCard

Say: TypeAlias = Callable[[str, float | None], None]
"""Tells what is being done and how far it is (0 to 1); raises when it is to stop."""


@dataclass(frozen=True, slots=True)
class Learned:
    """`values`: (customer_id, value, number, list), empty where the run was refused; `model`: arrays as npz."""

    values: pa.Table
    card: ModelCard
    model: bytes | None
