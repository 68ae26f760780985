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
    # Whichever of its tenures a ruling names, an identifier is blocked as a whole, and as long as one of them does.
    was, now = ({int(graph.base[node]) for node in rulings.blocked} for rulings in (before, wanted))
    for nodes, blocked in ((was - now, False), (now - was, True)):
        if nodes:
            graph.block(np.array(sorted(nodes), np.int64), blocked)
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
        edge = found[0] if found else graph.ruled(*pair, DECISION, number, source)
        # A split that came later, with other ends, may cut what it joins; both may have come since the last tick.
        if found or pair in wanted.cuts:
            graph.set_off(edge, 2 if pair in wanted.cuts else 0)
        if not found:
            ruled.append(RuledLink(*pair, number, at[number], edge=edge))
    return ruled
