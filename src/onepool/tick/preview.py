"""Trying things out: what a decision, other rules or other thresholds would do, on all data, keeping nothing.

Identity is solved on a copy. Segments are evaluated for the customers concerned inside a transaction of the pool that
is rolled back, so the figures are those that the tick would find.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from onepool.audience.live import Live
from onepool.identity import Resolved, decisions, parse_rules
from onepool.identity.arrays import CONFLICT, DECISION, EDGE_STATUS, WHY_LIMIT, WHY_NAME, WHY_NEVER, WHY_SIZE
from onepool.identity.decisions import Decision
from onepool.identity.graph import Graph
from onepool.identity.kernel import refusal
from onepool.identity.read.preview_types import (
    Change,
    DecisionPreview,
    RulesPreview,
    RulesSample,
    SegmentEffect,
    Shape,
    ThresholdsPreview,
    Warned,
)
from onepool.identity.store import moves
from onepool.state.schema import candidates
from onepool.tick.worker import Worker
from onepool.workspace import Workspace

I64 = npt.NDArray[np.int64]

SHOWN = 20
"""How many of the largest customers, and of the samples, a preview names."""

_IDENTIFIERS = 200
"""How many identifiers of one customer a preview names."""


class _NotKept(Exception):
    """Ends a transaction whose results are not to be kept."""


def preview_decision(
    workspace: Workspace, worker: Worker, change: Change, segments: Sequence[str] = ()
) -> DecisionPreview:
    """What a decision would do to customers, and to these segments (none named: to all)."""
    with worker.mutex:
        fork = worker.resolver.fork()
    known = decisions.every(workspace.state)
    fork.decide(known)
    before = fork.graph.customer.copy()
    warnings = _warnings(fork.graph, change)
    resolved = fork.decide([*known, _as_decision(change, known, fork.graph, workspace)])
    after = fork.graph.customer
    stopped = [why for status, why in fork.graph.status(_ruled_edges(fork.graph, change)) if status == "conflict"]
    if stopped:
        warnings.append(Warned("stopped", stopped[0]))
    elif resolved.moved.num_rows == 0:
        warnings.append(Warned("no-effect"))
    merged, split = counts(resolved)
    concerned = _concerned(resolved)
    return DecisionPreview(
        before=_shapes(before, concerned),
        after=_shapes(after, concerned),
        merged=merged,
        split=split,
        identifiers_moved=resolved.moved.num_rows,
        segments=segment_effects(workspace, worker, resolved, segments),
        warnings=warnings,
    )


def preview_rules(
    workspace: Workspace, worker: Worker, body: Mapping[str, Any], segments: Sequence[str] = ()
) -> RulesPreview:
    """What rules would do to all customers, and to these segments (none named: to all). Raises RulesError."""
    started = time.perf_counter()
    with worker.mutex:
        fork = worker.resolver.fork()
        rules = parse_rules(body, worker.rules.standard)
        registry = worker.rules.with_rules(rules)
    graph = fork.graph
    before, conflicts = graph.customer.copy(), _conflicts(graph)
    resolved = fork.set_rules(registry)
    after = graph.customer
    merged, split = counts(resolved)
    return RulesPreview(
        customers_before=int(np.unique(before).size),
        customers_after=int(np.unique(after).size),
        merged=merged,
        split=split,
        identifiers_moved=resolved.moved.num_rows,
        conflicts_before=conflicts,
        conflicts_after=_conflicts(graph),
        largest=_largest(after),
        samples=_samples(before, after, resolved),
        segments=segment_effects(workspace, worker, resolved, segments),
        seconds=time.perf_counter() - started,
    )


def preview_thresholds(workspace: Workspace, join: float, review: float) -> ThresholdsPreview:
    """What thresholds would do with the pairs known that nobody has ruled on."""
    table = candidates
    with workspace.state.read() as connection:
        rows = connection.execute(
            select(table.c.a, table.c.b, table.c.probability).where(table.c.status.in_(("open", "joined")))
        ).all()
    joined = [row for row in rows if row.probability >= join]
    groups: dict[int, int] = {}

    def root(node: int) -> int:
        while groups.setdefault(node, node) != node:
            node = groups[node]
        return node

    merged = 0
    for row in joined:
        one, other = root(row.a), root(row.b)
        if one != other:
            groups[max(one, other)] = min(one, other)
            merged += 1
    return ThresholdsPreview(
        pairs_joined=len(joined),
        pairs_review=sum(review <= row.probability < join for row in rows),
        customers_merged=merged,
        expected_wrong=float(sum(1 - row.probability for row in joined)),
    )


def _as_decision(change: Change, known: Sequence[Decision], graph: Graph, workspace: Workspace) -> Decision:
    number = max((one.id for one in known), default=0) + 1
    over: tuple[int, ...] = ()
    if change.kind == "merge" and change.a is not None and change.b is not None:
        customer = graph.customer
        sides = {int(customer[change.a]), int(customer[change.b])}
        over = tuple(
            one.id
            for one in known
            if one.kind in ("never", "split")
            and one.a is not None
            and one.b is not None
            and {int(customer[one.a]), int(customer[one.b])} == sides
        )
    return Decision(
        id=number,
        at=workspace.clock.now(),
        kind=change.kind,
        a=change.a,
        b=change.b,
        author="",
        reason="",
        undoes=change.decision,
        undone_by=None,
        applied=False,
        part=change.part,
        pairs=change.pairs,
        over=over,
    )


def _warnings(graph: Graph, change: Change) -> list[Warned]:
    """The limits that a merge would overrule."""
    if change.kind != "merge" or change.a is None or change.b is None:
        return []
    if graph.customer[change.a] == graph.customer[change.b]:
        return []
    why = int(refusal(graph.arrays, change.a, change.b, False, False))
    if why >= WHY_LIMIT:
        return [Warned("limit", graph.reason(why).removeprefix("limit:"))]
    named: dict[int, Warned] = {WHY_SIZE: Warned("size"), WHY_NAME: Warned("name"), WHY_NEVER: Warned("overrules")}
    return [named[why]] if why in named else []


def _ruled_edges(graph: Graph, change: Change) -> I64:
    if change.kind != "merge" or change.a is None or change.b is None:
        return np.empty(0, np.int64)
    return np.array(graph.edges_between(change.a, change.b, kind=DECISION), np.int64)


def counts(resolved: Resolved) -> tuple[int, int]:
    """How many customers were merged, and how many were split."""
    kinds = [kind for kind, _, _ in moves(resolved.moved)]
    return kinds.count("merge"), kinds.count("split")


def _concerned(resolved: Resolved) -> I64:
    """Customers, before and after, that change."""
    was = resolved.moved.column("was").drop_null().to_numpy()
    now = resolved.moved.column("customer_id").to_numpy()
    found: I64 = np.unique(np.concatenate([was, now]))
    return found


def _shapes(customer: npt.NDArray[np.int32], concerned: I64) -> list[Shape]:
    shapes = []
    for one in concerned[: SHOWN * 5].tolist():
        members = np.flatnonzero(customer == one)
        if members.size:
            shapes.append(Shape(one, tuple(members[:_IDENTIFIERS].tolist())))
    return shapes


def _largest(customer: npt.NDArray[np.int32]) -> list[Shape]:
    ids, sizes = np.unique(customer, return_counts=True)
    top = ids[np.argsort(-sizes, kind="stable")[:SHOWN]]
    return [Shape(int(one), tuple(np.flatnonzero(customer == one)[:_IDENTIFIERS].tolist())) for one in top]


def _samples(before: npt.NDArray[np.int32], after: npt.NDArray[np.int32], resolved: Resolved) -> list[RulesSample]:
    """Some of the customers that change, evenly over all of them."""
    nodes = resolved.moved.column("identifier_id").to_numpy()
    nodes = nodes[nodes < before.size]
    samples: list[RulesSample] = []
    seen: set[tuple[int, int]] = set()
    for node in nodes[:: max(1, nodes.size // (SHOWN * 3))].tolist():
        old, new = int(before[node]), int(after[node])
        if (old, new) in seen or len(samples) == SHOWN:
            continue
        seen.add((old, new))
        involved = np.flatnonzero((before == old) | (after[: before.size] == new))[:_IDENTIFIERS]
        samples.append(
            RulesSample(_groups(involved, before), _groups(involved, after)),
        )
    return samples


def _groups(nodes: I64, customer: npt.NDArray[np.int32]) -> list[tuple[int, ...]]:
    groups: dict[int, list[int]] = {}
    for node in nodes.tolist():
        groups.setdefault(int(customer[node]), []).append(node)
    return [tuple(group) for group in groups.values()]


def _conflicts(graph: Graph) -> int:
    return int(np.count_nonzero(graph.arrays.e8[EDGE_STATUS, : graph.edges] == CONFLICT))


def segment_effects(
    workspace: Workspace, worker: Worker, resolved: Resolved, wanted: Sequence[str] = ()
) -> list[SegmentEffect]:
    """How segments (these; none named: all) would change, found as the tick finds it; also those that would not."""
    known = [one.name for one in workspace.definitions.current("segment")]
    names = [name for name in known if not wanted or name in wanted]
    if not names:
        return []
    effects: list[SegmentEffect] = []
    live = Live(workspace)
    try:
        with worker.pool.write() as session:
            counted = session.query("SELECT segment, count(*) AS size FROM segment_members GROUP BY segment")
            sizes = {row["segment"]: row["size"] for row in counted.to_pylist()}
            changed: dict[tuple[str, str], int] = {}
            if resolved.customers.size:
                worker.ingest.apply_identity(session, resolved)
                outcome = live.evaluate(session, resolved.customers, workspace.clock.now())
                changes = outcome.segments.group_by(["segment", "change"]).aggregate([([], "count_all")])
                changed = {(row["segment"], row["change"]): row["count_all"] for row in changes.to_pylist()}
            for name in names:
                size = sizes.get(name, 0)
                come, go = changed.get((name, "enter"), 0), changed.get((name, "exit"), 0)
                effects.append(SegmentEffect(name, size, size + come - go, come, go))
            raise _NotKept
    except _NotKept:
        return effects
