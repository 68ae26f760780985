"""Messages brought along into the pool: a portion at a time, late writers too, and nothing copied for nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from onepool.journeys.world import messages
from onepool.journeys.world.messages import OVERLAP, Followed
from onepool.state import State
from onepool.state.outbox import sends

SECOND = 1_000_000
PLAIN: dict[str, Any] = {
    "customer_id": 1, "channel": "sms", "touchpoint": "sms", "kind": "notice", "message": "hello", "message_version": 1,
    "policy": 1, "category": "service", "priority": 1, "state": 2, "planned": 0,
}  # fmt: skip


class Pool:
    """What was brought over, by message."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[int, int]] = {}
        self.mark = self.swept = 0
        self.followed = Followed()
        self.copied = 0

    def follow(self, state: State, now: int) -> None:
        with state.read() as connection:
            self.mark, self.swept, parts = messages.changed(connection, self.mark, self.swept, now, self.followed)
        for part in parts:
            self.copied += part.num_rows
            for row in part.to_pylist():
                self.rows[row["send_id"]] = (row["state"], row["attempts"])


def written(state: State, number: int, at: int, attempts: int, *, new: bool) -> None:
    with state.write() as connection:
        if new:
            connection.execute(insert(sends).values(send_id=number, changed=at, attempts=attempts, **PLAIN))
        else:
            same = sends.c.send_id == number
            connection.execute(update(sends).where(same).values(changed=at, attempts=attempts, state=attempts % 5 + 2))


def held(state: State) -> dict[int, tuple[int, int]]:
    with state.read() as connection:
        return {one[0]: (one[1], one[2]) for one in connection.execute(
            select(sends.c.send_id, sends.c.state, sends.c.attempts))}  # fmt: skip


def last(state: State) -> int:
    with state.read() as connection:
        return int(connection.execute(select(func.max(sends.c.changed))).scalar_one())


@pytest.mark.parametrize("seed", range(6))
def test_late_writers_are_found(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever commits up to ten seconds after the instant that he wrote down: in the end the pool has it."""
    monkeypatch.setattr(messages, "PORTION", 3)
    chance = random.Random(seed)
    state, pool = State("sqlite://"), Pool()
    now, known = 1_000 * SECOND, 0
    for attempt in range(60):
        now += chance.randrange(3 * SECOND)
        late = now - chance.choice((0, 0, chance.randrange(SECOND), chance.randrange(OVERLAP)))
        new = known == 0 or chance.random() < 0.5
        known += new
        written(state, known if new else chance.randint(1, known), late, attempt, new=new)
        if chance.random() < 0.6:
            pool.follow(state, now)
        # Somebody else goes on from the marks.
        if chance.random() < 0.1:
            pool.followed = Followed()
    # Nobody writes any more: in the end all that came late is looked for once, and then nothing.
    while pool.mark < last(state):
        pool.follow(state, now)
    now += OVERLAP
    assert messages.unsure(pool.mark, pool.swept, now)
    pool.follow(state, now)
    assert not messages.unsure(pool.mark, pool.swept, now + OVERLAP)
    assert pool.rows == held(state)
    state.close()


def test_what_is_as_before_is_not_copied_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "PORTION", 4)
    state, pool = State("sqlite://"), Pool()
    now = 1_000 * SECOND
    for number in range(10):
        written(state, number + 1, now + number // 3, 0, new=True)
    pool.follow(state, now + SECOND)
    # A portion, and those that changed at the same instant as the last of it.
    assert pool.copied == 6
    while pool.mark < now + 3:
        pool.follow(state, now + SECOND)
    assert (pool.copied, pool.rows) == (10, held(state))
    for number in range(1, 6):
        written(state, 1, now + SECOND * number, number, new=False)
        pool.follow(state, now + SECOND * number)
    assert (pool.copied, pool.rows) == (15, held(state))
    state.close()
