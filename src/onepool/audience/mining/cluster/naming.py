"""What groups are called: by what sets them apart, and as in the run before where they are the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

from onepool.audience.conditions import Context
from onepool.audience.mining.card import ClusterTrait, Words
from onepool.audience.mining.features import FeaturePlan, feature_title
from onepool.audience.tags.value_titles import group_title

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

MUCH = 0.8
TELLING = 120.0
COMMON = 0.2
SAME_GROUP = 0.25
QUIET = "quiet"
SHOWN = 8


def traits(plan: FeaturePlan, rows: F32, group: I64, count: int, ctx: Context) -> list[list[ClusterTrait]]:
    """Of each group, features by TGI, the highest first: the share of the group that has much of a feature (more than
    four fifths of all do) over the share of all, times 100."""
    found: list[list[ClusterTrait]] = [[] for _ in range(count)]
    sizes = np.bincount(group, minlength=count)
    for place, column in enumerate(plan.columns):
        if column.kind == "since":
            continue
        values = np.nan_to_num(rows[:, place])
        much = values > np.quantile(values, MUCH)
        base = float(much.mean())
        if base < 0.01:
            continue
        shares = np.bincount(group[much], minlength=count) / np.maximum(sizes, 1)
        for number in range(count):
            found[number].append(
                ClusterTrait(
                    name=column.name,
                    title=feature_title(column, ctx),
                    tgi=float(shares[number] / base * 100),
                    share=float(shares[number]),
                    base_share=base,
                )
            )
    return [sorted(one, key=lambda trait: (-trait.tgi, trait.name)) for one in found]


def names_of(all_traits: list[list[ClusterTrait]], topics: dict[str, str], kept: dict[int, str]) -> list[str]:
    """A name for each group: the kept one, or the topic of its highest trait that no other group is called by.
    `topics`: of each feature, what it is of without its window."""
    names: dict[int, str] = dict(kept)
    taken = set(kept.values())
    order = sorted(
        (number for number in range(len(all_traits)) if number not in kept),
        key=lambda number: -max((trait.tgi for trait in all_traits[number]), default=0.0),
    )
    for number in order:
        found = [
            topics[trait.name]
            for trait in all_traits[number]
            if trait.tgi >= TELLING and trait.share >= COMMON and topics[trait.name] not in taken
        ]
        name = found[0] if found else QUIET
        if name in taken:
            name = next(f"{name}_{turn}" for turn in range(2, 100) if f"{name}_{turn}" not in taken)
        names[number] = name
        taken.add(name)
    return [names[number] for number in range(len(all_traits))]


def matched(before: I64, names_before: list[str], now: I64, count: int) -> dict[int, str]:
    """Groups of now that go on from one before: `before` and `now` are the groups of the same customers, by the model
    of the run before and by this one. A group goes on where both share at least a quarter of their customers."""
    overlap = np.zeros((len(names_before), count))
    np.add.at(overlap, (before, now), 1.0)
    either = overlap.sum(axis=1)[:, None] + overlap.sum(axis=0)[None, :] - overlap
    alike = np.divide(overlap, either, out=np.zeros_like(overlap), where=either > 0)
    rows, columns = linear_sum_assignment(-alike)
    return {
        int(column): names_before[int(row)]
        for row, column in zip(rows, columns, strict=True)
        if alike[row, column] >= SAME_GROUP
    }


def title_of(name: str, tag: str, ctx: Context) -> Words:
    """What the group of this tag is called wherever people read it."""
    own = ctx.names.titles.get(f"value:tag:{tag}:{name}")
    found = own or group_title(name, ctx.names.titles) or {"zh": name, "en": name}
    return Words(zh=found["zh"], en=found["en"])
