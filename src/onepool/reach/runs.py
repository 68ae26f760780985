"""Running destinations: gather, compare, write, remember; on their interval or when asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog
from filelock import FileLock, Timeout
from sqlalchemy import desc, func, insert, select, update

from onepool.channels import registry
from onepool.channels.connection import Connection
from onepool.clock import Clock, from_micros, to_micros
from onepool.collect.accounts import look_up, make_account
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.errors import OnePoolError
from onepool.pool import Engine
from onepool.privacy import audit
from onepool.reach import advertising, changes, files, gather, pending, posts, tables
from onepool.reach.definition import Destination, DestinationError, parse, personal_columns
from onepool.reach.memory import Memory
from onepool.reach.policies import Policies
from onepool.settings import Settings
from onepool.standards import Standard
from onepool.state import State
from onepool.state.schema import destination_left_out, destination_runs

_logger = structlog.get_logger(__name__)

EXPORTS: Final = "exports"
_LOOK_SECONDS: Final = 5.0
_FIRST_WAIT: Final = 60.0
_LONGEST_WAIT: Final = 3600.0
_MANY: Final = 100
"""From so many rows on, a run that would take out more than half of them is not done unasked."""

_RUNS: Final = select(destination_runs, destination_left_out.c.members).outerjoin(
    destination_left_out,
    (destination_left_out.c.destination == destination_runs.c.destination)
    & (destination_left_out.c.run == destination_runs.c.run),
)
"""Runs with what is told of them."""


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def root(self) -> Path: ...
    @property
    def data(self) -> Path: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def state(self) -> State: ...
    @property
    def pool(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def sandbox(self) -> str | None: ...
    @property
    def definitions(self) -> Definitions: ...
    def standard(self) -> Standard: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. ``rows`` written, ``gone`` taken out or marked, ``total`` there now. ``error``: empty when it worked.

    ``left_out``: members of an audience who are not told of, since they have not agreed to it.
    """

    destination: str
    run: int
    started_at: int
    finished_at: int | None
    rows: int
    gone: int
    total: int
    where: str
    error: str
    left_out: int = 0

    @property
    def failed(self) -> bool:
        return bool(self.error)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do: rows to write, rows to take out, rows in all, and the first ones (in clear).

    ``left_out``: members who are not told of, since they have not agreed to it (an advertising platform's audience).
    """

    rows: int
    gone: int
    total: int
    sample: pa.Table
    left_out: int = 0


def run(place: Place, name: str, *, actor: str, force: bool = False) -> Outcome:
    """Run a destination now. What fails is noted and returned; it is tried again later, from the start, harmlessly.

    ``force``: also when more than half of what is there would be taken out.

    Raises:
        DestinationError: there is no such destination, or it runs already.
    """
    destination = definition(place, name)
    with _turn(place, name) as free:
        if not free:
            raise DestinationError("it is being run already", where=f"destination {name}")
        number = _begin(place, destination)
        try:
            found = _write(place, destination, _sequence(place, name), force=force)
        except OnePoolError as error:
            outcome = _end(place, destination, number, error=str(error))
        # Whatever it was is noted where it is seen; others go on.
        except Exception as error:  # noqa: BLE001
            _logger.error("a destination failed", destination=name, error=type(error).__name__)
            outcome = _end(place, destination, number, error=f"failed: {type(error).__name__}")
        else:
            outcome = _end(place, destination, number, **found)
            # Only now: a run that is not noted as done is done again, under the same number.
            _memory(place, destination).tidy()
    detail: dict[str, Any] = {
        "what": destination.what, "rows": outcome.rows, "gone": outcome.gone, "to": destination.to.kind,
        "personal": list(personal_columns(destination, place.standard())), "purpose": destination.purpose,
        **({"left_out": outcome.left_out} if outcome.left_out else {}), "failed": outcome.failed,
    }  # fmt: skip
    audit.record(place.state, place.clock, actor, "export", f"destination:{name}", detail)
    return outcome


def preview(place: Place, destination: Destination, limit: int = 5) -> Preview:
    """What a run would do, without doing it. Raises DestinationError, PoolError."""
    memory = _memory(place, destination)
    rows, difference, _, left_out = _compare(place, destination, memory, _sequence(place, destination.destination))
    changed, gone = difference.changed.num_rows, difference.gone.num_rows
    return Preview(changed, gone, rows.num_rows, rows.slice(0, limit), left_out)


def definition(place: Place, name: str) -> Destination:
    """A destination by name. Raises DestinationError."""
    found = place.definitions.get("destination", name)
    if found is None:
        raise DestinationError(f"there is no destination {name}", hint="onepool destination list shows all")
    return parse(found.body, name)


def latest(state: State, name: str, most: int = 20) -> list[Outcome]:
    """The latest runs of a destination, the newest first."""
    table = destination_runs
    with state.read() as connection:
        rows = connection.execute(
            _RUNS.where(table.c.destination == name).order_by(desc(table.c.run)).limit(most)
        ).all()
    return [_outcome(row) for row in rows]


class Destinations:
    """Runs those whose time has come, one after another."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set."""
        while not stop.wait(_LOOK_SECONDS):
            try:
                for name in self.due():
                    if stop.is_set():
                        return
                    run(self._place, name, actor="schedule")
            # The others go on, and it is looked at again in a moment.
            except Exception as error:  # noqa: BLE001
                _logger.error("running destinations failed", error=type(error).__name__)

    def due(self) -> list[str]:
        """Destinations whose time has come: after their interval, after a failure sooner."""
        now = self._place.clock.now()
        found = []
        for one in self._place.definitions.current("destination"):
            try:
                destination = parse(one.body, one.name)
            except DestinationError:
                continue
            if destination.paused or destination.every <= 0:
                continue
            runs = latest(self._place.state, one.name, 8)
            failures = next((n for n, before in enumerate(runs) if not before.failed), len(runs))
            wait = float(destination.every)
            if failures:
                wait = min(_FIRST_WAIT * 2 ** (failures - 1), _LONGEST_WAIT, max(wait, _FIRST_WAIT))
            if not runs or from_micros(runs[0].started_at) + timedelta(seconds=wait) <= now:
                found.append(one.name)
        return found


def _write(place: Place, destination: Destination, sequence: int, *, force: bool) -> dict[str, Any]:
    memory = _memory(place, destination)
    whole = destination.mode == "full" and destination.what != "changes"
    # All rows written anew into a table or a file are right whatever was there.
    again = not whole or destination.to.kind == "webhook"
    ahead = memory.begun(sequence) if again else None
    if ahead is None:
        ahead = _gathered(place, destination, memory, sequence, force=force, whole=whole)

    def begin(ahead: pending.Pending = ahead) -> None:
        memory.begin(ahead, sequence, again=again)

    where, left = _deliver(place, destination, memory, ahead, sequence, whole=whole, begin=begin)
    changes.keep(changes.without(ahead.kept, left), memory.written)
    told = f"; {left.num_rows:,} rows left out, their keys are longer than its columns" if left.num_rows else ""
    rows = ahead.rows.num_rows - left.num_rows
    return {"rows": rows, "gone": ahead.gone.num_rows, "total": ahead.total - left.num_rows, "place": where + told,
            "left_out": ahead.left_out}  # fmt: skip


def _gathered(
    place: Place, destination: Destination, memory: Memory, sequence: int, *, force: bool, whole: bool
) -> pending.Pending:
    """What there is to write now. Raises DestinationError where too much would go."""
    rows, found, attempt, left_out = _compare(place, destination, memory, sequence)
    if not force and found.before >= _MANY and found.lost * 2 > found.before and destination.gone != "keep":
        raise DestinationError(
            f"{found.lost:,} of {found.before:,} rows would be taken out at once",
            where=f"destination {destination.destination}",
            hint="if that is right, run it by hand with --force",
        )
    return pending.Pending(rows if whole else found.changed, found.gone, found.kept, rows.num_rows, attempt,
                           left_out=left_out)  # fmt: skip


def _deliver(
    place: Place, destination: Destination, memory: Memory, ahead: pending.Pending, sequence: int,
    *, whole: bool, begin: Callable[[], None],
) -> tuple[str, pa.Table]:  # fmt: skip
    """Write it, after ``begin``; where, and the keys of rows that don't fit there."""
    target = destination.to
    name = destination.destination
    none = ahead.rows.select(destination.keys).slice(0, 0)
    # A run of the same number that was begun under another definition may be there already: it is not written over.
    number = str(sequence) if not ahead.attempt else f"{sequence}.{ahead.attempt}"

    def secret(reference: str) -> str:
        return look_up(reference, place.data, f"destination {name}")

    def writing(ours: bool) -> None:
        if ours:
            memory.own()
        begin()

    if target.kind == "database":
        left = tables.write(
            destination, secret(target.url), ahead.rows, ahead.gone, place.clock.now(),
            whole=whole, known=memory.known, writing=writing,
        )  # fmt: skip
        return target.table, left
    if target.kind == "webhook":
        point = place.touchpoints().get(target.touchpoint)
        if point is None or point.channel != "webhook":
            raise DestinationError(f"there is no touchpoint {target.touchpoint} of channel webhook")
        account = make_account(point, place.data, place.sandbox)
        connection = Connection(registry.channel("webhook"), account, place.clock)
        begin()
        try:
            posts.write(
                destination, connection, ahead.rows, ahead.gone, sequence, number,
                taken=memory.taken(number), took=partial(memory.took, number),
            )  # fmt: skip
        finally:
            connection.close()
        return f"touchpoint {target.touchpoint}", none
    exports = place.root / EXPORTS
    if target.kind == "ads":
        formats = advertising.formats_of(place.touchpoints(), destination)
        begin()
        where = advertising.write(destination, formats, ahead.rows, ahead.gone, sequence, ahead.attempt, exports)
        return where, none
    begin()
    return files.write(destination, ahead.rows, ahead.gone, sequence, ahead.attempt, exports, secret), none


def _compare(
    place: Place, destination: Destination, memory: Memory, sequence: int
) -> tuple[pa.Table, changes.Difference, int, int]:
    """All rows there are now, what of them is new, the attempts that the run of this number had, and how many members
    are left out since they have not agreed."""
    standard = place.standard()
    if destination.what != "changes":
        rows, left_out = (
            _audience(place, destination)
            if destination.to.kind == "ads"
            else (gather.rows(place.pool, destination, standard), 0)
        )
        doubts, attempt = memory.doubts(sequence, rows.select(destination.keys).schema)
        full = destination.mode == "full"
        found = changes.difference(
            rows, destination.keys, memory.digests(), full=full, current=memory.current, doubts=doubts
        )
        return rows, found, attempt, left_out
    # They are only ever added: what is behind the last one is new.
    key = destination.keys[0]
    before = pq.read_table(memory.written).column(key)[-1].as_py() if memory.current else None
    none = gather.rows(place.pool, destination, standard, limit=0)
    doubts, attempt = memory.doubts(sequence, none.select(destination.keys).schema)
    after = before
    if before is not None and doubts.num_rows:
        after = min(before, pc.min(doubts.column(key)).as_py() - 1)
    rows = gather.rows(place.pool, destination, standard, after=after)
    last = max(before or 0, pc.max(rows.column(key)).as_py() or 0)
    gone = changes.without(doubts, rows.select(destination.keys))
    return rows, changes.Difference(rows, gone, pa.table({key: pa.array([last], pa.int64())})), attempt, 0


def _audience(place: Place, destination: Destination) -> tuple[pa.Table, int]:
    """The hashes that an advertising platform may be told now, and how many members are left out."""
    assert destination.to.kind == "ads"
    points = place.touchpoints()
    formats = advertising.formats_of(points, destination)
    _, policy = Policies(place).now()
    purpose = policy.purposes[advertising.CATEGORY]
    at = to_micros(place.clock.now())
    with place.pool.read() as session, place.state.read() as connection:
        channel = points[destination.to.touchpoint].channel
        return advertising.rows(session, connection, destination, formats, channel, purpose, at)


def _memory(place: Place, destination: Destination) -> Memory:
    earlier = []
    for one in place.definitions.history("destination", destination.destination):
        # What can't be read any more was written by nothing that can be told.
        with suppress(DestinationError):
            earlier.append(parse(one.body or {}, one.name))

    @cache
    def address(reference: str) -> str:
        try:
            return tables.address(look_up(reference, place.data, f"destination {destination.destination}"))
        except OnePoolError:
            return reference

    return Memory.of(place.data / "destinations", destination, earlier, address)


def _sequence(place: Place, name: str) -> int:
    """The number of the next run that succeeds: the name of what it writes, the same however often it is tried."""
    table = destination_runs
    with place.state.read() as connection:
        done = (table.c.destination == name, table.c.finished_at.is_not(None), table.c.error == "")
        return 1 + int(connection.execute(select(func.count()).select_from(table).where(*done)).scalar_one())


def _begin(place: Place, destination: Destination) -> int:
    """Note a new run; should this process die, it stays as one that did not come to its end."""
    table = destination_runs
    same = table.c.destination == destination.destination
    with place.state.write() as connection:
        number = int(connection.execute(select(func.max(table.c.run)).where(same)).scalar_one() or 0) + 1
        values = {"started_at": to_micros(place.clock.now()), "finished_at": None, "error": "did not come to its end"}
        zero = {"rows": 0, "gone": 0, "total": 0, "place": ""}
        connection.execute(insert(table).values(destination=destination.destination, run=number, **values, **zero))
        return number


def _end(ws: Place, destination: Destination, number: int, *, left_out: int = 0, **values: Any) -> Outcome:
    table = destination_runs
    which = (table.c.destination == destination.destination, table.c.run == number)
    given = {"error": "", **values, "finished_at": to_micros(ws.clock.now())}
    given["error"] = given["error"][:1000]
    with ws.state.write() as connection:
        connection.execute(update(table).where(*which).values(**given))
        if left_out:
            said = {"destination": destination.destination, "run": number, "members": left_out}
            connection.execute(insert(destination_left_out).values(**said))
        return _outcome(connection.execute(_RUNS.where(*which)).one())


def _outcome(row: Any) -> Outcome:
    return Outcome(
        row.destination, row.run, row.started_at, row.finished_at, row.rows, row.gone, row.total, row.place, row.error,
        row.members or 0,
    )  # fmt: skip


@contextmanager
def _turn(place: Place, name: str) -> Iterator[bool]:
    """Whether this process may run it now: one at a time on one machine."""
    folder = place.data / "destinations"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / f"{re.sub(r'[^A-Za-z0-9_]', '_', name)}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
