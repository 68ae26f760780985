"""A year of a journey for everybody, in virtual time; beside it in the same run the naive interpreter, one customer
after the other, at the size it can do.

    script/bench backtest [--customers 50000] [--days 365] [--naive 50]

A cart story (hold, message by text with caps and quiet hours, wait of three days until the order, branch, reminder)
over made-up events: on average two carts, one and a half orders and five other events for each customer. `--customers
1000000` is the size of the target: ten minutes for a year. `sample`: what the console asks for, thirty days of ten
thousand customers.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from onepool.audience.catalog import load_catalog
from onepool.audience.conditions.reference import Event
from onepool.clock import FakeClock, to_micros
from onepool.journeys.backtest.run import backtest
from onepool.journeys.backtest.types import DAY, HOUR, Asked, Outcome
from onepool.journeys.parse import parse_journey
from onepool.state.bulk import insert_many
from onepool.state.consents import consent_states
from onepool.tick import marks
from onepool.workspace import Workspace, init_workspace

ROOT = Path(__file__).parent.parent
END = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TARGET_SECONDS, SAMPLE_SECONDS = 600, 5
PAID = {"did": "order_paid"}
BODY: dict[str, Any] = {
    "journey": "carts",
    "entry": {
        "did": "cart_added", "hold": {"for": "30 minutes", "unless": PAID},
        "reentry": {"when": "after_exit", "cooldown": "30 days"},
    },
    "experiment": {"holdout": 0.1, "respect_global_control": False},
    "policy": {
        "category": "service",
        "quiet": {"from": "22:00", "to": "09:00", "on_hit": "defer", "max_defer": "12 hours"},
        "caps": [
            {"count": 1, "per": "local_day", "scope": "journey"},
            {"count": 3, "per": "rolling 7 days", "scope": "category"},
        ],
        "expire_after": "24 hours",
    },
    "goal": {**PAID, "within": "7 days"},
    "max_life": "14 days",
    "start": "first",
    "nodes": {
        "first": {"do": "send", "message": "hello", "chain": [{"channel": "sms"}], "next": "wait", "else": "lost"},
        "wait": {"do": "wait", "for": "3 days", "until": PAID, "next": "check"},
        "check": {"do": "branch", "cases": [{"when": {**PAID, "since": "entry"}, "next": "done"}], "else": "again"},
        "again": {"do": "send", "message": "hello", "chain": [{"channel": "sms"}], "next": "done", "else": "lost"},
        "done": {"do": "end", "as": "completed"},
        "lost": {"do": "end", "as": "unreachable"},
    },
}  # fmt: skip
MESSAGE = {
    "message": "hello", "title": "Hello", "category": "service",
    "contents": [{"channel": "sms", "kind": "notice", "content": {"text": "hello"}}],
}  # fmt: skip
POLICY = {"policy": "default", "purposes": {"service": "service"}, "prices": {"sms": 0.05}, "windows": {}, "quiet": {}}
EACH = {"cart_added": 2.0, "order_paid": 1.5, "product_viewed": 5.0}


def workspace_in(folder: Path, customers: int, days: int) -> Workspace:
    """Customers with a phone number, consent told at the beginning, and events of the days before END."""
    workspace = init_workspace(folder, clock=FakeClock(END))
    workspace.save("touchpoint", "sms", {"touchpoint": "sms", "channel": "sms", "title": "sms"}, author="bench")
    workspace.save("touchpoint", "shop", {"touchpoint": "shop", "channel": "web"}, author="bench")
    workspace.definitions.save("message", "hello", MESSAGE, author="bench")
    workspace.definitions.save("policy", "default", POLICY, author="bench")
    begin = END - timedelta(days=days)
    params: dict[str, object] = {"n": customers, "at": begin - timedelta(days=30)}
    with workspace.pool.write() as session:  # type: ignore[attr-defined]
        marks.make(session)
        session.execute("INSERT INTO customer_of SELECT range, range FROM range(1, $n + 1)", {"n": customers})
        session.execute(
            """INSERT INTO identifiers BY NAME SELECT range AS identifier_id, 'phone' AS type, '' AS scope,
            '+86' || (13000000000 + range)::VARCHAR AS value, $at AS first_seen, $at AS last_seen, 0 AS generation
            FROM range(1, $n + 1)""",
            params,
        )
        session.execute("SELECT setseed(0.5)")
        total = round(sum(EACH.values()) * customers)
        names = "CASE " + " ".join(
            f"WHEN u < {sum(list(EACH.values())[: place + 1]) / sum(EACH.values())} THEN '{name}'"
            for place, name in enumerate(EACH)
        ) + " ELSE 'product_viewed' END"  # fmt: skip
        session.execute(
            f"""INSERT INTO events BY NAME SELECT (row_number() OVER (ORDER BY t)) << 20 AS seq, uuid() AS event_id,
                identifier_id, event, make_timestamptz(t) AS time, make_timestamptz(t) AS received_at, 'web' AS channel,
                'shop' AS touchpoint, CASE WHEN event = 'order_paid' THEN 100 END AS amount
            FROM (SELECT 1 + (random() * ($n - 1))::BIGINT AS identifier_id, {names} AS event,
                    $begin + (random() * $span)::BIGINT AS t
                FROM (SELECT random() AS u FROM range($total))) ORDER BY t""",
            {"n": customers, "begin": to_micros(begin), "span": days * DAY, "total": total},
        )
    consented(workspace, customers, to_micros(begin) - 20 * DAY)
    return workspace


def consented(workspace: Workspace, customers: int, at: int) -> None:
    """Everybody has agreed to service messages, as the fold of the ledger would have it."""
    names = [column.name for column in consent_states.columns]
    fixed: dict[str, Any] = {
        "purpose": "service",
        "category": "",
        "channel": "",
        "time": at,
        "granted": True,
        "action": "granted",
    }
    with workspace.state.write() as connection:
        rows = (
            tuple(number if name == "identifier_id" else number if name == "seq" else fixed.get(name) for name in names)
            for number in range(1, customers + 1)
        )
        insert_many(connection, insert(consent_states), names, rows)


def asked(days: int, customers: np.ndarray | None = None) -> Asked:
    end = to_micros(END)
    return Asked(BODY, end - days * DAY, end, customers)


def measured(workspace: Workspace, one: Asked) -> tuple[dict[str, Any], Outcome]:
    started, worked = time.perf_counter(), time.process_time()
    outcome = backtest(workspace, load_catalog(workspace).context, one)
    wall, cpu = time.perf_counter() - started, time.process_time() - worked
    return {
        "wall": round(wall, 2), "cpu": round(cpu, 2), "rounds": outcome.rounds, "cells": outcome.steps_taken,
        "entered": outcome.entered, "messages": outcome.sends.num_rows,
        "ended": outcome.counts("runs", "reason", [9]), "not_sent": outcome.counts("sends", "reason"),
    }, outcome  # fmt: skip


def naive(workspace: Workspace, customers: int, days: int, step: int) -> dict[str, Any]:
    """The same journey told plainly: one customer after the other, at the instants of a grid of `step` hours."""
    # It is the tests' own.
    sys.path.insert(0, str(ROOT))
    from tests.journeys.naive import Inputs, Naive, Standing, Version
    from tests.journeys.naive_gate import NaiveGate

    rows = workspace.pool.query(
        """SELECT c.customer_id, e.event, epoch_us(e.time) AS t, e.seq
        FROM events e JOIN customer_of c USING (identifier_id) WHERE c.customer_id <= $n ORDER BY e.time""",
        {"n": customers},
    ).to_pylist()
    ctx = load_catalog(workspace).context
    journey = parse_journey(BODY)
    grid, start, end = step * HOUR, to_micros(END) - days * DAY, to_micros(END)
    worked, entered = time.process_time(), 0
    for customer in range(1, customers + 1):
        interpreter = Naive(ctx, NaiveGate(None, lambda _: None, dict), lambda *_: None)  # type: ignore[arg-type]
        interpreter.standing["carts"] = Standing(Version(1, "carts", journey))
        mine = [row for row in rows if row["customer_id"] == customer]
        instants = sorted(
            {-(-row["t"] // grid) * grid for row in mine}
            | {-(-(row["t"] + 3 * DAY + HOUR) // grid) * grid for row in mine}
        )
        for at in instants:
            if at > end or at < start:
                continue
            events = [
                (customer, Event(row["seq"], row["event"], row["t"], row["t"]), str(uuid.UUID(int=row["seq"])))
                for row in mine if at - grid < row["t"] <= at
            ]  # fmt: skip
            for _, event, _ in events:
                interpreter.learn(customer, [event], [])
            outcomes = [
                (one.send_id, "send", "ACCEPTED", None, at, {}) for one in interpreter.sends.values()
                if one.state == "QUEUED"
            ]  # fmt: skip
            interpreter.step(Inputs(events, [], [], outcomes, [], []), at)
        entered += len(interpreter.runs)
    cpu = time.process_time() - worked
    return {
        "customers": customers,
        "cpu": round(cpu, 2),
        "entered": entered,
        "customers_per_cpu_second": round(customers / cpu, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--step", type=int, default=24, help="hours of a step of the naive interpreter")
    parser.add_argument("--sample", type=int, default=10_000)
    parser.add_argument("--naive", type=int, default=50, help="customers of the naive interpreter; 0: without it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = workspace_in(Path(folder) / "w", given.customers, given.days)
        warm = np.arange(1, 101, dtype=np.int64)
        measured(workspace, asked(30, warm))
        found: dict[str, Any] = {"customers": given.customers, "days": given.days}
        found["year"], _ = measured(workspace, asked(given.days))
        found["customers_per_cpu_second"] = round(given.customers / found["year"]["cpu"], 1)
        sample = np.arange(1, min(given.sample, given.customers) + 1, dtype=np.int64)
        found["sample"], _ = measured(workspace, asked(30, sample))
        found["megabytes"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        if given.naive:
            found["naive"] = naive(workspace, given.naive, given.days, given.step)
        workspace.close()
    found["targets"] = {
        "year_for_a_million_seconds": TARGET_SECONDS,
        # Below this size what a round costs at all hides what customers cost.
        "at_this_rate": round(1_000_000 / given.customers * found["year"]["wall"], 1)
        if given.customers >= 20_000
        else None,
        "sample_seconds": SAMPLE_SECONDS,
    }
    text = json.dumps(found, indent=2, default=str)
    target = ROOT / "bench" / "results" / "backtest.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
