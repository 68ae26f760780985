"""Putting people's rulings into force in the graph: what is new or taken back, and nothing else."""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import DECISION
from onepool.identity.graph import Graph
from onepool.identity.links import RULED
from onepool.identity.rulings import Rulings
from onepool.identity.store import RuledLink, Times


def enforce(graph: Graph, before: Rulings, wanted: Rulings, at: Times) -> list[RuledLink]:
    """Have the graph go by other rulings than before; `at`: when each decision was made. Returns the links made."""
    source = graph.source_number(RULED, "")
    ruled = []
    for pair, number in before.merges.items():
        if wanted.merges.get(pair) != number:
            for edge in graph.edges_between(*pair, kind=DECISION):
                graph.set_off(edge, 1)
    for pair in sorted(before.never - wanted.never):
        graph.never(*pair, holds=False)
    for pair in sorted(before.cuts - wanted.cuts):
        for edge in graph.edges_between(*pair):
            if graph.is_cut(edge):
                graph.set_off(edge, 0)
    lifted = np.array(sorted(before.blocked - wanted.blocked), np.int64)
    if lifted.size:
        graph.block(lifted, False)
    blocked = np.array(sorted(wanted.blocked - before.blocked), np.int64)
    if blocked.size:
        graph.block(graph.base[blocked].astype(np.int64), True)
    for pair in sorted(wanted.cuts):
        for edge in graph.edges_between(*pair):
            if not graph.is_off(edge):
                graph.set_off(edge, 2)
    for pair in sorted(wanted.never - before.never):
        graph.never(*pair)
    for pair, number in sorted(wanted.merges.items(), key=lambda one: one[1]):
        if before.merges.get(pair) == number:
            continue
        found = [e for e in graph.edges_between(*pair, kind=DECISION) if graph.order_of(e) == number]
        if found:
            graph.set_off(found[0], 0)
        else:
            edge = graph.ruled(*pair, DECISION, number, source)
            ruled.append(RuledLink(*pair, number, at[number], edge=edge))
    return ruled
