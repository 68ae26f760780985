"""What `status` and `doctor` tell: positions, sizes, and what is wrong with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onepool.clock import to_micros
from onepool.errors import OnePoolError
from onepool.journeys.world.watch import watch
from onepool.pool.behaviour import status as behaviour
from onepool.pool.remote import RemoteEngine
from onepool.reach import coupons
from onepool.workspace import Workspace

LOW_DISK_BYTES = 1 << 30

_COUNTED = {
    "events": "events",
    "customers": "profiles",
    "identifiers": "identifiers",
    "orders": "orders",
    "quarantined": "quarantine",
}


def status(workspace: Workspace) -> dict[str, Any]:
    """Figures of a workspace, each under its name."""
    end, applied = workspace.log.end(), workspace.applied()
    figures: dict[str, Any] = {
        "workspace": str(workspace.root),
        "log_end": end,
        "applied": applied,
        "behind": end - applied,
    }
    for name in ("log.sqlite", "state.sqlite", "pool.duckdb"):
        path = workspace.data / name
        figures[f"{name}_mb"] = round(sum(p.stat().st_size for p in _with_journal(path)) / 1e6, 1)
    figures["behaviour_index"] = _behaviour(workspace)
    with workspace.state.read() as connection:
        seen = watch(connection, to_micros(workspace.clock.now()))
    figures |= {"journeys_live": seen.live, "runs_overdue": seen.overdue, "runs_never_woken": seen.never_woken}
    figures |= {"journeys_holding_back": len(seen.held_back), "held_back": sum(seen.held_back.values())}
    with workspace.pool.read() as session:
        for label, table in _COUNTED.items():
            figures[label] = session.query(f"SELECT count(*) AS n FROM {table}").column("n")[0].as_py()  # noqa: S608
        unknown = session.query(
            "SELECT event, sum(unknown)::BIGINT AS n FROM intake GROUP BY 1 HAVING n > 0 ORDER BY 2 DESC"
        )
    figures["unknown_events"] = sum(unknown.column("n").to_pylist())
    figures["unknown_names"] = ", ".join(unknown.column("event").to_pylist()[:10])
    return figures


def problems(workspace: Workspace) -> list[dict[str, str]]:
    """What is wrong, worst first, each with a severity (error, warning) and what to do."""
    found = list(_problems(workspace))
    return sorted(found, key=lambda row: row["severity"])


def _problems(workspace: Workspace) -> Iterator[dict[str, str]]:
    free = shutil.disk_usage(workspace.root).free
    if free < LOW_DISK_BYTES:
        yield _row("error", f"only {free // 1_000_000} MB of disk are free", "make room: a full disk stops collection")
    try:
        workspace.log.append([])
    except OnePoolError as error:
        yield _row("error", f"the log can't be written: {error}", "see the disk and the rights of the data folder")
    try:
        figures = status(workspace)
    except OnePoolError as error:
        yield _row("error", f"the pool can't be read: {error}", "run: onepool rebuild")
        return
    # A worker that was killed leaves its socket behind, but not its hold of the pool.
    running = isinstance(workspace.pool, RemoteEngine)
    if figures["behind"]:
        severity = "warning" if running else "error"
        hint = "wait, or see the server's output" if running else "run: onepool serve"
        yield _row(severity, f"{figures['behind']} requests wait to be applied", hint)
    if not running:
        yield _row("warning", "no server runs in this workspace", "run: onepool serve")
    index = behaviour.kept(workspace.data)
    if running and workspace.settings.behaviour.enabled and index is not None and index.due and not index.building:
        yield _row("warning", f"the behaviour index waits to be built: {index.due}", "see the server's output")
    with workspace.state.read() as connection:
        seen = watch(connection, to_micros(workspace.clock.now()))
        low = coupons.running_low(connection, to_micros(workspace.clock.now()))
    for journey, reason in seen.aside.items():
        yield _row("error", f"journey {journey} can't go on: {reason}", "mend its definition and publish it again")
    if seen.never_woken:
        yield _row("error", f"{seen.never_woken} runs of journeys can't be woken by anything", "run: onepool verify")
    if running and seen.overdue:
        late = f"{seen.overdue} runs of journeys are overdue, the first since {seen.oldest:.0f} s"
        yield _row("warning", late, "see whether the server's tick keeps up (behind, journeys' lag)")
    for journey, waiting in seen.held_back.items():
        full = (
            f"journey {journey} holds {waiting} back who are to enter: the accounts it sends over have all that they "
            "can send in 10 minutes, or in what is left of their day's quota"
        )
        yield _row("warning", full, "wait, or raise its pace; see whether it is paused or broken: onepool deliveries")
    for journey, (kind, done) in seen.underway.items():
        yield _row("warning", f"journey {journey}: {kind} of many runs is under way, {done} are done", "wait")
    for batch, left in low.items():
        yield _row("warning", f"only {left} codes of coupon {batch} are left", "raise its stock, or load more codes")
    if figures["quarantined"]:
        yield _row("warning", f"{figures['quarantined']} things are in quarantine", "run: onepool quarantine list")
    if not workspace.touchpoints():
        yield _row("warning", "there is no touchpoint", "write one in touchpoints/ and run: onepool apply")


def _behaviour(workspace: Workspace) -> str:
    if not workspace.settings.behaviour.enabled:
        return "off"
    found = behaviour.kept(workspace.data)
    if found is None or not found.serving:
        return "is being built" if found is not None and found.building else "none yet"
    said = f"{found.events} events, {found.tail} since, {found.moved} identifiers moved"
    return f"{said}; is being built anew: {found.due}" if found.building else said


def _row(severity: str, message: str, hint: str) -> dict[str, str]:
    return {"severity": severity, "message": message, "hint": hint}


def _with_journal(path: Path) -> list[Path]:
    return [p for p in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + ".wal")) if p.exists()]
