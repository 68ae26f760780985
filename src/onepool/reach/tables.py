"""Writing rows into a table of PostgreSQL, MySQL or MariaDB: a staging table, then one merge, in one transaction."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from pyarrow import types
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    MetaData,
    Numeric,
    Table,
    Text,
    and_,
    delete,
    exists,
    insert,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from onepool.channels.base import PullFailed
from onepool.channels.base.database_engine import failed, open_engine, settle
from onepool.reach.definition import Destination, DestinationError
from onepool.standards.normalise.scalars import MAX_ID

LEFT: Final = "left_at"
_BATCH: Final = 2_000
_TIMEOUT: Final = 600
_DIALECTS: Final = ("postgresql", "mysql", "mariadb", "sqlite")


def write(
    destination: Destination, url: str, rows: pa.Table, gone: pa.Table, now: datetime,
    *, whole: bool, known: bool, writing: Callable[[bool], None],
) -> pa.Table:  # fmt: skip
    """Upsert ``rows`` and take out ``gone`` (its keys); ``whole``: rows are all there are, whatever else is there left.

    ``known``: the table was written from here before. Everything happens or nothing. ``writing`` is called when nothing
    speaks against it and nothing is written yet, with whether the table is ours: known, or empty.

    Returns:
        The keys of the rows that were left out, for they are longer than the table's key columns.

    Raises:
        DestinationError: in words, without values and passwords.
    """
    assert destination.to.kind == "database"
    try:
        engine = open_engine(url, _TIMEOUT)
    except PullFailed as error:
        raise DestinationError(error.message, where="to.url") from error
    try:
        if engine.dialect.name not in _DIALECTS:
            raise DestinationError(f"{engine.dialect.name} can't be written to yet", where="to.url")
        with engine.connect() as connection:
            table = _table(connection, destination, rows.schema)
            ours = _make(connection, table, destination, known=known)
            limits = _limits(connection, table, destination)
            connection.commit()
            rows, left = _fitting(rows, limits, destination.keys)
            gone, _ = _fitting(gone, limits, destination.keys)
            writing(ours)
            settle(connection, _TIMEOUT, write=True)
            _merge(connection, table, destination, rows, gone, now, whole=whole)
            connection.commit()
            return left
    except SQLAlchemyError as error:
        raise DestinationError(failed(error).message, where=f"table {destination.to.table}") from error
    finally:
        engine.dispose()


def address(url: str) -> str:
    """Which database it is: its kind, host, port and name, without user and password. Raises DestinationError."""
    try:
        found = make_url(url)
    except ArgumentError as error:
        raise DestinationError("it is no database's address", where="to.url") from error
    return f"{found.get_backend_name()}://{found.host or ''}:{found.port or ''}/{found.database or ''}"


def _table(connection: Connection, destination: Destination, schema: pa.Schema) -> Table:
    assert destination.to.kind == "database"
    space, _, name = destination.to.table.rpartition(".")
    keys = set(destination.keys)
    columns = [
        Column(
            one.name,
            _type(one.type, source=destination.columns[one.name] if one.name in keys else ""),
            primary_key=one.name in keys,
            autoincrement=False,
        )
        for one in schema
    ]
    if destination.gone == "mark":
        columns.append(Column(LEFT, _type(pa.timestamp("us", tz="UTC"))))
    options: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}
    del connection
    return Table(name, MetaData(), *columns, schema=space or None, **options)


def _make(connection: Connection, table: Table, destination: Destination, *, known: bool) -> bool:
    """Make the table where it is not there; one that is must have the columns and be ours, or adopted. Whether ours."""
    assert destination.to.kind == "database"
    looked = inspect(connection)
    if not looked.has_table(table.name, schema=table.schema):
        connection.execute(CreateTable(table))
        return True
    there = {one["name"] for one in looked.get_columns(table.name, schema=table.schema)}
    if missing := [one.name for one in table.columns if one.name not in there]:
        raise DestinationError(
            f"the table has no column {', '.join(missing)}",
            where=f"table {destination.to.table}",
            hint="add it there, or take it out of `columns`",
        )
    unique: list[list[Any]] = [list(looked.get_pk_constraint(table.name, schema=table.schema)["constrained_columns"])]
    unique += [list(one["column_names"]) for one in looked.get_unique_constraints(table.name, schema=table.schema)]
    unique += [
        list(one["column_names"]) for one in looked.get_indexes(table.name, schema=table.schema) if one["unique"]
    ]
    if not any(set(one) == set(destination.keys) for one in unique):
        raise DestinationError(
            f"the table has no unique key over {', '.join(destination.keys)}",
            where=f"table {destination.to.table}",
            hint="add a primary key or a unique index there",
        )
    if known or connection.execute(select(1).select_from(table).limit(1)).first() is None:
        return True
    if not destination.to.adopt:
        raise DestinationError(
            "the table has rows that were not written from here",
            where=f"table {destination.to.table}",
            hint="choose another table, empty it, or write `adopt: true`: what is not in the pool may then be deleted",
        )
    return False


def _limits(connection: Connection, table: Table, destination: Destination) -> dict[str, int]:
    """How many characters the key columns of text hold where that is limited: there, and in the staging table."""
    if connection.dialect.name == "sqlite":
        return {}
    there = {one["name"]: one["type"] for one in inspect(connection).get_columns(table.name, schema=table.schema)}
    found = {}
    for key in destination.keys:
        lengths = [getattr(one, "length", None) for one in (there[key], table.c[key].type)]
        if known := [int(one) for one in lengths if one]:
            found[key] = min(known)
    return found


def _fitting(rows: pa.Table, limits: dict[str, int], keys: list[str]) -> tuple[pa.Table, pa.Table]:
    """The rows whose keys the columns hold, and the keys of the others."""
    left = rows.select(keys).slice(0, 0)
    for key, most in limits.items():
        if types.is_string(rows.schema.field(key).type):
            fits = pc.less_equal(pc.utf8_length(rows.column(key)), most)
            left = pa.concat_tables([left, rows.filter(pc.invert(fits)).select(keys)])
            rows = rows.filter(fits)
    return rows, left


def _merge(
    connection: Connection, table: Table, destination: Destination, rows: pa.Table, gone: pa.Table, now: datetime,
    *, whole: bool,
) -> None:  # fmt: skip
    names = rows.column_names
    stage = _stage(connection, table, "onepool_stage", names)
    _fill(connection, stage, rows)
    connection.execute(_upsert(connection, table, stage, destination))
    if destination.gone == "keep":
        return
    if whole:
        same = and_(*[table.c[key] == stage.c[key] for key in destination.keys])
        which = ~exists(select(1).select_from(stage).where(same).correlate(table))
    elif gone.num_rows:
        left = _stage(connection, table, "onepool_gone", destination.keys)
        _fill(connection, left, gone)
        same = and_(*[table.c[key] == left.c[key] for key in destination.keys])
        which = exists(select(1).select_from(left).where(same).correlate(table))
    else:
        return
    if destination.gone == "delete":
        connection.execute(delete(table).where(which))
    else:
        at = now if connection.dialect.name == "postgresql" else now.astimezone(UTC).replace(tzinfo=None)
        connection.execute(update(table).where(which, table.c[LEFT].is_(None)).values({LEFT: at}))


def _stage(connection: Connection, table: Table, name: str, columns: Sequence[str]) -> Table:
    """An empty table of this connection alone; gone with it."""
    keys = {one.name for one in table.primary_key}
    stage = Table(
        name,
        MetaData(),
        *[
            Column(one, table.c[one].type, primary_key=one in keys and set(columns) >= keys, autoincrement=False)
            for one in columns
        ],
        prefixes=["TEMPORARY"],
        mysql_charset="utf8mb4",
    )
    connection.execute(CreateTable(stage))
    return stage


def _fill(connection: Connection, stage: Table, rows: pa.Table) -> None:
    if not rows.num_rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, stage, rows)
        return
    plain = _naive(rows)
    for start in range(0, plain.num_rows, _BATCH):
        connection.execute(insert(stage), plain.slice(start, _BATCH).to_pylist())


def _copy(connection: Connection, stage: Table, rows: pa.Table) -> None:
    """COPY: the fastest way into PostgreSQL. Texts are quoted, so that an empty one is not a missing one."""
    preparer = connection.dialect.identifier_preparer
    columns = ", ".join(preparer.quote(name) for name in rows.column_names)
    statement = f"COPY {preparer.quote(stage.name)} ({columns}) FROM STDIN (FORMAT csv)"
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for batch in rows.to_batches(50_000):
                buffer = io.BytesIO()
                plain = _plain(pa.Table.from_batches([batch]))
                pacsv.write_csv(plain, buffer, pacsv.WriteOptions(include_header=False))
                copy.write(buffer.getvalue())
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(statement, None, error) from error
    finally:
        cursor.close()


def _upsert(connection: Connection, table: Table, stage: Table, destination: Destination) -> Any:
    """INSERT … SELECT from the staging table; what is there already takes the new values, and is no more marked."""
    names = [one.name for one in stage.columns]
    others = [name for name in names if name not in destination.keys]
    kind = connection.dialect.name
    source = select(*[stage.c[name] for name in names])
    back = {LEFT: None} if destination.gone == "mark" else {}
    if kind in ("mysql", "mariadb"):
        made = mysql.insert(table).from_select(names, source)
        values = {name: made.inserted[name] for name in others} | back
        return made.on_duplicate_key_update(values or {names[0]: made.inserted[names[0]]})
    if kind == "sqlite":
        # Without a condition SQLite takes ON for a part of the SELECT.
        lite = sqlite.insert(table).from_select(names, source.where(literal(1) == 1))
        return _conflict(lite, destination.keys, others, back)
    return _conflict(postgresql.insert(table).from_select(names, source), destination.keys, others, back)


def _conflict(made: Any, keys: Sequence[str], others: Sequence[str], back: dict[str, Any]) -> Any:
    values = {name: made.excluded[name] for name in others} | back
    if not values:
        return made.on_conflict_do_nothing(index_elements=list(keys))
    return made.on_conflict_do_update(index_elements=list(keys), set_=values)


def _type(kind: pa.DataType, *, source: str = "") -> TypeEngine[Any]:
    """``source``: of a column of the key."""
    if types.is_boolean(kind):
        return Boolean()
    if types.is_integer(kind):
        return BigInteger()
    if types.is_floating(kind):
        return Double()
    if types.is_decimal(kind):
        return Numeric(max(kind.precision, 18), kind.scale)
    if types.is_timestamp(kind):
        return DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    if types.is_date(kind):
        return Date()
    if not source:
        return Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    # A key of MySQL holds 3,072 bytes: a whole id of an order and a name. Without this collation `ab1` would be `AB1`.
    length = MAX_ID if source == "order_id" else 191
    return Text().with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _naive(rows: pa.Table) -> pa.Table:
    """Instants as UTC without a zone, for databases that know none."""
    for number, one in enumerate(rows.schema):
        if types.is_timestamp(one.type) and one.type.tz is not None:
            plain = rows.column(number).cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
            rows = rows.set_column(number, one.name, plain)
    return rows


def _plain(rows: pa.Table) -> pa.Table:
    """What the writer of CSV can write as PostgreSQL reads it."""
    for number, one in enumerate(rows.schema):
        if types.is_timestamp(one.type) and one.type.tz is not None:
            plain = pc.strftime(rows.column(number).cast(pa.timestamp("us", tz="UTC")), format="%Y-%m-%d %H:%M:%S+00")
            rows = rows.set_column(number, one.name, plain)
        elif types.is_decimal(one.type):
            rows = rows.set_column(number, one.name, rows.column(number).cast(pa.string()))
    return rows
