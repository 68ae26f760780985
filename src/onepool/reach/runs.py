"""Running destinations: gather, compare, write, remember; on their interval or when asked."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import structlog
from filelock import FileLock, Timeout
from sqlalchemy import desc, func, insert, select, update

from onepool.channels import registry
from onepool.channels.connection import Connection
from onepool.clock import Clock, from_micros, to_micros
from onepool.collect.accounts import look_up, make_account
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions, canonical
from onepool.errors import OnePoolError
from onepool.pool import Engine
from onepool.privacy import audit
from onepool.reach import changes, files, gather, pending, posts, tables
from onepool.reach.definition import Destination, DestinationError, parse, personal_columns
from onepool.standards import Standard
from onepool.state import State
from onepool.state.schema import destination_runs

_logger = structlog.get_logger(__name__)

EXPORTS: Final = "exports"
_LOOK_SECONDS: Final = 5.0
_FIRST_WAIT: Final = 60.0
_LONGEST_WAIT: Final = 3600.0
_MANY: Final = 100
"""From so many rows on, a run that would take out more than half of them is not done unasked."""


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def root(self) -> Path: ...
    @property
    def data(self) -> Path: ...
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
    """One run. ``rows`` written, ``gone`` taken out or marked, ``total`` there now. ``error``: empty when it worked."""

    destination: str
    run: int
    started_at: int
    finished_at: int | None
    rows: int
    gone: int
    total: int
    where: str
    error: str

    @property
    def failed(self) -> bool:
        return bool(self.error)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do: rows to write, rows to take out, rows in all, and the first ones (in clear)."""

    rows: int
    gone: int
    total: int
    sample: pa.Table


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
    detail: dict[str, Any] = {
        "what": destination.what, "rows": outcome.rows, "gone": outcome.gone, "to": destination.to.kind,
        "personal": list(personal_columns(destination, place.standard())), "purpose": destination.purpose,
        "failed": outcome.failed,
    }  # fmt: skip
    audit.record(place.state, place.clock, actor, "export", f"destination:{name}", detail)
    return outcome


def preview(place: Place, destination: Destination, limit: int = 5) -> Preview:
    """What a run would do, without doing it. Raises DestinationError, PoolError."""
    rows, difference, _ = _compare(place, destination)
    return Preview(difference.changed.num_rows, difference.gone.num_rows, rows.num_rows, rows.slice(0, limit))


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
            select(table).where(table.c.destination == name).order_by(desc(table.c.run)).limit(most)
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
    whole = destination.mode == "full" and destination.what != "changes"
    written = _kept(place, destination)
    again = pending.place(written, sequence)
    ahead = pending.load(again)
    # All rows written anew into a table or a file are right whatever was there.
    if ahead is None and whole and destination.to.kind != "webhook":
        ahead = _gathered(place, destination, force=force, whole=True)
    elif ahead is None:
        ahead = _gathered(place, destination, force=force, whole=whole)
        pending.save(ahead, again)
    known = written.exists() or again.exists()
    where = _deliver(place, destination, ahead.rows, ahead.gone, sequence, whole=whole, known=known)
    changes.keep(ahead.kept, written)
    pending.forget(written, destination.destination)
    for old in written.parent.glob(f"{destination.destination}.*.parquet"):
        if old != written:
            old.unlink()
    return {"rows": ahead.rows.num_rows, "gone": ahead.gone.num_rows, "total": ahead.total, "place": where}


def _gathered(place: Place, destination: Destination, *, force: bool, whole: bool) -> pending.Pending:
    """What there is to write now. Raises DestinationError where too much would go."""
    rows, difference, written = _compare(place, destination)
    before = pq.read_metadata(written).num_rows if written.exists() and destination.what != "changes" else 0
    gone = difference.gone
    if not force and before >= _MANY and gone.num_rows * 2 > before and destination.gone != "keep":
        raise DestinationError(
            f"{gone.num_rows:,} of {before:,} rows would be taken out at once",
            where=f"destination {destination.destination}",
            hint="if that is right, run it by hand with --force",
        )
    return pending.Pending(rows if whole else difference.changed, gone, difference.kept, rows.num_rows)


def _deliver(
    place: Place, destination: Destination, rows: pa.Table, gone: pa.Table, sequence: int, *, whole: bool, known: bool
) -> str:
    target = destination.to
    name = destination.destination

    def secret(reference: str) -> str:
        return look_up(reference, place.data, f"destination {name}")

    if target.kind == "database":
        tables.write(destination, secret(target.url), rows, gone, place.clock.now(), whole=whole, known=known)
        return target.table
    if target.kind == "webhook":
        point = place.touchpoints().get(target.touchpoint)
        if point is None or point.channel != "webhook":
            raise DestinationError(f"there is no touchpoint {target.touchpoint} of channel webhook")
        account = make_account(point, place.data, place.sandbox)
        connection = Connection(registry.channel("webhook"), account, place.clock)
        try:
            posts.write(destination, connection, rows, gone, sequence)
        finally:
            connection.close()
        return f"touchpoint {target.touchpoint}"
    return files.write(destination, rows, gone, sequence, place.root / EXPORTS, secret)


def _compare(place: Place, destination: Destination) -> tuple[pa.Table, changes.Difference, Path]:
    written = _kept(place, destination)
    if destination.what == "changes":
        # They are only ever added: what is behind the last one is new.
        key = destination.keys[0]
        before = pq.read_table(written).column(key)[-1].as_py() if written.exists() else None
        rows = gather.rows(place.pool, destination, place.standard(), after=before)
        last = rows.select([key]).slice(max(rows.num_rows - 1, 0))
        if last.num_rows == 0:
            last = pa.table({key: pa.array([before or 0], pa.int64())})
        return rows, changes.Difference(rows, rows.select([key]).slice(0, 0), last), written
    rows = gather.rows(place.pool, destination, place.standard())
    return rows, changes.difference(rows, destination.keys, written, full=destination.mode == "full"), written


def _kept(place: Place, destination: Destination) -> Path:
    """Where it is remembered what was written; another target or other columns begin anew."""
    body = destination.model_dump(include={"what", "to", "columns", "gone"})
    mark = hashlib.sha256(canonical(body).encode()).hexdigest()[:16]
    return place.data / "destinations" / f"{destination.destination}.{mark}.parquet"


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


def _end(ws: Place, destination: Destination, number: int, **values: Any) -> Outcome:
    table = destination_runs
    which = (table.c.destination == destination.destination, table.c.run == number)
    given = {"error": "", **values, "finished_at": to_micros(ws.clock.now())}
    given["error"] = given["error"][:1000]
    with ws.state.write() as connection:
        connection.execute(update(table).where(*which).values(**given))
        return _outcome(connection.execute(select(table).where(*which)).one())


def _outcome(row: Any) -> Outcome:
    return Outcome(
        row.destination, row.run, row.started_at, row.finished_at, row.rows, row.gone, row.total, row.place, row.error
    )


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
