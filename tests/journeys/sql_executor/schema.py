"""The tables of the SQL statements, and the functions lent to SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.journeys import memory
from tests.journeys.naive_times import later, next_wall, zone_named

from onepool.audience.conditions.values import read_span
from onepool.journeys.keys import action_keys, bucket, event_origin, run_keys
from onepool.journeys.moments import Clock, LocalDays

TABLES = """
CREATE TABLE events (customer, seq, name, time, received, channel, touchpoint, event_id, cart_id, amount, coupon_code,
                     fresh);
CREATE INDEX events_of ON events (customer, name, time);
CREATE TABLE facts (customer, attribute, value, time, seq);
CREATE INDEX facts_of ON facts (customer, attribute, time);
CREATE TABLE runs (run_id INTEGER PRIMARY KEY, version, journey, customer, key, entered, arrived, now, but, trigger,
                   node, visit DEFAULT 0, hop DEFAULT 0, state, due, ended, reason, goal_at, life, seq DEFAULT 0,
                   vars DEFAULT '{}', nodes DEFAULT '{}', back DEFAULT '{}', why, pick);
CREATE INDEX runs_of ON runs (customer, version);
CREATE TABLE steps (run_id, seq, node, visit, edge, at);
CREATE TABLE sends (send_id INTEGER PRIMARY KEY, run_id, version, journey, customer, node, visit, hop, channel,
                    category, state, reason, planned, expires, due, claimed, told DEFAULT 0);
CREATE TABLE actions (key INTEGER PRIMARY KEY, run_id, node, visit, kind, created, said, done DEFAULT 0);
CREATE TABLE outcomes (key, what, state, reason, at, saved);
CREATE TABLE leaving (customer, segment, at);
CREATE TABLE arrivals (number INTEGER PRIMARY KEY, place, time, ord, customer, key, origin, trigger, but, run_id, why);
CREATE TABLE endings (run_id, time, rank, seq, reason);
"""


def opened(stock: Callable[[str, int, int], str | None]) -> sqlite3.Connection:
    """A database with the tables and the functions, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.executescript(TABLES)
    for name, count, function in (
        ("run_key", 4, lambda journey, who, key, origin: _one(run_keys(journey, _ints(who), [key], _ints(origin)))),
        ("action_key", 4, lambda run, node, visit, hop: _one(action_keys(_ints(run), node, _ints(visit), hop))),
        ("event_origin", 1, lambda event_id: _one(event_origin([event_id]))),
        ("bucket", 2, lambda salt, who: _one(bucket(salt, _ints(who)))),
        ("stock", 3, stock),
        ("missing", 2, lambda who, channel: memory.address(who, channel)[3]),
        ("suppressed", 2, memory.suppressed),
        ("consented", 2, lambda who, channel: int(memory.consented(who, channel))),
        ("months_later", 3, lambda at, months, zone: later(at, read_span(f"{months} months"), zone_named(None, zone))),
        ("days_later", 5, _days_later),
        ("wall_time", 5, _wall_time),
    ):
        connection.create_function(name, count, function, deterministic=True)
    return connection


def _days_later(at: int, days: int, clock: str | None, zone: str | None, default: str) -> int:
    span = LocalDays(days, None if clock is None else Clock(clock))
    return max(at, later(at, span, zone_named(zone, default)))


def _wall_time(at: int, clock: str, days: str, zone: str | None, default: str) -> int:
    return next_wall(at, Clock(clock), days.split(",") if days else None, zone_named(zone, default))


def _ints(value: int) -> Any:
    return np.array([value], np.int64)


def _one(found: Any) -> int:
    return int(found[0])
