"""A back-test in words: each customer's path with its messages as they would have been written; counts for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from onepool.audience.conditions.names import Context
from onepool.errors import OnePoolError
from onepool.journeys.backtest.types import HOUR, Asked, Outcome
from onepool.journeys.explain.entry import unmatched
from onepool.journeys.explain.words import Title, edge_words, named_words, title
from onepool.journeys.model import ApiEntry, EventEntry, SegmentEntry, SegmentLeaveEntry
from onepool.journeys.store import Standing
from onepool.pool import Session
from onepool.reach.messages import store as messages
from onepool.reach.messages.columns import Wording
from onepool.reach.messages.model import Content, Message
from onepool.reach.messages.sends import render_sends
from onepool.reach.states import SendState

PATHS: Final = 200
"""Customers whose path is told step by step."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it would have been. Instants are microseconds."""

    channel: str
    state: str
    reason: str | None
    title: str | None
    text: str | None
    planned: int
    due: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path."""

    at: int
    node: str | None
    edge: str
    what: Title
    send: Sent | None = None


@dataclass(slots=True)
class Path:
    """What one customer would have met with; `not_entered`: why there is none."""

    customer_id: int
    run_id: int | None = None
    entered: int | None = None
    ended: int | None = None
    reason: str | None = None
    not_entered: Title | None = None
    steps: list[Step] = field(default_factory=list)


def paths(
    session: Session,
    connection: Connection,
    ctx: Context,
    outcome: Outcome,
    asked: Asked,
    wording: Wording,
    *,
    base: str = "",
    hosts: Sequence[str] = (),
    most: int = PATHS,
) -> list[Path]:
    """Paths of the customers asked about (of those who entered first, where nobody in particular was); a customer who
    would have entered more than once has a path for each time. Steps have to be kept (`Asked.paths`)."""
    assert outcome.steps is not None
    rows = outcome.runs
    if outcome.told is not None:
        rows = rows.filter(pa.array(np.isin(rows.column("customer_id").to_numpy(), outcome.told)))
    runs = rows.sort_by([("entered", "ascending"), ("run_id", "ascending")]).to_pylist()
    wanted = _wanted(runs, asked, most)
    mine = [row for row in runs if row["customer_id"] in wanted]
    ids = np.array([row["run_id"] for row in mine], np.int64)
    keep = np.isin(outcome.sends.column("run_id").to_numpy(), ids)
    sends = outcome.sends.filter(pa.array(keep))
    written = _written(session, connection, sends, wording, base, hosts)
    steps: dict[int, list[dict[str, Any]]] = {}
    among = np.isin(outcome.steps.column("run_id").to_numpy(), ids)
    for row in outcome.steps.filter(pa.array(among)).to_pylist():
        steps.setdefault(row["run_id"], []).append(row)
    by_run: dict[int, dict[tuple[int, int, int], dict[str, Any]]] = {}
    for row in sends.to_pylist():
        by_run.setdefault(row["run_id"], {})[row["node"], row["visit"], row["hop"]] = row
    found = [
        Path(
            row["customer_id"], row["run_id"], row["entered"], row["ended"], row["reason"], None,
            _steps(outcome, steps.get(row["run_id"], []), by_run.get(row["run_id"], {}), written),
        )
        for row in mine
    ]  # fmt: skip
    missing = sorted(wanted - {row["customer_id"] for row in mine})
    refused = _refused(outcome, missing)
    for customer in missing:
        why = refused.get(customer) or _nothing(session, ctx, customer, outcome)
        found.append(Path(customer, not_entered=why))
    return found


def per_hour(outcome: Outcome) -> list[tuple[int, str, int]]:
    """(hour, channel, messages) of what went out."""
    state = outcome.sends.column("state").to_numpy()
    rows = outcome.sends.filter(pa.array((state >= SendState.ACCEPTED) & (state < SendState.SUPPRESSED)))
    if rows.num_rows == 0:
        return []
    hour = rows.column("claimed").to_numpy().astype(np.int64) // HOUR * HOUR
    counted = (
        pa.table({"hour": hour, "channel": rows.column("channel")})
        .group_by(["hour", "channel"])
        .aggregate([([], "count_all")])
    )
    return sorted((row["hour"], row["channel"], row["count_all"]) for row in counted.to_pylist())


def _wanted(runs: Sequence[Mapping[str, Any]], asked: Asked, most: int) -> set[int]:
    given = [] if asked.customers is None else asked.customers.tolist()
    if given and len(given) <= most:
        return set(given)
    return set(list(dict.fromkeys(row["customer_id"] for row in runs))[:most])


def _steps(
    outcome: Outcome,
    steps: Sequence[Mapping[str, Any]],
    sends: Mapping[tuple[int, int, int], Mapping[str, Any]],
    written: Mapping[int, tuple[str | None, str | None]],
) -> list[Step]:
    found = []
    told: set[int] = set()
    hop: dict[tuple[int, int], int] = {}
    for row in sorted(steps, key=lambda one: one["seq"]):
        send = None
        if row["edge"] == "hop":
            place = (row["node"], row["visit"])
            message = sends.get((*place, hop.get(place, 0)))
            reason = (row["detail"] or "").partition(":")[2]
            if message is not None and message["send_id"] not in told:
                told.add(message["send_id"])
                send = _sent(message, written)
            if reason and reason != "accepted":
                hop[place] = hop.get(place, 0) + 1
        task = outcome.tasks.get((row["run_id"], row["node"], row["visit"])) if row["edge"] == "next" else None
        what = edge_words(row["edge"], row["detail"]) if task is None else _task(task)
        found.append(Step(row["at"], outcome.node(row["node"]), row["edge"], what, send))
    return found


def _task(staff: str) -> Title:
    """A task, which is taken as done at once."""
    if not staff:
        return title(
            "没有专属导购的任务，等待分配（视为立即完成）", "a task that nobody has yet, taken as done at once"
        )
    return title(f"导购 {staff} 的任务（视为立即完成）", f"a task for {staff}, taken as done at once")


def _sent(row: Mapping[str, Any], written: Mapping[int, tuple[str | None, str | None]]) -> Sent:
    head, text = written.get(row["send_id"], (None, None))
    state = SendState(row["state"]).name.lower()
    return Sent(row["channel"], state, row["reason"], head, text, row["planned"], row["due"])


def _written(
    session: Session, connection: Connection, sends: pa.Table, wording: Wording, base: str, hosts: Sequence[str]
) -> dict[int, tuple[str | None, str | None]]:
    """(title, text) of each message, as far as its content can be written."""
    found: dict[int, tuple[str | None, str | None]] = {}
    kinds = sends.select(["message", "message_version", "template", "channel"]).group_by(
        ["message", "message_version", "template", "channel"]
    ).aggregate([])  # fmt: skip
    rows = sends.to_pylist()
    for kind in kinds.to_pylist():
        mine = [row for row in rows if all(row[name] == kind[name] for name in kind)]
        try:
            message = messages.load(connection, kind["message"], kind["message_version"] or None)
            content = content_of(message, kind["template"], kind["channel"])
            if content is None:
                continue
            table = pa.table(
                {
                    "customer_id": pa.array([row["customer_id"] for row in mine], pa.int64()),
                    "vars": pa.array([row["vars"] for row in mine], pa.string()),
                }
            )
            rendered = render_sends(session, message, content, table, wording, hosts=hosts, base=base)
        except OnePoolError:
            continue
        for row, body, problem in zip(mine, rendered.contents(), rendered.problems, strict=True):
            found[row["send_id"]] = (None, problem) if body is None else read(body)
    return found


def content_of(message: Message, template: str | None, channel: str) -> Content | None:
    """The content of a message that a hop sends."""
    return next((one for one in message.contents if one.channel == channel and template in (None, one.template)), None)


def read(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """(title, text) of a content as people read it; contents without a text are shown as data."""
    head = next((str(body[name]) for name in ("subject", "title") if body.get(name)), None)
    for name in ("text", "content", "html", "body"):
        if isinstance(body.get(name), str) and body[name]:
            return head, body[name]
    if isinstance(body.get("data"), Mapping):
        values = [one.get("value") if isinstance(one, Mapping) else one for one in body["data"].values()]
        return head, "\n".join(str(one) for one in values)
    return head, json.dumps(body, ensure_ascii=False)


def _refused(outcome: Outcome, customers: Sequence[int]) -> dict[int, Title]:
    """Why the executor let these not in: the last refusal of each."""
    assert outcome.steps is not None
    keep = np.isin(outcome.steps.column("customer_id").to_numpy(), np.array(customers, np.int64))
    found: dict[int, Title] = {}
    for row in outcome.steps.filter(pa.array(keep)).to_pylist():
        if row["node"] == -1 and (row["edge"].startswith("refused:") or row["edge"] == "not_qualified"):
            found[row["customer_id"]] = edge_words(row["edge"], None)
    return found


def _nothing(session: Session, ctx: Context, customer: int, outcome: Outcome) -> Title:
    journey = outcome.plan.definition
    entry = journey.entry
    if isinstance(entry, EventEntry):
        standing = Standing(journey.journey, "live", 1, outcome.start, outcome.start, "", None, "", None)
        missed = unmatched(session, ctx, customer, journey, standing, outcome.end, outcome.start)
        inside = [one for one in missed if one.at <= outcome.end]
        if inside:
            return inside[0].what
        called = named_words(ctx, f"event:{entry.did}")
        return title(f"期间没有发生「{called['zh']}」", f"{called['en']} did not happen in this time")
    if isinstance(entry, SegmentEntry | SegmentLeaveEntry):
        return title("期间没有进出该人群", "did not come into or leave the segment in this time")
    if isinstance(entry, ApiEntry):
        return title("期间没有接口调用", "no call was made for this customer in this time")
    return title("不在开始时的受众中", "was not in the audience at the start")


__all__ = ["Path", "Sent", "Step", "content_of", "paths", "per_hour", "read"]
