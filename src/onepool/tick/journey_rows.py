"""What a step of journeys leaves in the state beside what it decided (its own row, why a journey rests), and up to when
it may believe what it reads."""

from __future__ import annotations

import hashlib

import numpy as np
from sqlalchemy import Connection, and_, insert, select, update

from onepool.channels import registry
from onepool.collect.files.underway import importing
from onepool.journeys.executor.ports import Step
from onepool.journeys.world import fold
from onepool.journeys.world.inputs import Cut, digest_of
from onepool.state.journeys import journey_states, journey_ticks
from onepool.state.schema import streams
from onepool.workspace import Workspace


def anything(done: Cut, step: Step) -> bool:
    """Whether a step took or decided anything but the passing of events that mean nothing to journeys."""
    before, after = done.before, done.after
    if (before.outcome, before.change, before.request) != (after.outcome, after.change, after.request):
        return True
    told = done.sends.size + done.effects.size + done.tasks.size
    return bool(told or len(step.runs) or step.removed.size or step.steps.num_rows or step.changes or step.audiences)


def record(connection: Connection, done: Cut, step: Step, seconds: int) -> int:
    """Write the row of a step that took so many microseconds. Returns its number."""
    packed = fold.pack(step.steps)
    inputs = hashlib.blake2b(digest_of(done.inputs), digest_size=16)
    inputs.update(f"{done.before.log_offset}:{done.after.log_offset}".encode())
    outputs = hashlib.blake2b(packed or b"", digest_size=16)
    outputs.update(np.ascontiguousarray(step.runs.run_id).tobytes())
    outputs.update(
        np.ascontiguousarray(step.sends.column("send_id").to_numpy()).tobytes() if step.sends.num_rows else b""
    )
    after = done.after
    values = {
        "at": after.at,
        "log_offset": after.log_offset,
        "outcome": after.outcome,
        "change": after.change,
        "request": after.request,
        "inputs": inputs.hexdigest(),
        "outputs": outputs.hexdigest(),
        "steps": packed,
        "touched": fold.touched(np.concatenate([step.runs.run_id, step.removed])),
        "seconds": seconds,
    }
    return int(connection.execute(insert(journey_ticks).values(**values).returning(journey_ticks.c.id)).scalar_one())


def problem(connection: Connection, journey: str, reason: str, at: int | None) -> None:
    """Say why a journey can't go on, and since when (empty: it goes on)."""
    table = journey_states
    other = and_(table.c.journey == journey, table.c.problem != reason)
    connection.execute(update(table).where(other).values(problem=reason, problem_at=at))


def fresh(workspace: Workspace, connection: Connection, at: int) -> int:
    """Up to when data is complete, as far as can be known: microseconds, at most `at`.

    Counted is everything that is fetched by itself: a stream up to its last run that went through, and one that never
    did (since its touchpoint was connected, or with every run failing) as far behind as can be (0). Touchpoints that
    are paused or have no settings are not fetched, so they hold up nobody. What is pushed is complete up to the step:
    nobody can tell that a push is still to come. Files are complete up to what was imported last, and nobody says when
    the next one comes: they are not waited for, so a shop whose orders come by files alone is known as it was then. But
    while one is being taken in nobody knows what the rest of it says, be it of years ago (0); what it wrote is applied
    before any step behind it.
    """
    if importing(workspace.data):
        return 0
    rows = connection.execute(select(streams.c.touchpoint, streams.c.stream, streams.c.done_at))
    done = {(row.touchpoint, row.stream): row.done_at or 0 for row in rows}
    found = [at]
    for name, touchpoint in workspace.touchpoints().items():
        channel = registry.find(touchpoint.channel)
        if touchpoint.paused or channel is None or not touchpoint.settings:
            continue
        fetched = (one for one in channel.streams_for(touchpoint.settings).values() if one.every > 0)
        found += [done.get((name, one.name), 0) for one in fetched]
    return min(found)
