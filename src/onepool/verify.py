"""`onepool verify`: is everything that was kept up to date equal to what a computation from scratch gives?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import select

from onepool.audience.conditions.standing.consents import WORDS
from onepool.audience.live import Live
from onepool.identity import Resolver
from onepool.journeys.world.watch import conserved
from onepool.pool import Engine
from onepool.pool.behaviour import BehaviourIndex
from onepool.privacy.consents import ledger
from onepool.rebuild import build, content_hashes
from onepool.state.consents import consent_ledger
from onepool.state.schema import links
from onepool.tick import Worker
from onepool.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what it found; `difference` is None where all is well."""

    check: str
    compared: str
    difference: str | None = None


def verify(workspace: Workspace, progress: Progress | None = None) -> list[Finding]:
    """Compare log, state, pool, tags and segments with each other and with a computation from scratch.

    Needs the workspace for itself (no server may run). Applies what the log still holds first.
    """
    say = progress or (lambda _: None)
    worker = Worker(workspace)
    try:
        say("applying the log")
        worker.drain()
        findings = [_positions(workspace, worker)]
        say("identities from scratch")
        findings.append(_identity(workspace, worker, workspace.pool))
        if worker.index is not None:
            say("the behaviour index beside the table")
            findings += _behaviour(worker.index, workspace.pool)
        say("tags and segments from scratch")
        findings += _live(workspace)
        say("consent beside its ledger")
        findings.append(_consent(workspace))
        say("who went where in journeys")
        findings += _journeys(workspace)
        say("the pool from scratch")
        findings += _pool(workspace)
        return findings
    finally:
        worker.close()


def _positions(workspace: Workspace, worker: Worker) -> Finding:
    end, state, pool = workspace.log.end(), workspace.decided(), worker.offset
    difference = None if end == state == pool else f"log ends at {end}, state is at {state}, pool at {pool}"
    return Finding("positions", f"offset {end}", difference)


def _identity(workspace: Workspace, worker: Worker, pool: Engine) -> Finding:
    graph = worker.resolver.graph
    scratch = Resolver(workspace.state, worker.resolver.registry).graph
    kept = pool.query("SELECT identifier_id, customer_id FROM customer_of ORDER BY identifier_id")
    compared = f"{len(scratch)} identifiers, {scratch.edges} links"
    for name, other in (("in memory", graph.customer), ("in the pool", kept.column("customer_id").to_numpy())):
        if other.size != len(scratch):
            return Finding("identity", compared, f"{other.size} identifiers {name}")
        wrong = int(np.count_nonzero(other != scratch.customer))
        if wrong:
            return Finding("identity", compared, f"{wrong} identifiers have another customer {name}")
    if scratch.edges != graph.edges or (wrong := int(np.count_nonzero(graph.conclusions() != scratch.conclusions()))):
        return Finding("identity", compared, f"{wrong} links have another outcome in memory")
    wanted = scratch.status(np.arange(scratch.edges, dtype=np.int64))
    with workspace.state.read() as connection:
        stored = connection.execute(select(links.c.status, links.c.reason).order_by(links.c.id))
        wrong = sum(tuple(row) != want for row, want in zip(stored, wanted, strict=True))
    return Finding("identity", compared, f"{wrong} links have another outcome in the state" if wrong else None)


def _behaviour(index: BehaviourIndex, pool: Engine) -> list[Finding]:
    """Every event by the index and by the table: as many, and the same in all that an index always has."""
    with pool.read() as session:
        state = index.state(session)
        if state is None:
            return []
        total = session.query(
            f"""SELECT count(*) AS n, bit_xor({_EVENT}) AS digest
            FROM events e JOIN customer_of c USING (identifier_id)"""  # noqa: S608 a constant
        ).to_pylist()[0]
        owners = (
            session.query("SELECT DISTINCT customer_id FROM customer_of ORDER BY 1").column("customer_id").to_numpy()
        )
        count, digest = 0, 0
        for first in range(0, owners.size, _AT_ONCE):
            session.relation("_indexed", state.gather(owners[first : first + _AT_ONCE], _COMPARED))
            found = session.query(f"SELECT count(*) AS n, bit_xor({_EVENT}) AS digest FROM _indexed")  # noqa: S608
            count += found.column("n")[0].as_py()
            digest ^= found.column("digest")[0].as_py() or 0
    compared = f"{total['n']} events"
    if count != total["n"]:
        return [Finding("behaviour index", compared, f"{count} events in the index")]
    return [Finding("behaviour index", compared, None if digest == (total["digest"] or 0) else "other events in it")]


_COMPARED = ("identifier_id", "event", "time", "seq", "channel", "touchpoint")
_EVENT = "hash(customer_id, identifier_id, event, epoch_us(time), seq, channel, touchpoint)"
_AT_ONCE = 50_000


def _live(workspace: Workspace) -> list[Finding]:
    live = Live(workspace)
    now = workspace.clock.now()
    with workspace.pool.read() as session:
        return [
            Finding(f"{kind} {name}", f"{size} customers", None if not wrong else f"{wrong} customers differ")
            for kind, name, size, wrong in live.differences(session, now)
        ]


def _consent(workspace: Workspace) -> Finding:
    """What holds is the fold of the ledger, and the ledger has each word of the pool, and no other."""
    here = [name for name, word in WORDS.items() if word.here]
    spoken = workspace.pool.query(
        """SELECT seq FROM events WHERE event IN (SELECT unnest($words)) AND identifier_id >= 0
            AND (event NOT IN (SELECT unnest($here)) OR coalesce(nullif(message_channel, ''), channel, '') <> '')""",
        {"words": list(WORDS), "here": here},
    )
    with workspace.state.read() as connection:
        unlike = ledger.differences(connection)
        written = set(connection.execute(select(consent_ledger.c.seq).distinct()).scalars())
    apart = len(written ^ set(spoken.column("seq").to_pylist()))
    found = [f"states that are not what the ledger says: {unlike:,}"] if unlike else []
    found += [f"words in the pool or in the ledger alone: {apart:,}"] if apart else []
    return Finding("consent", f"{len(written):,} words", "; ".join(found) or None)


def _journeys(workspace: Workspace) -> list[Finding]:
    with workspace.state.read() as connection:
        return [
            Finding(f"journey {name}", f"{entered} entered", wrong) for name, entered, wrong in conserved(connection)
        ]


def _pool(workspace: Workspace) -> list[Finding]:
    with TemporaryDirectory(dir=workspace.data) as folder:
        path = Path(folder) / "pool.duckdb"
        build(workspace, path)
        fresh = workspace.open_pool(path)
        try:
            wanted = content_hashes(fresh)
        finally:
            fresh.close()
    found = content_hashes(workspace.pool)
    findings = []
    for table in sorted(set(wanted) | set(found)):
        rows, digest = found.get(table, (0, ""))
        other_rows, other_digest = wanted.get(table, (0, ""))
        difference = None
        if rows != other_rows:
            difference = f"{rows} rows, {other_rows} when made again"
        elif digest != other_digest:
            difference = "other contents when made again"
        findings.append(Finding(f"pool {table}", f"{rows} rows", difference))
    return findings
