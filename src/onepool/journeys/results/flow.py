"""Runs over nodes and edges, messages over hops: exact counts from the pool's tables of journeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onepool.journeys.graph import edges
from onepool.journeys.results.types import Cohort, Edge, Flow, Hop, Node
from onepool.journeys.store import Published
from onepool.pool import Session
from onepool.reach.states import SendState

_UNDERWAY = (
    SendState.DEFERRED, SendState.QUEUED, SendState.CLAIMED, SendState.RETRY, SendState.TASK,
)  # fmt: skip
_INS = ("enter", "arrived")


def flow(session: Session, cohort: Cohort, versions: Sequence[Published]) -> Flow:
    """Counts of the cohort. `versions`: all published ones of the journey."""
    nodes: dict[str, Node] = {}

    def node(name: str) -> Node:
        return nodes.setdefault(name, Node(name))

    for version in sorted(versions, key=lambda one: one.version):
        if cohort.version in (None, version.version):
            for name in version.nodes:
                node(name)
    entered = live = held = 0
    ended: dict[str, int] = {}
    rows = session.query(
        f"SELECT node_name, state, reason, count(*) AS n FROM journey_runs WHERE {cohort.where} GROUP BY ALL",
        cohort.params,
    )
    for row in rows.to_pylist():
        entered += row["n"]
        if row["state"] == 9:
            ended[row["reason"]] = ended.get(row["reason"], 0) + row["n"]
            continue
        live += row["n"]
        held += row["n"] if row["state"] == 0 else 0
        if row["node_name"] is not None:
            node(row["node_name"]).waiting += row["n"]
    ways = _edges(session, cohort, versions)
    for one in ways:
        if one.to is not None:
            node(one.to).into += one.count
        if one.node is not None and one.edge.startswith("end:"):
            node(one.node).ended += one.count
        elif one.node is not None and one.edge not in _INS:
            node(one.node).out += one.count
    hops = _hops(session, cohort, versions, node)
    return Flow(
        entered, live, held, _sorted(ended), _sorted(turned_away(session, cohort, versions)),
        list(nodes.values()), ways, hops,
    )  # fmt: skip


def _edges(session: Session, cohort: Cohort, versions: Sequence[Published]) -> list[Edge]:
    found = session.query(
        f"""SELECT s.version_id, s.node, s.edge, count(*) AS n
        FROM journey_steps s JOIN (SELECT run_id FROM journey_runs WHERE {cohort.where}) c USING (run_id)
        WHERE s.edge NOT IN ('hop', 'goal') GROUP BY ALL""",
        cohort.params,
    )
    targets = {
        (one.version_id, name, edge.label): edge.target
        for one in versions
        for name, said in one.definition.nodes.items()
        for edge in edges(said)
    }
    by_id = {one.version_id: one for one in versions}
    counted: dict[tuple[str | None, str, str | None], int] = {}
    for row in found.to_pylist():
        version = by_id.get(row["version_id"])
        if version is None:
            continue
        name = version.nodes[row["node"]] if row["node"] >= 0 else None
        to = version.definition.start if row["edge"] == "enter" else name if row["edge"] == "arrived" else (
            None if name is None else targets.get((version.version_id, name, row["edge"]))
        )  # fmt: skip
        key = (name if row["edge"] != "enter" else None, row["edge"], to)
        counted[key] = counted.get(key, 0) + row["n"]
    return [Edge(*key, n) for key, n in sorted(counted.items(), key=lambda one: tuple(str(part) for part in one[0]))]


def turned_away(session: Session, cohort: Cohort, versions: Sequence[Published]) -> dict[str, int]:
    """What might have started a run and did not, by why; in the time of the cohort."""
    ids = [one.version_id for one in versions if cohort.version in (None, one.version)]
    found = session.query(
        """SELECT edge, count(*) AS n FROM journey_steps
        WHERE list_contains($versions::BIGINT[], version_id) AND node = -1 AND "at" >= $since AND "at" < $until
            AND (edge LIKE 'refused:%' OR edge = 'not_qualified') GROUP BY 1""",
        {"versions": ids, "since": cohort.since, "until": cohort.until},
    )
    return {row["edge"].removeprefix("refused:"): row["n"] for row in found.to_pylist()}


def _hops(session: Session, cohort: Cohort, versions: Sequence[Published], node: object) -> list[Hop]:
    assert callable(node)
    found = session.query(
        f"""SELECT s.version_id, s.node, s.hop, s.channel, s.state, s.reason, count(*) AS n,
            count(*) FILTER (coalesce(s.delivered, s."read", s.clicked) IS NOT NULL OR s.state IN (11, 12, 13))
                AS delivered,
            count(*) FILTER (coalesce(s."read", s.clicked) IS NOT NULL OR s.state IN (12, 13)) AS seen,
            count(*) FILTER (s.clicked IS NOT NULL OR s.state = 13) AS clicked
        FROM sends s JOIN (SELECT run_id FROM journey_runs WHERE {cohort.where}) c USING (run_id) GROUP BY ALL""",
        cohort.params,
    )
    by_id = {one.version_id: one for one in versions}
    hops: dict[tuple[str, int, str], Hop] = {}
    for row in found.to_pylist():
        version = by_id.get(row["version_id"])
        if version is None:
            continue
        name, n = version.nodes[row["node"]], row["n"]
        here = node(name)
        hop = hops.setdefault((name, row["hop"], row["channel"]), Hop(name, row["hop"], row["channel"]))
        hop.tried += n
        state = SendState(row["state"])
        here.delivered += row["delivered"]
        here.read += row["seen"]
        here.clicked += row["clicked"]
        if SendState.ACCEPTED <= state <= SendState.CLICKED:
            hop.accepted += n
            here.sent += n
            continue
        if state in _UNDERWAY:
            hop.underway += n
            here.underway += n
            continue
        reason = row["reason"] or ("unknown" if state == SendState.UNKNOWN else "ended")
        hop.reasons[reason] = hop.reasons.get(reason, 0) + n
        if state in (SendState.SUPPRESSED, SendState.CANCELLED):
            here.suppressed[reason] = here.suppressed.get(reason, 0) + n
        else:
            here.failed += n
    return [hops[key] for key in sorted(hops)]


def days(session: Session, cohort: Cohort, zone: str) -> dict[str, tuple[int, int]]:
    """Runs that entered and messages that were accepted, by day of a zone."""
    day = "strftime(timezone($zone, make_timestamptz({})), '%Y-%m-%d')"
    found = session.query(
        f"""WITH c AS (SELECT run_id, entered FROM journey_runs WHERE {cohort.where})
        SELECT day, sum(entered)::BIGINT AS entered, sum(sends)::BIGINT AS sends FROM (
            SELECT {day.format("entered")} AS day, 1 AS entered, 0 AS sends FROM c UNION ALL
            SELECT {day.format("coalesce(s.claimed, s.concluded, s.planned)")}, 0, 1
            FROM sends s JOIN c USING (run_id) WHERE s.state BETWEEN 10 AND 13
        ) GROUP BY 1 ORDER BY 1""",
        cohort.params | {"zone": zone},
    )
    return {row["day"]: (row["entered"], row["sends"]) for row in found.to_pylist()}


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
