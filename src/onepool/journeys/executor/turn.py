"""What one step works on: the runs at hand as columns, and what was decided about them so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from onepool.journeys.executor.book import Book
from onepool.journeys.executor.columns import FOREVER, I64, NONE, Bools, Runs, Texts, texts
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import MERGES, MOST_DUE, STEPS, Audience, Clocks, Inputs, StateChange, World
from onepool.journeys.executor.times import Zones, known_zone, later
from onepool.journeys.keys import lots
from onepool.journeys.states import GOAL, RunState
from onepool.reach.keys import distinct
from onepool.reach.rules import SendPolicy

TO_DO = NONE
"""`hop` of a paused run that came to its node and has not begun there."""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


class Turn:
    """The runs that a step has in hand, each once. Places are indexes into `runs`.

    `moment`: each ready run's own time; `but`: seq of the event that started it in this step; `fresh`: entered in this
    step; `before`: the runs as the state has them; `dirty`: other than there; `created`: not in the state yet;
    `removed`: to be taken out of it; `rehomed`: of another customer or version; `forced`: ended from outside;
    `whole`: events of all the past are looked at, since the run or its customer is new to it. `overdue`: why the
    messages of runs were given up whose deadline is over, by run; `again`: requests that a later step goes on with;
    `most`: runs that one step takes in hand for a request; `first`: what is done first with all runs (their places)
    that are taken in hand later in this step, since a request is about more runs than one step takes.
    """

    def __init__(
        self, book: Book, world: World, at: int, clocks: Clocks | None = None, *, most: int = MOST_DUE
    ) -> None:
        self.book = book
        self.world = world
        self.at = at
        self.most = most
        self._clocks = clocks
        self.runs = Runs.empty()
        self.before = Runs.empty()
        self.moment = np.empty(0, np.int64)
        self.but = np.empty(0, np.int64)
        self.fresh = np.empty(0, np.bool_)
        self.dirty = np.empty(0, np.bool_)
        self.created = np.empty(0, np.bool_)
        self.removed = np.empty(0, np.bool_)
        self.rehomed = np.empty(0, np.bool_)
        self.forced = np.empty(0, np.bool_)
        self.whole = np.empty(0, np.bool_)
        self._order = np.empty(0, np.int64)
        self._sorted = np.empty(0, np.int64)
        self._steps: list[dict[str, object]] = []
        self.sends: list[pa.Table] = []
        self.policies: list[SendPolicy] = []
        self.effects: list[tuple[object, ...]] = []
        self.tasks: list[tuple[object, ...]] = []
        self.tasks_gone: list[I64] = []
        self.gone: list[tuple[int, int, str]] = []
        self.cancelled: list[tuple[I64, Texts]] = []
        self.ended: list[I64] = []
        self.audiences: list[Audience] = []
        self.changes: list[StateChange] = []
        self.more = False
        self.again: list[dict[str, object]] = []
        self.inputs = Inputs()
        self.overdue: dict[int, str | None] = {}
        self.merges = MERGES.empty_table()
        self.erased = np.empty(0, np.int64)
        self.metering = dict(book.metering)
        self.first: list[Callable[[I64], object]] = []
        self._rooms: dict[int, int | None] = {}

    # ------------------------------------------------------------------------------------------------- which runs

    def hold(self, more: Runs, *, new: bool = False, moment: I64 | None = None, but: I64 | None = None) -> I64:
        """Take runs in hand, each once; those already there stay as they are. Returns the places of all of them."""
        ids = more.run_id
        found = self.places(ids)
        picked = np.flatnonzero(found < 0)
        if picked.size == 0:
            return found
        start, count = len(self.runs), picked.size
        part = more if count == ids.size else more.take(picked)
        self.before = Runs.joined([self.before, part]) if start else part.copy()
        self.runs = Runs.joined([self.runs, part]) if start else part
        nothing = np.full(count, NONE, np.int64)
        self.moment = np.concatenate([self.moment, nothing if moment is None else moment[picked]])
        self.but = np.concatenate([self.but, nothing if but is None else but[picked]])
        flags, none = np.full(count, new, np.bool_), np.zeros(count, np.bool_)
        for name in ("fresh", "dirty", "created", "whole"):
            setattr(self, name, np.concatenate([getattr(self, name), flags]))
        for name in ("removed", "forced", "rehomed"):
            setattr(self, name, np.concatenate([getattr(self, name), none]))
        found[picked] = np.arange(start, start + count)
        self._order = np.argsort(self.runs.run_id, kind="stable")
        self._sorted = self.runs.run_id[self._order]
        for act in self.first if not new else ():
            act(found[picked])
        return found

    def places(self, run_ids: Sequence[int] | I64) -> I64:
        """The places of runs, -1 for those not in hand."""
        ids = np.asarray(run_ids, np.int64)
        if self._sorted.size == 0 or ids.size == 0:
            return np.full(ids.size, -1, np.int64)
        at = np.minimum(np.searchsorted(self._sorted, ids), self._sorted.size - 1)
        return np.where(self._sorted[at] == ids, self._order[at], -1)

    def look_back(self, rows: I64) -> None:
        """Look at all that the pool has for these runs: what the customer did became theirs just now."""
        self.whole[rows] = True

    def live(self) -> Bools:
        """Which runs still take part."""
        found: Bools = (self.runs.state != RunState.ENDED) & ~self.removed
        return found

    def by_version(self, rows: I64) -> Iterator[tuple[Plan, I64]]:
        """Rows by version, the oldest version first; those of versions that can't be read rest."""
        versions = self.runs.version_id[rows]
        for version in distinct(versions).tolist():
            plan = self.book.plans.get(version)
            if plan is not None:
                yield plan, rows[versions == version]

    def ordered(self, rows: I64) -> I64:
        """By the runs' own time, then by id."""
        return rows[np.lexsort((self.runs.run_id[rows], self.moment[rows]))]

    def drawn(self, rows: I64) -> I64:
        """By the runs' own time, then by lot: the order in which scarce things are given out."""
        return rows[np.lexsort((lots(self.runs.run_id[rows]), self.moment[rows]))]

    # ------------------------------------------------------------------------------------------- what happens to them

    def note(
        self, rows: I64, edge: str | Sequence[str], at: I64, detail: str | Texts | None = None, node: int | None = None
    ) -> None:
        """Record a step of each run at its present node."""
        if rows.size == 0:
            return
        runs = self.runs
        self._steps.append(
            {
                "run_id": runs.run_id[rows],
                "version_id": runs.version_id[rows],
                "customer_id": runs.customer_id[rows],
                "seq": runs.seq[rows],
                "node": runs.node[rows] if node is None else np.full(rows.size, node, np.int64),
                "visit": runs.visit[rows],
                "edge": edge,
                "at": at,
                "detail": detail,
            }
        )
        runs.seq[rows] += 1
        self.dirty[rows] = True

    def note_strangers(self, run_ids: I64, version: int, customers: I64, edges: Sequence[str] | str, at: I64) -> None:
        """Record what became of those who might have entered."""
        if run_ids.size == 0:
            return
        zero = np.zeros(run_ids.size, np.int64)
        self._steps.append(
            {"run_id": run_ids, "version_id": np.full(run_ids.size, version, np.int64), "customer_id": customers,
             "seq": zero, "node": zero - 1, "visit": zero, "edge": edges, "at": at, "detail": None}
        )  # fmt: skip

    def go(
        self, rows: I64, plan: Plan, label: str, detail: str | Texts | None = None, reason: Texts | None = None
    ) -> None:
        """Send runs over an edge of their (one) node, at their own time: they are ready at the next one."""
        if rows.size == 0:
            return
        self.note(rows, label, self.moment[rows], detail)
        runs = self.runs
        target = plan.target(int(runs.node[rows[0]]), label)
        runs.node[rows] = target
        runs.hop[rows] = 0
        runs.reason[rows] = None if reason is None else reason
        self.arrive(rows, plan, target)

    def arrive(self, rows: I64, plan: Plan, node: int) -> None:
        runs = self.runs
        runs.arrived[rows] = self.moment[rows]
        runs.state[rows] = RunState.READY
        runs.due[rows] = self.moment[rows]
        if node in plan.anchored:
            self.put_vars(rows, "@" + plan.names[node], self.moment[rows].tolist())

    def wait(self, rows: I64, state: RunState, due: I64, plan: Plan) -> None:
        """Leave runs where they are until something comes, at most until `due` or the end of their life."""
        runs = self.runs
        runs.state[rows] = state
        runs.due[rows] = np.minimum(due, self.life_end(rows, plan))
        self.dirty[rows] = True

    def finish(self, rows: I64, reason: str, at: I64 | None = None) -> None:
        """End runs. `at`: when (default: their own time); never before they came where they are."""
        if rows.size == 0:
            return
        runs = self.runs
        moment = np.maximum(self.moment[rows] if at is None else at, runs.arrived[rows])
        self.note(rows, f"end:{reason}", moment)
        self._end(rows, reason, moment)

    def _end(self, rows: I64, reason: str, moment: I64) -> None:
        runs = self.runs
        runs.state[rows] = RunState.ENDED
        runs.ended[rows] = moment
        runs.due[rows] = NONE
        runs.reason[rows] = reason
        self.dirty[rows] = True
        self.ended.append(rows)

    def withhold(self, rows: I64) -> None:
        """End runs of the hold-out instead of beginning them."""
        self.note(rows, "holdout", self.moment[rows])
        self._end(rows, "holdout", self.moment[rows])

    def cancel(self, rows: I64, reason: str) -> None:
        """End runs from outside: what they planned and nobody claimed is cancelled too."""
        self.forced[rows] = True
        why = "goal_reached" if reason == GOAL else "erased" if reason == "erased" else "ended"
        self.cancelled.append((self.runs.run_id[rows], texts(why, rows.size)))

    def remove(self, rows: I64) -> None:
        """Take held runs away."""
        self.removed[rows] = True
        self.runs.state[rows] = RunState.ENDED

    def park(self, rows: I64) -> None:
        """Leave ready runs of a resting journey where they are."""
        runs = self.runs
        runs.state[rows] = RunState.PAUSED
        runs.hop[rows] = TO_DO
        runs.due[rows] = self.moment[rows]
        self.dirty[rows] = True

    # ----------------------------------------------------------------------------------------------- what they carry

    def clock(self, customers: I64) -> I64:
        """The instant at which each customer is looked at: the step's, but in back-tests (see `Clocks`)."""
        return np.full(customers.size, self.at, np.int64) if self._clocks is None else self._clocks.of(
            customers, self.at
        )  # fmt: skip

    def now(self, rows: I64) -> I64:
        """The same of runs."""
        return self.clock(self.runs.customer_id[rows])

    def room(self, plan: Plan) -> int | None:
        """How many more may begin, of an audience or by themselves, until all accounts are full over which they could
        get a message at once (see `Plan.doors`); None: any number."""
        if plan.version_id not in self._rooms:
            rooms = [self.world.room(door) for door in plan.doors]
            known = [one for one in rooms if one is not None]
            self._rooms[plan.version_id] = max(known) if known and len(known) == len(rooms) else None
        return self._rooms[plan.version_id]

    def let_in(self, plan: Plan, count: int) -> None:
        """So many begin, of an audience or by themselves: others have that much less room until the accounts are looked
        at again."""
        if self.room(plan) is not None:
            self.world.let_in(plan.doors, count)
            self._rooms.clear()

    def life_end(self, rows: I64, plan: Plan) -> I64:
        return later(self.runs.entered[rows], plan.definition.max_life, plan.zone)

    def zones(self, rows: I64, plan: Plan) -> Zones:
        """Whose wall clock counts for each run."""
        attribute = plan.zone_attribute
        if attribute is None:
            return Zones([plan.zone], np.zeros(rows.size, np.int64))
        found = self.world.attributes(self.runs.customer_id[rows], [attribute]).column(attribute).to_pylist()
        named = [one if known_zone(one) else plan.zone for one in found]
        names = sorted(set(named))
        place = {name: number for number, name in enumerate(names)}
        return Zones(names, np.array([place[one] for one in named], np.int64))

    def vars_of(self, rows: I64) -> list[dict[str, object]]:
        return [_decode(one) if one else {} for one in self.runs.vars[rows].tolist()]

    def trigger_of(self, rows: I64) -> list[dict[str, object]]:
        return [_decode(one) if one else {} for one in self.runs.trigger[rows].tolist()]

    def put_vars(self, rows: I64, name: str, values: Sequence[object]) -> None:
        """Save a value of each run (None: forget it)."""
        kept = self.runs.vars[rows].tolist()
        found = np.empty(rows.size, object)
        for place, (text, value) in enumerate(zip(kept, values, strict=True)):
            said = _decode(text) if text else {}
            if value is None:
                said.pop(name, None)
            else:
                said[name] = value
            found[place] = _encode(said).decode() if said else None
        self.runs.vars[rows] = found
        self.dirty[rows] = True

    def asked(self, rows: I64) -> pa.Table:
        """The runs as conditions are asked of them."""
        runs = self.runs
        return pa.table(
            {
                "run_id": runs.run_id[rows],
                "customer_id": runs.customer_id[rows],
                "entered": runs.entered[rows],
                "trigger": pa.array(runs.trigger[rows], pa.string()),
                "vars": pa.array(runs.vars[rows], pa.string()),
                "now": self.now(rows),
            }
        )

    def windows(self, rows: I64, first: I64, last: I64) -> pa.Table:
        """The runs as events are sought for them."""
        found = self.asked(rows)
        for name, values in (("first", first), ("last", last), ("but", self.but[rows])):
            found = found.append_column(name, pa.array(values))
        return found

    # -------------------------------------------------------------------------------------------------- the outcome

    def keep(self, decided: pa.Table, policy: SendPolicy) -> None:
        """Put messages into the outbox, all of one policy."""
        if policy not in self.policies:
            self.policies.append(policy)
        place = pa.scalar(self.policies.index(policy), pa.int32())
        self.sends.append(
            decided.set_column(decided.column_names.index("policy"), "policy", pa.repeat(place, decided.num_rows))
        )

    def steps(self) -> pa.Table:
        """STEPS of all of it, in the order in which it was decided."""
        parts = []
        for one in self._steps:
            at = one["at"]
            assert isinstance(at, np.ndarray)
            columns = []
            for name, kind in zip(STEPS.names, STEPS.types, strict=True):
                value = one[name]
                if value is None or isinstance(value, str):
                    columns.append(pa.repeat(pa.scalar(value, pa.string()), at.size))
                elif pa.types.is_string(kind):
                    columns.append(pa.array(value, pa.string()))
                else:
                    columns.append(pa.array(value).cast(kind))
            parts.append(pa.Table.from_arrays(columns, schema=STEPS))
        return pa.concat_tables(parts).combine_chunks() if parts else STEPS.empty_table()


def called_key(node: str, visit: int) -> str:
    """The key of a run that another one called from a node."""
    return f"{node}:{visit}"


def until(instants: I64) -> I64:
    """Open ends as the largest number."""
    return np.where(instants == NONE, FOREVER, instants)


def resolved(value: object, carried: Mapping[str, object]) -> object:
    """A value of a definition with what a run carries in the place of `$trigger.x` and `$vars.x` (missing: None)."""
    if isinstance(value, str) and value.startswith(("$trigger.", "$vars.")):
        return carried.get(value[1:])
    if isinstance(value, Mapping):
        return {key: resolved(one, carried) for key, one in value.items()}
    if isinstance(value, list):
        return [resolved(one, carried) for one in value]
    return value
