"""When a value is handed on: where, among all who had an identifier, a new bearer begins.

A weak identifier (a device) is handed on when a person signs in after all others were last seen; some strong ones (a
phone number) are given to new owners after a silence. What is read and what is found stands in `scratch`, by place
among the neighbours of one identifier.
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    BY_TIME,
    DOUBTED,
    DOUBTFUL,
    LIFETIME,
    LIMIT,
    NAMES,
    NEIGHBOUR,
    NOBODYS,
    RANK,
    RECYCLE,
    SINCE,
    SLOT,
    SLOT_COUNT,
    SLOT_MARK,
    SLOT_OTHER,
    START,
    TENURE,
    UNTIL,
    WITNESS,
)
from onepool.identity.jit import compiled, inlined
from onepool.identity.kernel import stamp
from onepool.identity.witness import agrees, incompatible


@inlined
def sort_by_time(g, found):  # type: ignore[no-untyped-def]
    """Places of the neighbours in order of (first, last, rank), in BY_TIME: insertion, since most have few."""
    neighbours, first, last, order = g.scratch[NEIGHBOUR], g.scratch[SINCE], g.scratch[UNTIL], g.scratch[BY_TIME]
    for i in range(found):
        k = i
        while k > 0:
            j = order[k - 1]
            later = first[j] > first[i] or (
                first[j] == first[i]
                and (
                    last[j] > last[i]
                    or (
                        last[j] == last[i]
                        and np.uint64(g.n64[RANK, neighbours[j]]) > np.uint64(g.n64[RANK, neighbours[i]])
                    )
                )
            )
            if not later:
                break
            order[k] = j
            k -= 1
        order[k] = i


@compiled
def handed_to(g, kind, found):  # type: ignore[no-untyped-def]
    """Tenures of a weak identifier: a new one where somebody comes after all others were last seen."""
    first, last, order = g.scratch[SINCE], g.scratch[UNTIL], g.scratch[BY_TIME]
    tenure, starts = g.scratch[TENURE], g.scratch[START]
    life = g.types[LIFETIME, kind]
    k = 0
    end = np.int64(0)
    for n in range(found):
        i = order[n]
        if n == 0:
            end = last[i]
        elif first[i] > end:
            k += 1
            starts[k] = min(end + life, first[i]) if life else first[i]
        tenure[i] = k
        end = max(end, last[i])
    return k + 1


@inlined
def recycled(g, kind, found):  # type: ignore[no-untyped-def]
    """Tenures of a strong identifier: a new one where, after a silence, somebody else comes.

    What is in doubt altogether makes nobody an owner: the value is nobody's from then on.
    """
    first, last, order, tenure = g.scratch[SINCE], g.scratch[UNTIL], g.scratch[BY_TIME], g.scratch[TENURE]
    silence = g.types[RECYCLE, kind]
    k = 0
    if silence == 0:
        return 1
    tenure_from, run_from = 0, 0
    end = np.int64(0)
    for n in range(found + 1):
        ends = n == found
        if not ends:
            i = order[n]
            if n == 0:
                end = last[i]
                continue
            if first[i] - end <= silence:
                end = max(end, last[i])
                continue
        # The run from `run_from` to here is complete.
        sure = False
        for j in range(run_from, n):
            sure |= g.scratch[DOUBTFUL, order[j]] == 0
        if run_from > 0 and _of_somebody_else(g, tenure_from, run_from, n):
            k += 1
            g.scratch[NOBODYS, k] = not sure
            g.scratch[START, k] = first[order[run_from]]
            tenure_from = run_from
        for j in range(run_from, n):
            tenure[order[j]] = k
        run_from = n
        if not ends:
            end = max(end, last[order[n]])
    return k + 1


@inlined
def _of_somebody_else(g, start, middle, end):  # type: ignore[no-untyped-def]
    """Whether after a silence the value names somebody else: for sure, or, where contacts may be in doubt, unless a
    name agrees."""
    neighbours, order = g.scratch[NEIGHBOUR], g.scratch[BY_TIME]
    if _contradict(g, start, middle, end):
        return True
    if g.counts[DOUBTED] == 0:
        return False
    for n in range(start, middle):
        name = g.n64[WITNESS, neighbours[order[n]]]
        if name and g.counts[NAMES]:
            for m in range(middle, end):
                if agrees(name, g.n64[WITNESS, neighbours[order[m]]]):
                    return False
    return True


@inlined
def _contradict(g, start, middle, end):  # type: ignore[no-untyped-def]
    """Whether neighbours order[start:middle] and order[middle:end] can't be of one person."""
    neighbours, order = g.scratch[NEIGHBOUR], g.scratch[BY_TIME]
    mark = stamp(g)
    for n in range(start, middle):
        slot = g.n32[SLOT, neighbours[order[n]]]
        if g.slots[SLOT_MARK, slot] != mark:
            g.slots[SLOT_MARK, slot] = mark
            g.slots[SLOT_COUNT, slot] = 0
            g.slots[SLOT_OTHER, slot] = 0
        g.slots[SLOT_COUNT, slot] += 1
    for n in range(middle, end):
        slot = g.n32[SLOT, neighbours[order[n]]]
        if g.slots[SLOT_MARK, slot] == mark:
            g.slots[SLOT_OTHER, slot] += 1
            most = g.slots[LIMIT, slot]
            if most and g.slots[SLOT_COUNT, slot] + g.slots[SLOT_OTHER, slot] > most:
                return True
    if g.counts[NAMES] == 0:
        return False
    for n in range(start, middle):
        name = g.n64[WITNESS, neighbours[order[n]]]
        if name:
            for m in range(middle, end):
                if incompatible(name, g.n64[WITNESS, neighbours[order[m]]]):
                    return True
    return False
