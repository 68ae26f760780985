"""A segment held against a base: every tag, attribute and channel."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from onepool.audience.sets import Members, Sets, TagSets, ids_of
from onepool.insight.portrait import attributes
from onepool.insight.portrait.channels import Channels
from onepool.insight.portrait.tgi import Counts, index
from onepool.insight.portrait.types import (
    EVERYBODY,
    MIN_CELL,
    Cell,
    Dimension,
    Kind,
    Leader,
    Numbers,
    Portrait,
)
from onepool.pool import Session
from onepool.standards import Standard

TOP = 10
_LISTED = 20
_GROUPS = "_portrait_groups"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared. `base`: a segment, or `all`; `tags`: None for every tag of the workspace; `min_cell`:
    fewer members than that are marked as few."""

    segment: str
    base: str = EVERYBODY
    tags: Sequence[str] | None = None
    min_cell: int = MIN_CELL


@dataclass(frozen=True, slots=True)
class _Groups:
    segment_only: Members
    both: Members
    base_only: Members

    def counts(self, known: Members, having: Members) -> Counts:
        """Of those of whom it is known, and of those among them who have it."""
        pairs = [
            (known.intersection_cardinality(group), having.intersection_cardinality(group))
            for group in (self.segment_only, self.both, self.base_only)
        ]
        (n1, x1), (n2, x2), (n3, x3) = pairs
        return Counts(n1, x1, n2, x2, n3, x3)


def portrait(
    session: Session,
    sets: Sets,
    channels: Channels,
    standard: Standard,
    known_tags: Iterable[str],
    asked: Asked,
    at: datetime,
    zone: str,
) -> Portrait:
    """Compare a segment with its base at the session's snapshot. `at`: the present, for ages and time gone by.

    Shares are of the customers of whom a dimension is known; TGI and interval: see `tgi.index`. Tags and channels are
    counted on bitmaps, attributes in one pass over the profiles.
    """
    started = time.perf_counter()
    names = list(known_tags) if asked.tags is None else [name for name in known_tags if name in set(asked.tags)]
    wanted = [asked.segment] if asked.base == EVERYBODY else [asked.segment, asked.base]
    members = sets.segments(session, wanted)
    segment = members[asked.segment]
    base = sets.everyone(session) if asked.base == EVERYBODY else members[asked.base]
    groups = _Groups(segment - base, segment & base, base - segment)
    _register(session, groups)
    found = _tags(session, sets, names, groups, asked)
    left_out: dict[tuple[Kind, str], str] = {}
    if asked.tags is None:
        columns, refused = attributes.columns(standard, at, zone)
        left_out |= {("attribute", name): why for name, why in refused.items()}
        counted = attributes.count(session, columns, _GROUPS)
        for column in columns:
            one = counted.get(column.name)
            if one is None:
                continue
            if one.values > attributes.TOO_MANY:
                left_out["attribute", column.name] = "too_many_values"
            elif one.known or (one.numbers and (one.numbers[0].n or one.numbers[1].n)):
                found.append(_attribute(column, one, asked.min_cell))
        met = channels.customers(session)
        if met:
            found.append(_channels(met, groups, asked.min_cell))
    top, compared = leaders(found)
    return Portrait(
        segment=asked.segment,
        base=asked.base,
        at=at,
        size=len(segment),
        base_size=len(base),
        common=len(groups.both),
        dimensions=tuple(found),
        top=tuple(top),
        compared=compared,
        seconds=time.perf_counter() - started,
        left_out=left_out,
    )


def leaders(dimensions: Sequence[Dimension]) -> tuple[list[Leader], int]:
    """The dimensions in which segment and base differ most, each by its clearest value, and how many values were
    looked at.

    Ranked by how far log(TGI/100) surely is from 0 (the nearer end of its interval, at 95 % for all values together
    after Bonferroni), so that a cell of few customers can't lead by chance. Cells marked as few are not looked at.
    """
    cells = [
        (dimension, cell)
        for dimension in dimensions
        for cell in dimension.cells
        if cell.value is not None and not cell.small
    ]
    best: dict[tuple[str, str], Leader] = {}
    for dimension, cell in cells:
        bound = cell.index.surely(len(cells))
        key = (dimension.kind, dimension.name)
        if bound > 0 and (key not in best or best[key].bound < bound):
            best[key] = Leader(dimension, cell, bound)
    ranked = sorted(best.values(), key=lambda one: (-one.bound, one.dimension.kind, one.dimension.name))
    return ranked[:TOP], len(cells)


def _register(session: Session, groups: _Groups) -> None:
    parts = [(1, groups.segment_only), (2, groups.both), (3, groups.base_only)]
    session.relation(
        _GROUPS,
        pa.table(
            {
                "customer_id": pa.concat_arrays([ids_of(members) for _, members in parts]),
                "part": pa.array(np.repeat([1, 2, 3], [len(members) for _, members in parts]).astype(np.int8)),
            }
        ),
    )


def _tags(session: Session, sets: Sets, names: Sequence[str], groups: _Groups, asked: Asked) -> list[Dimension]:
    min_cell, everybody = asked.min_cell, asked.base == EVERYBODY
    found = sets.tags(session, names)
    numbers = _tag_numbers(session, sets, found, everybody=everybody)
    dimensions = []
    for name in names:
        one = found[name]
        counted = {value: groups.counts(one.customers, members) for value, members in one.values.items()}
        listed = dict(sorted(counted.items(), key=lambda pair: (-pair[1].x_base - pair[1].x_segment_only, pair[0])))
        shown = list(listed)[:_LISTED]
        rest = one.customers
        for value in shown:
            rest = rest - one.values[value]
        cells = [_cell(value, listed[value], min_cell) for value in shown]
        if one.values and rest and (len(shown) < len(listed) or not one.complete):
            cells.append(_cell(None, groups.counts(one.customers, rest), min_cell))
        known = groups.counts(one.customers, one.customers)
        pair = numbers.get(name)
        if known.n_segment + known.n_base == 0:
            continue
        dimensions.append(
            Dimension(
                kind="tag",
                name=name,
                cells=tuple(cells),
                known=known.n_segment,
                base_known=known.n_base,
                several=sum(map(len, one.values.values())) > len(one.customers),
                numbers=pair[0] if pair else None,
                base_numbers=pair[1] if pair else None,
            )
        )
    return dimensions


def _tag_numbers(
    session: Session, sets: Sets, found: Mapping[str, TagSets], *, everybody: bool
) -> Mapping[str, tuple[Numbers | None, Numbers | None]]:
    """Mean and quartiles of each tag's numbers, in the segment and in the base. Those of everybody are kept until the
    tag changes."""
    inside = _summed(session, list(found), "part <= 2")
    if everybody:
        names = [name for name, one in found.items() if sets.derived(name, one) is None]
        outside = _summed(session, names, None)
        for name in names:
            sets.derive(name, found[name], outside.get(name, _NO_NUMBERS))
        known = {name: sets.derived(name, one) for name, one in found.items()}
        of_base = {name: one for name, one in known.items() if isinstance(one, Numbers) and one.n}
    else:
        of_base = _summed(session, list(found), "part >= 2")
    return {name: (inside.get(name, _NO_NUMBERS), of_base.get(name, _NO_NUMBERS)) for name in inside | of_base}


_NO_NUMBERS = Numbers(0, None, None, None, None)


def _summed(session: Session, names: Sequence[str], part: str | None) -> dict[str, Numbers]:
    """By tag, for the customers of these parts of the groups (None: for all who have the tag)."""
    if not names:
        return {}
    within = "" if part is None else f"AND customer_id IN (SELECT customer_id FROM {_GROUPS} WHERE {part})"
    table = session.query(
        f"""SELECT tag, list(number) AS numbers FROM tag_values
        WHERE tag IN (SELECT unnest($names)) AND number IS NOT NULL AND isfinite(number) {within} GROUP BY tag""",
        {"names": list(names)},
    )
    found = {}
    for tag, numbers in zip(table["tag"], table["numbers"], strict=True):
        values = numbers.values.to_numpy(zero_copy_only=False)
        p25, median, p75 = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
        found[tag.as_py()] = Numbers(int(values.size), float(values.mean()), p25, median, p75)
    return found


def _attribute(column: attributes.Column, one: attributes.Counted, min_cell: int) -> Dimension:
    known = one.known
    cells = []
    for value, parts in sorted(one.cells.items(), key=lambda pair: (pair[0] is None, -sum(pair[1].values()), pair[0])):
        counts = Counts(*(n for part in (1, 2, 3) for n in (known.get(part, 0), parts.get(part, 0))))
        # Values too rare to be listed are counted under each: of lists their sum may be more than there are customers.
        if value is not None or not column.several:
            cells.append(_cell(value, counts, min_cell))
    pair = one.numbers
    return Dimension(
        kind="attribute",
        name=column.name,
        cells=tuple(cells),
        known=pair[0].n if pair else known.get(1, 0) + known.get(2, 0),
        base_known=pair[1].n if pair else known.get(2, 0) + known.get(3, 0),
        several=column.several,
        numbers=pair[0] if pair else None,
        base_numbers=pair[1] if pair else None,
    )


def _channels(met: Mapping[str, Members], groups: _Groups, min_cell: int) -> Dimension:
    anywhere = None
    for members in met.values():
        anywhere = members if anywhere is None else anywhere | members
    assert anywhere is not None
    known = groups.counts(anywhere, anywhere)
    cells = [_cell(name, groups.counts(anywhere, members), min_cell) for name, members in met.items()]
    cells.sort(key=lambda cell: (-cell.counts.x_base - cell.counts.x_segment_only, cell.value))
    return Dimension("channel", "channel", tuple(cells), known.n_segment, known.n_base, several=True)


def _cell(value: str | None, counts: Counts, min_cell: int) -> Cell:
    # Neither a share of few members nor one of few in the base says much.
    few = counts.x_segment < min_cell or counts.x_base < min_cell
    return Cell(value, counts, index(counts), few)
