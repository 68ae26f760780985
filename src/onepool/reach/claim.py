"""Taking messages in hand: what may go out over an account now is asked again, once more within the transaction that
marks it as claimed. Whoever holds a `Claimed` may make its call; nobody else will.

A claim asks the pool first (guards, addresses, texts), then, in one transaction of the state: account and limits, runs
and programmes still going, the gate with reservation of caps, what platforms allow for one person, allowances.
Transactions that write come one after another (BEGIN IMMEDIATE; an advisory lock on PostgreSQL), so caps hold under any
number of claimers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from onepool.channels import registry
from onepool.channels.base import Manifest, Message, MessageKind
from onepool.channels.base.limits import under
from onepool.clock import from_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.pool import Session
from onepool.reach import accounts, allowances, policies, quotas, together, waiting
from onepool.reach.accounts import Standing
from onepool.reach.contents import Content, Contents
from onepool.reach.gate import PLANNED, gate
from onepool.reach.policy_model import Policy
from onepool.reach.rules import MINUTE, SendPolicy
from onepool.reach.states import SendState, perhaps_out
from onepool.reach.turns import candidates
from onepool.reach.world import LiveWorld
from onepool.state import State
from onepool.state.bulk import insert_many, update_many
from onepool.state.journeys import journey_states, runs
from onepool.state.outbox import broadcasts, send_attempts, sends
from onepool.state.schema import identifiers

RUN_PAUSED: Final = 5
"""As in journeys/states.py, which this room may not read; a test holds both together."""

RESEND_WITHIN: Final = 10 * MINUTE
"""For so long after a call platforms know its message again by the key; later a second call is a second message."""

_CHUNK: Final = 500
BROADCAST: Final = "broadcast:"
"""Before the number of a broadcast, where journeys have their name."""


class Guard(Protocol):
    """What a programme says of its messages when they are about to go out; journeys implement it."""

    def refused(self, session: Session, sends: pa.Table, at: int) -> Sequence[str | None]:
        """`guard_false`, `goal_reached`, `ended` or None for rows of send_id, run_id, version_id, node, customer_id."""
        ...


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message to send now. `row`: as it was before it was claimed; `number`: of the attempt."""

    row: Row[Any]
    number: int
    message: Message
    policy: SendPolicy
    kind: MessageKind
    at: int

    @property
    def send_id(self) -> int:
        return int(self.row.send_id)


@dataclass(frozen=True, slots=True)
class _Decision:
    """What is written of a message that is not claimed: values of `sends`."""

    state: SendState
    reason: str | None
    due: int | None = None

    def values(self, now: int) -> tuple[Any, ...]:
        final = self.state not in (SendState.DEFERRED, SendState.RETRY)
        return int(self.state), self.reason, self.due, now if final else None, now


class Claimer:
    """Claims for one process. `name`: its mark on the messages that it holds (at most 32 characters)."""

    def __init__(self, name: str, contents: Contents, guard: Guard | None, zone: ZoneInfo) -> None:
        self.name = name
        self._contents = contents
        self._guard = guard
        self._zone = zone

    def claim(
        self,
        session: Session,
        world: LiveWorld,
        state: State,
        touchpoint: Touchpoint,
        policy: Policy,
        now: int,
        most: int,
    ) -> list[Claimed]:
        """Claim at most so many messages of an account. `state`: where transactions begin; `now`: µs."""
        manifest = under(registry.channel(touchpoint.channel).manifest, touchpoint.settings)
        with state.read() as connection:
            standing = accounts.load(connection, touchpoint, policy, self._zone)
            allowed = standing.most(now)
            count = most if allowed is None else min(most, allowed)
            if count == 0:
                return []
            held = _held(connection)
            those = together.kinds(manifest)
            if those and allowed is None:
                held |= {f"{BROADCAST}{number}" for number in together.being_planned(connection, now)}
            rows, owed = candidates(connection, touchpoint.name, policy, standing, now, count, held)
            if those:
                more = 0 if allowed is not None else together.MOST
                rows = together.gathered(connection, touchpoint.name, rows, those, now, more)
            if not rows:
                return []
            rules = policies.stored(connection, (row.policy for row in rows))
            world.connection = connection
            self._decide(world, rows, rules, now)  # so that the pool was asked everything before the state is locked
        refused = self._refused(session, rows, now)
        contents = self._contents.of(session, state, touchpoint, [row for row in rows if row.send_id not in refused])
        with state.write() as connection:
            world.connection = connection
            turn = _Turn(self, connection, world, touchpoint, manifest, rules, refused, contents, now)
            standing = accounts.load(connection, touchpoint, policy, self._zone)
            claimed = turn.take(rows, standing)
            accounts.save_deficits(connection, touchpoint.name, owed)
            return claimed

    def _refused(self, session: Session, rows: Sequence[Row[Any]], now: int) -> dict[int, str]:
        """What journeys have against their messages."""
        mine = [row for row in rows if row.run_id is not None]
        if self._guard is None or not mine:
            return {}
        names = ("send_id", "run_id", "version_id", "node", "customer_id")
        asked = pa.table({name: pa.array([getattr(row, name) for row in mine], pa.int64()) for name in names})
        said = self._guard.refused(session, asked, now)
        return {row.send_id: reason for row, reason in zip(mine, said, strict=True) if reason is not None}

    def _decide(
        self, world: LiveWorld, rows: Sequence[Row[Any]], rules: Mapping[int, SendPolicy], now: int
    ) -> pa.Table:
        """The gate's answer for rows of the outbox."""
        order = sorted({row.policy for row in rows})
        place = {number: index for index, number in enumerate(order)}
        # A message stays at the account in whose outbox it is.
        given = {"staff": "staff_id"}
        columns = {}
        for field in PLANNED:
            if field.name == "policy":
                values = [place[row.policy] for row in rows]
            else:
                values = [getattr(row, given.get(field.name, field.name)) for row in rows]
            columns[field.name] = pa.array(values, field.type)
        world.deciding = frozenset(row.send_id for row in rows if _perhaps_out(row))
        return gate(pa.table(columns, schema=PLANNED), [rules[number] for number in order], world, now, reserve=True)


class _Turn:
    """One claim's transaction."""

    def __init__(
        self, claimer: Claimer, connection: Connection, world: LiveWorld, touchpoint: Touchpoint, manifest: Manifest,
        rules: Mapping[int, SendPolicy], refused: Mapping[int, str], contents: Mapping[int, Content], now: int,
    ) -> None:  # fmt: skip
        self._claimer = claimer
        self._connection = connection
        self._world = world
        self._touchpoint = touchpoint
        self._manifest = manifest
        self._kinds = {one.name: one for one in manifest.messages}
        self._rules = rules
        self._refused = refused
        self._contents = contents
        self._now = now
        self._decided: dict[int, _Decision] = {}
        self._faults: list[tuple[Row[Any], str]] = []

    def take(self, rows: Sequence[Row[Any]], standing: Standing) -> list[Claimed]:
        """Claim what may go out, note what became of the others."""
        allowed = standing.most(self._now)
        fresh = self._fresh([row.send_id for row in rows])
        fresh = fresh if allowed is None else fresh[:allowed]
        conforming = standing.buckets.conforming([row.kind for row in fresh], self._now)
        fresh = [row for row, may in zip(fresh, conforming, strict=True) if may]
        if not fresh:
            return []
        fresh = self._going(fresh)
        chosen, addresses = self._gated(fresh)
        chosen = self._written(chosen)
        chosen = self._permitted(chosen, addresses)
        claimed = self._mark(chosen, addresses)
        self._note()
        if claimed:
            for kind, count in Counter(one.kind.name for one in claimed).items():
                standing.buckets.take(count, self._now, kind)
            standing.breaker = standing.breaker.probing(self._now)
            accounts.save(self._connection, standing, self._now)
        return claimed

    def _fresh(self, numbers: Sequence[int]) -> list[Row[Any]]:
        """The messages that still wait, in the order given."""
        found: dict[int, Row[Any]] = {}
        for start in range(0, len(numbers), _CHUNK):
            some = sends.c.send_id.in_(numbers[start : start + _CHUNK])
            query = select(sends).where(some, sends.c.due <= self._now, waiting.WAITING)
            found |= {row.send_id: row for row in self._connection.execute(query)}
        # What may be out already counts before everything else to the same person.
        return sorted((found[number] for number in numbers if number in found), key=lambda row: not _perhaps_out(row))

    def _going(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Without those whose run has ended, or whose programme stands still."""
        held = _held(self._connection)
        wanted = sorted({row.run_id for row in rows if row.run_id is not None})
        known: dict[int, Row[Any]] = {}
        for start in range(0, len(wanted), _CHUNK):
            some = runs.c.run_id.in_(wanted[start : start + _CHUNK])
            query = select(runs.c.run_id, runs.c.ended, runs.c.state).where(some)
            known |= {row.run_id: row for row in self._connection.execute(query)}
        kept = []
        for row in rows:
            run = known.get(row.run_id)
            if _perhaps_out(row) and self._now - (row.claimed or 0) > RESEND_WITHIN:
                self._decided[row.send_id] = _Decision(SendState.UNKNOWN, "unknown")
            elif _perhaps_out(row) and (row.send_id in self._refused or _over(row, run)):
                # It is not called again; whether it went out is as open as before.
                self._decided[row.send_id] = _Decision(SendState.UNKNOWN, "unknown")
            elif _over(row, run):
                self._decided[row.send_id] = _Decision(SendState.CANCELLED, "ended")
            elif row.send_id in self._refused:
                reason = self._refused[row.send_id]
                state = SendState.SUPPRESSED if reason == "guard_false" else SendState.CANCELLED
                self._decided[row.send_id] = _Decision(state, reason)
            elif row.journey not in held and not (run is not None and run.state == RUN_PAUSED):
                kept.append(row)
        return kept

    def _gated(self, rows: list[Row[Any]]) -> tuple[list[Row[Any]], dict[int, tuple[int, str | None]]]:
        """Those that the gate lets through, with their addresses."""
        if not rows:
            return [], {}
        found = self._claimer._decide(self._world, rows, self._rules, self._now)
        columns = [found.column(name).to_pylist() for name in ("state", "reason", "due", "identifier_id", "staff_id")]
        kept, addresses = [], {}
        for row, state, reason, due, identifier, staff in zip(rows, *columns, strict=True):
            if state == SendState.QUEUED:
                kept.append(row)
                addresses[row.send_id] = (identifier, staff)
            elif _perhaps_out(row):
                # Platforms know a message again for some minutes only: later it would be a second one.
                self._decided[row.send_id] = _Decision(SendState.UNKNOWN, "unknown")
            else:
                self._decided[row.send_id] = _Decision(SendState(state), reason, due)
        return kept, addresses

    def _written(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Those whose texts could be written."""
        kept = []
        for row in rows:
            content = self._contents.get(row.send_id)
            if content is None:
                continue  # came in since: the next claim has it
            if content.problem is None:
                kept.append(row)
                continue
            self._decided[row.send_id] = _failed(row, "template_error")
            self._faults.append((row, content.problem))
        return kept

    def _permitted(self, rows: list[Row[Any]], addresses: Mapping[int, tuple[int, str | None]]) -> list[Row[Any]]:
        """Those that the platform takes of this account for these persons; allowances are used up."""
        over = quotas.exceeded(self._connection, self._manifest, self._touchpoint.name, rows, addresses, self._now,
                               self._claimer._zone)  # fmt: skip
        kept = []
        for row in rows:
            kind = self._kinds[row.kind]
            # What may have gone out has used up its allowance.
            spent = _perhaps_out(row) or (
                row.send_id not in over and self._spend(kind, addresses[row.send_id][0], row.send_id)
            )
            if row.send_id in over or not spent:
                self._decided[row.send_id] = _failed(row, "over_limit")
            else:
                kept.append(row)
        return kept

    def _spend(self, kind: MessageKind, identifier: int, number: int) -> bool:
        if kind.allowance is None:
            return True
        per = per_of(self._manifest, kind, self._contents[number].content)
        now = from_micros(self._now)
        return allowances.spend(self._connection, self._touchpoint.name, identifier, kind.allowance, now, per)

    def _mark(self, rows: Sequence[Row[Any]], addresses: Mapping[int, tuple[int, str | None]]) -> list[Claimed]:
        """Claim rows, and note that their calls begin."""
        if not rows:
            return []
        known = _identifiers(self._connection, [addresses[row.send_id][0] for row in rows])
        names = ("state", "claimed", "claimer", "attempts", "identifier_id", "staff_id", "deadline", "changed")
        change = (
            update(sends).where(sends.c.send_id == bindparam("of")).values({n: bindparam(f"to_{n}") for n in names})
        )
        changed, begun, claimed = [], [], []
        for row in rows:
            identifier, staff = addresses[row.send_id]
            policy, number = self._rules[row.policy], row.attempts + 1
            deadline = None if policy.accept_within is None else row.planned + policy.accept_within
            changed.append((int(SendState.CLAIMED), self._now, self._claimer.name, number, identifier, staff, deadline,
                            self._now, row.send_id))  # fmt: skip
            begun.append((row.send_id, number, self._now, "calling", ""))
            kind, value = known[identifier]
            to = {kind: value} | ({"staff_id": staff} if staff else {})
            message = Message(row.kind, to, self._contents[row.send_id].content, key_of(row.send_id))
            claimed.append(Claimed(row, number, message, policy, self._kinds[row.kind], self._now))
        update_many(self._connection, change, [*(f"to_{name}" for name in names), "of"], changed)
        insert_many(self._connection, insert(send_attempts), ("send_id", "number", "at", "state", "detail"), begun)
        return claimed

    def _note(self) -> None:
        """Write what was decided about messages that do not go out now."""
        names = ("state", "reason", "due", "concluded", "changed")
        change = (
            update(sends).where(sends.c.send_id == bindparam("of")).values({n: bindparam(f"to_{n}") for n in names})
        )
        rows = [(*decision.values(self._now), number) for number, decision in self._decided.items()]
        update_many(self._connection, change, [*(f"to_{name}" for name in names), "of"], rows)
        columns = ("send_id", "number", "at", "ended", "state", "reason", "detail")
        tried = [
            (row.send_id, row.attempts + 1, self._now, self._now, "refused", "template_error", problem[:1000])
            for row, problem in self._faults
        ]
        insert_many(self._connection, insert(send_attempts), columns, tried)


def _over(row: Row[Any], run: Row[Any] | None) -> bool:
    """Whether the run of a message is over."""
    return row.run_id is not None and (run is None or run.ended is not None)


def _perhaps_out(row: Row[Any]) -> bool:
    """Whether a message is to be called again because nobody can tell whether it went out."""
    return perhaps_out(row.state, row.reason)


def _failed(row: Row[Any], reason: str) -> _Decision:
    """It can't be called (again): whether it went out before is as open as before."""
    if _perhaps_out(row):
        return _Decision(SendState.UNKNOWN, "unknown")
    return _Decision(SendState.FAILED, reason)


def key_of(send_id: int) -> str:
    """A message's key for platforms: the same for every attempt."""
    return f"{send_id:016x}"


def per_of(manifest: Manifest, kind: MessageKind, content: Mapping[str, Any]) -> str:
    """What tells the allowances of a kind apart (the template of a subscription); empty where nothing does."""
    fields = {one.per for one in manifest.windows if one.allowance == kind.allowance and one.per}
    return next((str(content.get(field) or "") for field in sorted(fields)), "")


def _held(connection: Connection) -> set[str]:
    """Journeys and broadcasts whose messages are not to go out at the moment."""
    t, b = journey_states.c, broadcasts.c
    held = set(connection.execute(select(t.journey).where(t.status.in_(("paused", "stopping")))).scalars())
    paused = connection.execute(select(b.id).where(b.status.in_(("paused", "cancelled"))))
    return held | {f"{BROADCAST}{number}" for number in paused.scalars()}


def _identifiers(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Type and value by id."""
    found: dict[int, tuple[str, str]] = {}
    wanted = sorted(set(numbers))
    for start in range(0, len(wanted), _CHUNK):
        t = identifiers.c
        some = t.id.in_(wanted[start : start + _CHUNK])
        rows = connection.execute(select(t.id, t.type, t.value).where(some))
        found |= {row.id: (row.type, row.value) for row in rows}
    return found
