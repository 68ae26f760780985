"""What would give the seed away: features that only repeat how it was chosen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from onepool.audience.conditions import Condition, Context
from onepool.audience.conditions.model import AttributeLeaf, DidLeaf, DidNotLeaf, SegmentLeaf, TagLeaf, walk
from onepool.audience.mining.deciles import auc
from onepool.audience.mining.features import Column, FeaturePlan

F32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

DEFINES = 0.95
"""A single feature that tells seed and base apart so well is left out: the model would be that feature."""


def said_by(condition: Condition, ctx: Context) -> list[str]:
    """What the seed's condition asks itself, through segments too, as `plan_features` leaves it out."""
    found: set[str] = set()
    waiting: list[Condition] = [condition]
    seen: set[str] = set()
    while waiting:
        for _, leaf in walk(waiting.pop()):
            match leaf:
                case AttributeLeaf():
                    found.add(f"attribute:{leaf.attribute}")
                case TagLeaf():
                    found.add(f"tag:{leaf.tag}")
                case DidLeaf() | DidNotLeaf():
                    found.add(f"event:{leaf.event}")
                case SegmentLeaf() if leaf.segment not in seen and leaf.segment in ctx.names.segments:
                    seen.add(leaf.segment)
                    waiting.append(ctx.names.segments[leaf.segment])
    return sorted(found)


def defining(plan: FeaturePlan, rows: F32, seed: Bools) -> list[Column]:
    """Columns of which one alone all but says who is in the seed."""
    alone = [_alone(column, rows[:, place], seed) for place, column in enumerate(plan.columns)]
    return [column for column, area in zip(plan.columns, alone, strict=True) if max(area, 1 - area) > DEFINES]


def _alone(column: Column, values: F32, seed: Bools) -> float:
    found = np.nan_to_num(values.astype(np.float64), nan=-1.0)
    if column.levels is not None:
        # Codes have no order: each stands for how often it is in the seed.
        _, place, counts = np.unique(found, return_inverse=True, return_counts=True)
        found = (np.bincount(place, seed.astype(np.float64)) / counts)[place]
    return auc(found, seed)
