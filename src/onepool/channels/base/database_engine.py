"""Connecting to a brand's database: read-only, with limits of time, text as Unicode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from onepool.channels.base.channel import PullFailed
from onepool.channels.base.destinations import forbidden

DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mssql": "mssql+pymssql",
    "sqlserver": "mssql+pymssql",
    "sqlite": "sqlite+pysqlite",
}
"""Databases that can be spoken to, by the scheme of their address, and the driver for each."""

ARGUMENTS: Final[dict[str, frozenset[str]]] = {
    "postgresql": frozenset(
        ["sslmode", "sslrootcert", "sslnegotiation", "channel_binding", "gssencmode", "options", "target_session_attrs"]
    ),
    "mysql": frozenset(
        ["charset", "collation", "ssl_ca", "ssl_check_hostname", "ssl_verify_cert", "ssl_verify_identity"]
    ),
    "mssql": frozenset(["charset", "tds_version", "encryption"]),
    "sqlite": frozenset(),
}
"""What may follow the `?` of an address. A driver's other arguments name other hosts (`host`), files of this machine
(`read_default_file`, `sslkey`, `uri`) or let the server ask for such files (`local_infile`)."""

_CONNECT_SECONDS: Final = 10


def parse(url: str) -> URL:
    """An address with its driver. Raises PullFailed for another kind of database; never shows the password."""
    try:
        found = make_url(url.strip())
    except ArgumentError as error:
        message = "the database's address is not readable; write postgresql://user:password@host:5432/name"
        raise PullFailed(message, code="address", retry=False) from error
    kind = found.drivername.partition("+")[0]
    if kind not in DRIVERS:
        known = "postgresql, mysql, mariadb, mssql, sqlite"
        raise PullFailed(f"no driver for {kind} databases; there are {known}", code="address", retry=False)
    address = found.set(drivername=DRIVERS[kind])
    allowed = ARGUMENTS["mysql" if kind == "mariadb" else address.get_backend_name()]
    unknown = sorted(set(address.query) - allowed)
    if unknown:
        known = f"; there are {', '.join(sorted(allowed))}" if allowed else ""
        message = f"the database's address has arguments that are not taken: {', '.join(unknown)[:200]}{known}"
        raise PullFailed(message, code="address", retry=False)
    return address


def connect_options(url: URL, timeout: int) -> tuple[URL, dict[str, Any]]:
    """The address and the driver's own arguments for reading with a limit of ``timeout`` seconds a statement."""
    kind = url.get_backend_name()
    if kind == "postgresql":
        return url, {"connect_timeout": _CONNECT_SECONDS, "application_name": "onepool"}
    if kind in ("mysql", "mariadb"):
        if "charset" not in url.query:
            url = url.update_query_dict({"charset": "utf8mb4"})
        return url, {"connect_timeout": _CONNECT_SECONDS, "read_timeout": timeout + 30, "local_infile": False}
    if kind == "mssql":
        if "charset" not in url.query:
            url = url.update_query_dict({"charset": "UTF-8"})
        return url, {"login_timeout": _CONNECT_SECONDS, "timeout": timeout, "appname": "onepool"}
    return url, {}


def settle(connection: Connection, timeout: int, *, write: bool = False) -> None:
    """Begin: read-only where the database has that (SQL Server has not: give its user db_datareader only)."""
    kind = connection.dialect.name
    if kind == "postgresql":
        if not write:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {timeout * 1000:d}")
    elif kind in ("mysql", "mariadb"):
        if getattr(connection.dialect, "is_mariadb", False):
            connection.exec_driver_sql(f"SET SESSION max_statement_time = {timeout:d}")
        else:
            connection.exec_driver_sql(f"SET SESSION max_execution_time = {timeout * 1000:d}")
        connection.exec_driver_sql("START TRANSACTION" if write else "START TRANSACTION READ ONLY")
    elif kind == "mssql":
        connection.exec_driver_sql(f"SET LOCK_TIMEOUT {timeout * 1000:d}")
    elif kind == "sqlite" and not write:
        connection.exec_driver_sql("PRAGMA query_only = ON")


def open_engine(address: str, timeout: int = 120) -> Engine:
    """An engine for an address; connections are made when needed and not kept. Raises PullFailed."""
    url, arguments = connect_options(parse(address), timeout)
    if any(forbidden(host) for host in (url.host or "").split(",") if host):  # libpq tries several
        raise PullFailed("the database's address is one that nothing is sent to", code="settings", retry=False)
    if url.get_backend_name() == "sqlite":
        _refuse_own(url.database)
    try:
        # The values of a failed statement are customers' values: errors go into logs.
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
    except ImportError as error:
        message = f"the driver for {url.get_backend_name()} databases is missing: install {error.name}"
        raise PullFailed(message, code="driver", retry=False) from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise PullFailed(f"the database's address can't be used: {type(error).__name__}", retry=False) from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 10000"))
    return engine


@contextmanager
def reading(engine: Engine, timeout: int = 120) -> Iterator[Connection]:
    """A read-only transaction. What the database says to it becomes PullFailed, without values and passwords."""
    try:
        with engine.connect() as connection, connection.begin():
            settle(connection, timeout)
            yield connection
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = OFF")
    except SQLAlchemyError as error:
        raise failed(error) from error


def failed(error: SQLAlchemyError) -> PullFailed:
    """An error of a database in words that may be shown: the class and the code, and the text of a refusal."""
    original = getattr(error, "orig", None) if isinstance(error, DBAPIError) else None
    first = (getattr(original, "args", None) or ("",))[0]
    first = first[0] if isinstance(first, tuple) and first else first  # pymssql: ((number, text),)
    code = str(first if isinstance(first, int) else getattr(original, "sqlstate", None) or first)
    code = code if code.isalnum() and len(code) <= 8 else ""
    words = {
        "28P01": "it refuses the user or the password", "28000": "it refuses the user", "1045": "it refuses the user",
        "3D000": "there is no such database", "1049": "there is no such database", "18456": "it refuses the user",
        "42501": "this user may not read the table", "1142": "this user may not read the table",
        "57014": "a statement took longer than allowed; is there an index on the cursor and the key?",
        "3024": "a statement took longer than allowed; is there an index on the cursor and the key?",
        "1969": "a statement took longer than allowed; is there an index on the cursor and the key?",
        "2003": "it can't be reached", "20009": "it can't be reached", "20002": "it can't be reached",
        "208": "there is no such table", "229": "this user may not read the table",
        "20003": "a statement took longer than allowed; is there an index on the cursor and the key?",
    }.get(code)  # fmt: skip
    if words is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        words = "the connection broke"
    name = type(original or error).__name__
    return PullFailed(f"the database: {words or name}" + (f" ({code})" if code else ""), code=code)


def _refuse_own(path: str | None) -> None:
    """OnePool's own files are no touchpoint: their secrets must not leave through one."""
    folder = Path(path or ".").resolve().parent
    own = any((folder / name).exists() for name in ("log.sqlite", "state.sqlite", "pool.duckdb"))
    if own or (path or "").lower().startswith("file:"):
        raise PullFailed("a database inside a workspace's data can't be read", code="address", retry=False)
