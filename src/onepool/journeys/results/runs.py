"""Runs one by one: filtered, the latest entries first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection

from onepool.journeys import store
from onepool.journeys.graph import edges
from onepool.journeys.results.funnel import I64
from onepool.journeys.results.types import Cohort
from onepool.journeys.states import RunState
from onepool.pool import Session

STATES = {**{state.name.lower(): [int(state)] for state in RunState},
          "live": [int(state) for state in RunState if state != RunState.ENDED]}  # fmt: skip
"""Words of the filter by state."""

_AMONG: Final = "_journey_among"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of runs is narrowed to. `edge`: runs that took this way (from `node`, where that is said; "" the way
    in); without it `node` is where they are now. `reached`: runs that came to this node, wherever they are;
    `left`: runs that went on from it; `among`: only of these."""

    node: str | None = None
    state: str | None = None
    reason: str | None = None
    edge: str | None = None
    customer: int | None = None
    reached: str | None = None
    left: str | None = None
    among: I64 | None = None


def find(
    session: Session,
    cohort: Cohort,
    versions: Sequence[store.Published],
    wanted: Filter,
    after: tuple[int, int] | None,
    limit: int,
) -> tuple[list[dict[str, Any]], int]:
    """(rows of journey_runs, how many there are in all). `after`: (entered, run_id) of the last row before."""
    params: dict[str, object] = dict(cohort.params)
    tests = [cohort.where]
    if wanted.state is not None:
        params["states"] = STATES.get(wanted.state, [])
        tests.append("list_contains($states::INTEGER[], state::INTEGER)")
    if wanted.reason is not None:
        params["reason"] = wanted.reason
        tests.append("reason = $reason")
    if wanted.customer is not None:
        params["customer"] = wanted.customer
        tests.append("customer_id = $customer")
    if wanted.edge is None and wanted.node is not None:
        params["node"] = wanted.node
        tests.append("node_name = $node")
    if wanted.edge is not None:
        params["edge"] = wanted.edge
        places = [
            (one.version_id, -1 if wanted.node in (None, "") else one.nodes.index(str(wanted.node)))
            for one in versions
            if wanted.node in (None, "") or wanted.node in one.nodes
        ]
        params["versions"] = [version for version, _ in places]
        params["nodes"] = [node for _, node in places]
        tests.append(
            """run_id IN (SELECT s.run_id FROM journey_steps s
                JOIN (SELECT unnest($versions::BIGINT[]) AS version_id, unnest($nodes::INTEGER[]) AS node) p
                USING (version_id, node) WHERE s.edge = $edge)"""
        )
    if wanted.reached is not None:
        params |= _ways_to(versions, wanted.reached)
        tests.append(
            """run_id IN (SELECT s.run_id FROM journey_steps s
                JOIN (SELECT unnest($came_versions::BIGINT[]) AS version_id, unnest($came_nodes::INTEGER[]) AS node,
                    unnest($came_edges::VARCHAR[]) AS edge) w USING (version_id, node, edge))"""
        )
    if wanted.left is not None:
        places = [(one.version_id, one.nodes.index(wanted.left)) for one in versions if wanted.left in one.nodes]
        params["left_versions"] = [version for version, _ in places]
        params["left_nodes"] = [node for _, node in places]
        tests.append(
            """run_id IN (SELECT s.run_id FROM journey_steps s
                JOIN (SELECT unnest($left_versions::BIGINT[]) AS version_id, unnest($left_nodes::INTEGER[]) AS node) p
                USING (version_id, node)
                WHERE s.edge NOT IN ('hop', 'goal', 'enter', 'arrived') AND NOT starts_with(s.edge, 'end:'))"""
        )
    if wanted.among is not None:
        session.relation(_AMONG, pa.table({"run_id": wanted.among}))
        tests.append(f"run_id IN (SELECT run_id FROM {_AMONG})")
    where = " AND ".join(tests)
    total = session.query(f"SELECT count(*) AS n FROM journey_runs WHERE {where}", params).to_pylist()[0]["n"]
    if after is not None:
        params |= {"entered": after[0], "run_id": after[1]}
        where += " AND (entered, run_id) < ($entered, $run_id)"
    rows = session.query(
        f"""SELECT * FROM journey_runs WHERE {where} ORDER BY entered DESC, run_id DESC LIMIT {int(limit)}""", params
    ).to_pylist()
    return rows, int(total)


def steps(
    connection: Connection, journey: str | None, node: str | None, version: int | None
) -> list[tuple[int, int]] | None:
    """(version, place) of a step in all versions that have it, or of all steps of one version; None: nothing of this
    is asked."""
    if journey is None or (node is None and version is None):
        return None
    return [
        (one.version_id, place)
        for one in store.versions(connection, journey)
        for place, name in enumerate(one.nodes)
        if node in (None, name) and version in (None, one.version)
    ]


def _ways_to(versions: Sequence[store.Published], target: str) -> dict[str, object]:
    """Every way that leads to a node: version, place of the node that it leaves (-1 the way in), edge."""
    ways = []
    for one in versions:
        if one.definition.start == target:
            ways.append((one.version_id, -1, "enter"))
        if target in one.nodes:
            ways.append((one.version_id, one.nodes.index(target), "arrived"))
        for name, node in one.definition.nodes.items():
            place = one.nodes.index(name)
            ways += [(one.version_id, place, edge.label) for edge in edges(node) if edge.target == target]
    return {
        "came_versions": [version for version, _, _ in ways],
        "came_nodes": [node for _, node, _ in ways],
        "came_edges": [edge for _, _, edge in ways],
    }
