"""What becomes of runs of older versions when another one is published: told before it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, func, select

from onepool.journeys.model import Journey
from onepool.journeys.states import LIVE
from onepool.journeys.store import OldRuns, versions
from onepool.state.journeys import runs

Stays = Literal["missing", "kind"]


@dataclass(frozen=True, slots=True)
class Fate:
    """Live runs of one version at one node, and what becomes of them. `why`: of those that stay though others move:
    the new version has no node of that id, or one of another kind."""

    version_id: int
    version: int
    node: str
    runs: int
    fate: Literal["finish", "move", "stop", "stays"]
    why: Stays | None = None


def fates(connection: Connection, name: str, new: Journey, old_runs: OldRuns) -> list[Fate]:
    """The runs under way, by version (latest first) and node, if `new` were published now."""
    found = []
    known = versions(connection, name)
    counted = connection.execute(
        select(runs.c.version_id, runs.c.node, func.count())
        .where(runs.c.version_id.in_([one.version_id for one in known]), runs.c.state.in_([int(one) for one in LIVE]))
        .group_by(runs.c.version_id, runs.c.node)
        .order_by(runs.c.node)
    ).all()
    for version in known:
        for version_id, number, count in counted:
            if version_id != version.version_id:
                continue
            node = version.nodes[number] if 0 <= number < len(version.nodes) else ""
            why = stays(version.definition, node, new) if old_runs == "move" else None
            fate: Literal["finish", "move", "stop", "stays"] = "stays" if why else old_runs
            found.append(Fate(version_id, version.version, node, int(count), fate, why))
    return found


def stays(old: Journey, node: str, new: Journey) -> Stays | None:
    """Why a run at a node can't go over to another version; None when it can. Held runs have no node to lose."""
    if node not in old.nodes:
        return None
    if node not in new.nodes:
        return "missing"
    return None if new.nodes[node].do == old.nodes[node].do else "kind"
