"""Real database servers for tests: each in a folder of its own on a free port of loopback, stopped at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

_START_SECONDS = 120


def postgres_program(name: str) -> str | None:
    """One of PostgreSQL's programs; Debian keeps them away from the path."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(kept[0]) if kept else shutil.which(name)


def _as(user: str) -> list[str]:
    """PostgreSQL refuses to run as root; the package brings a user for it."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.getuid() == 0 else []


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    engine = create_engine(url, poolclass=NullPool)
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            return
        except SQLAlchemyError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server does not start: {log.read_text(errors='replace')[-2000:]}") from None
            time.sleep(0.1)


@contextmanager
def server(kind: str) -> Iterator[str]:
    """The address of a server of that kind (sqlite, postgres, mariadb) with an empty database; skips without it.

    In a folder of its own and not among a test's files: the server's user must be able to enter it.
    """
    with tempfile.TemporaryDirectory(prefix="onepool-db-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/shop.db"
        else:
            with {"postgres": postgres, "mariadb": mariadb}[kind](Path(folder)) as url:
                yield url


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server with an empty database. The folder must be one that others may enter."""
    initdb, program = postgres_program("initdb"), postgres_program("postgres")
    if initdb is None or program is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    place = folder / "postgres"
    place.mkdir(parents=True)
    prefix = _as("postgres")
    if prefix:
        folder.chmod(0o711)
        shutil.chown(place, "postgres", "postgres")
    subprocess.run(
        [*prefix, initdb, "-D", str(place / "data"), "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C", "-N"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    port, log = free_port(), folder / "postgres.log"
    command = [
        *prefix, program, "-D", str(place / "data"), "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F",
        "-c", "max_connections=40", "-c", "shared_buffers=16MB",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd="/")
    url = f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
    try:
        _wait(url, process, log)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # at once: without it the server waits for its clients
        process.wait(30)


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """The address of a MariaDB server with an empty database."""
    program, install = (
        shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin"),
        shutil.which("mariadb-install-db"),
    )
    if program is None or install is None:
        pytest.skip("MariaDB is not installed (Debian: apt-get install mariadb-server-core mariadb-client-core)")
    place = folder / "mariadb"
    place.mkdir(parents=True)
    user = ["--user=root"] if os.getuid() == 0 else []
    # Native AIO is a limited resource of the machine, and other servers may have it.
    light = ["--innodb-use-native-aio=0", "--innodb-buffer-pool-size=32M"]
    made = subprocess.run(
        [install, "--no-defaults", *user, *light, f"--datadir={place}", "--auth-root-authentication-method=normal",
         "--skip-test-db", "--skip-name-resolve"],
        check=False, capture_output=True, cwd="/", text=True,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"{install}: {made.stdout[-1000:]} {made.stderr[-1000:]}")
    port, log = free_port(), folder / "mariadb.log"
    command = [
        program, "--no-defaults", *user, f"--datadir={place}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--socket={place}/s", f"--pid-file={place}/pid", "--skip-name-resolve", *light,
        "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--local-infile=0",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd="/")
    try:
        _wait(f"mysql+pymysql://root@127.0.0.1:{port}/mysql", process, log)
        engine = create_engine(f"mysql+pymysql://root@127.0.0.1:{port}/mysql", poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("CREATE DATABASE shop CHARACTER SET utf8mb4"))
        yield f"mysql+pymysql://root@127.0.0.1:{port}/shop?charset=utf8mb4"
    finally:
        process.terminate()
        process.wait(30)
