"""Tables of journeys: versions, runs, what each tick decided, work for associates."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from onepool.state.tables import Id, metadata

# Versions of journeys that were published, by the hash of their canonical JSON: what runs are bound to.
journey_versions = Table(
    "journey_versions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("journey", String(128), nullable=False),
    Column("version", Integer, nullable=False),  # of the definition
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON
    Column("nodes", Text, nullable=False),  # JSON: node ids in the order of their numbers (journeys/model.py)
    Column("published_at", BigInteger, nullable=False),
    Column("published_by", String(256), nullable=False),
    UniqueConstraint("journey", "version"),
)

# What a journey is doing. `version_id`: the one that new entries get; `entries_from`: events and changes before this
# instant start nothing.
journey_states = Table(
    "journey_states",
    metadata,
    Column("journey", String(128), primary_key=True),
    Column("status", String(16), nullable=False),  # live | paused | stopping | stopped
    Column("version_id", BigInteger, nullable=False),
    Column("entries_from", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", String(256), nullable=False),
    Column("next_at", BigInteger, nullable=True),  # of schedules and one-offs: the next start
    Column("metering", Text, nullable=False, default=""),  # JSON: entries let in of late, for `rate`
    Column("problem", Text, nullable=False, default=""),  # why the tick can't go on with it, without personal data
    Column("problem_at", BigInteger, nullable=True),
)

# One row per run; the integers are those of journeys/states.py and of the version's node numbers.
runs = Table(
    "runs",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),  # hash, see journeys/keys.py
    Column("version_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("key", String(128), nullable=False, default=""),
    Column("node", Integer, nullable=False),
    Column("visit", Integer, nullable=False, default=0),
    Column("hop", Integer, nullable=False, default=0),
    Column("state", Integer, nullable=False),
    Column("due", BigInteger, nullable=True),
    Column("entered", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=False),  # when it came to the present node
    Column("ended", BigInteger, nullable=True),
    Column("reason", String(64), nullable=True),  # of the end; of a chain that is going on: the last hop's
    Column("goal_at", BigInteger, nullable=True),
    Column("parent", BigInteger, nullable=True),  # the run that called this one
    Column("depth", Integer, nullable=False, default=0),  # how many runs called each other before this one
    Column("trigger", Text, nullable=True),  # JSON: what the definition names of the event that started it
    Column("vars", Text, nullable=True),  # JSON: what its nodes saved
    Column("seq", Integer, nullable=False, default=0),  # steps taken
)
Index("runs_customer", runs.c.customer_id)

SLOT: Final = 250_000
"""Microseconds to which the index of what is due tells instants apart: the grid on which steps happen by default."""

DUE_SLOT: Final = f"((due + {SLOT - 1}) / {SLOT})"
"""The first multiple of SLOT that is not before a run's `due`, counted from 1970. Within a slot the index has runs in
the order of their ids, as the table has them: steps that take very many write pages of both side by side."""

Index(
    "runs_due_slot",
    text(DUE_SLOT),
    runs.c.version_id,  # whose turn it is among very many that are due is told without reading their rows
    # Both databases use it only for queries that say the same words; paused runs are left out.
    sqlite_where=text("due IS NOT NULL AND state <> 5"),
    postgresql_where=text("due IS NOT NULL AND state <> 5"),
)
# Live runs that nothing would wake: there must be none, and looking must cost nothing.
_LOST = text("due IS NULL AND state < 5")
Index("runs_lost", runs.c.run_id, sqlite_where=_LOST, postgresql_where=_LOST)
Index("runs_version", runs.c.version_id, runs.c.state)
Index(
    "runs_parent", runs.c.parent, sqlite_where=runs.c.parent.is_not(None), postgresql_where=runs.c.parent.is_not(None)
)

# Ticks of the executor: how far each input was taken, digests, steps (Arrow, zstd) that the pool's tables fold.
journey_ticks = Table(
    "journey_ticks",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    Column("outcome", BigInteger, nullable=False),  # id of the last outcome taken
    Column("change", BigInteger, nullable=False),  # id of the last customer change taken
    Column("request", BigInteger, nullable=False),  # id of the last request taken
    Column("inputs", String(64), nullable=False),
    Column("outputs", String(64), nullable=False),
    Column("steps", LargeBinary, nullable=True),
    Column("touched", LargeBinary, nullable=True),  # ids of the runs that are other than before (zstd)
    Column("seconds", BigInteger, nullable=False, default=0),  # microseconds it took
)

# How many runs went over each edge of a version, by day (UTC days since 1970).
journey_edges = Table(
    "journey_edges",
    metadata,
    Column("version_id", BigInteger, primary_key=True, autoincrement=False),
    Column("node", Integer, primary_key=True, autoincrement=False),
    Column("edge", String(64), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)

# What people and systems ask of journeys, taken by the tick in order. `move`: runs of older versions go over to the
# version {"to": id} where it has their node, of the same kind; `stop_versions`: runs of all versions but
# {"except": id} end; `resume`: the journey goes on after a pause; `start`: a one-off begins now.
journey_requests = Table(
    "journey_requests",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("journey", String(128), nullable=False),
    Column("kind", String(16), nullable=False),  # enter | stop_run | start | resume | move | stop_versions
    Column("customer_id", BigInteger, nullable=True),
    Column("key", String(128), nullable=False, default=""),
    Column("fields", Text, nullable=False, default="{}"),  # JSON
    Column("author", String(256), nullable=False),
)

# What the executor has yet to take; both databases use these indexes only for queries that say the same words.
_EFFECTS = text("told = false AND concluded IS NOT NULL")
_TASKS = text("told = false AND closed IS NOT NULL")

# What runs write or call: values of customers (into the log), webhooks. The run waits until it is done and taken in.
journey_effects = Table(
    "journey_effects",
    metadata,
    Column("key", Id, primary_key=True, autoincrement=False),  # hash of run, node, visit
    Column("run_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("node", Integer, nullable=False),
    Column("visit", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # set_profile | tag | webhook
    Column("payload", Text, nullable=False),  # JSON, see journeys/executor/ports.py
    Column("status", String(16), nullable=False),  # waiting | logged | done | failed | cancelled
    Column("log_offset", BigInteger, nullable=True),  # of the record that was written
    Column("created", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),  # the run goes on without it then
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt", BigInteger, nullable=True),
    Column("concluded", BigInteger, nullable=True),
    Column("reason", String(64), nullable=True),
    Column("saved", Text, nullable=True),  # JSON: what a webhook answered, as far as it was asked for
    Column("told", Boolean, nullable=False, default=False),  # whether the executor has taken the outcome
    Index("journey_effects_status", "status", "next_attempt"),
    Index("journey_effects_run", "run_id"),
    Index("journey_effects_untold", "concluded", sqlite_where=_EFFECTS, postgresql_where=_EFFECTS),
)

# The audience of a one-off or of one start of a schedule, frozen; entries are let in at the journey's rate.
journey_audiences = Table(
    "journey_audiences",
    metadata,
    Column("journey", String(128), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("customers", LargeBinary, nullable=False),  # pyroaring bitmap of 64-bit ids
    Column("total", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False, default=0),  # let in so far, in the order of the ids
    Column("done", Boolean, nullable=False, default=False),
)

# Work for an associate (node `task`, tasks of channels that somebody has to confirm).
tasks = Table(
    "tasks",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("key", BigInteger, nullable=False, unique=True),  # as of sends: hash of run, node, visit, hop
    Column("run_id", BigInteger, nullable=True),
    Column("node", Integer, nullable=False, default=0),
    Column("visit", Integer, nullable=False, default=0),
    Column("customer_id", BigInteger, nullable=False),
    Column("journey", String(128), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False, default=""),
    Column("staff_id", String(128), nullable=False, default=""),
    Column("status", String(16), nullable=False),  # open | done | expired | cancelled
    Column("created", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=True),
    Column("closed", BigInteger, nullable=True),
    Column("closed_by", String(256), nullable=False, default=""),
    Column("result", String(64), nullable=False, default=""),
    Column("reminded", Integer, nullable=False, default=0),
    Column("reminded_at", BigInteger, nullable=True),
    Column("told", Boolean, nullable=False, default=False),  # whether the executor has taken the outcome
    Index("tasks_status", "status", "staff_id"),
    Index("tasks_customer", "customer_id"),
    Index("tasks_run", "run_id"),
    Index("tasks_untold", "closed", sqlite_where=_TASKS, postgresql_where=_TASKS),
)

# Of tasks that are confirmed together (one group-send task to many customers) all but the first name the first.
task_members = Table(
    "task_members",
    metadata,
    Column("task_id", Id, primary_key=True, autoincrement=False),
    Column("head", BigInteger, nullable=False),
    Index("task_members_head", "head"),
)

# What people say to each other about a journey or a step of it (`node`, by its name; null: the journey). No part of any
# version: it stays when the definition changes, also when the step is no more.
journey_comments = Table(
    "journey_comments",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("journey", String(128), nullable=False),
    Column("node", String(64), nullable=True),
    Column("text", Text, nullable=False),
    Column("author", String(256), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("resolved_by", String(256), nullable=False, default=""),
    Column("resolved_at", BigInteger, nullable=True),
    Index("journey_comments_of", "journey"),
)

# A second person's word on a version of a definition (journeys, messages, broadcasts, coupons).
approvals = Table(
    "approvals",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("name", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(16), nullable=False),  # asked | approved | refused | withdrawn
    Column("asked_by", String(256), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("decided_by", String(256), nullable=False, default=""),
    Column("decided_at", BigInteger, nullable=True),
    Column("note", Text, nullable=False, default=""),
    Index("approvals_of", "kind", "name", "version"),
    Index("approvals_status", "status"),
)
