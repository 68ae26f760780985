"""query, customer show|copy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import typer

from onepool.api.copying import copy_customer
from onepool.api.lookup import find_customer, show_customer
from onepool.api.sql import run_readonly
from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_json, show_table
from onepool.errors import UsageError
from onepool.privacy.copies import Form


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("query")(query)
    customer = typer.Typer(help="One customer.", no_args_is_help=True)
    customer.callback()(lambda: None)
    customer.command("show")(show)
    customer.command("copy")(copy)
    app.add_typer(customer, name="customer")


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the views (customers, events, orders, tags …).")],
    folder: WorkspaceDir = HERE,
    form: Annotated[str, typer.Option("--format", help="table, json, csv or parquet.")] = "table",
) -> None:
    """Ask the pool in SQL (reading only).

    Example: onepool query "SELECT channel, count(*) AS n FROM events GROUP BY channel"
    """
    _write(run_readonly(opened(folder).pool, sql), form)


def show(
    who: Annotated[str, typer.Argument(help="Customer id, or type:value (phone:13800000000).")],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """One customer: identifiers, attributes, tags, segments, latest events.

    Example: onepool customer show phone:13800000000
    """
    workspace = opened(folder)
    with workspace.pool.read() as session:
        customer = find_customer(session, who, workspace.standard())
        if customer is None:
            raise UsageError(f"no customer is known as {who}", hint="write an id, or type:value")
        found = show_customer(session, customer, workspace.standard())
    if as_json:
        show_json(found)
        return
    for title, rows in found.items():
        show_table(rows, title)


def copy(
    who: Annotated[str, typer.Argument(help="Customer id, or type:value (phone:13800000000).")],
    to: Annotated[Path, typer.Option(help="The zip to write; there must be no such file yet.")],
    reason: Annotated[str, typer.Option(help="Why the copy is taken; kept in the audit trail.")],
    folder: WorkspaceDir = HERE,
    form: Annotated[str, typer.Option("--format", help="Of the files in the zip: json or csv.")] = "json",
) -> None:
    """All that is kept about one customer, in clear, as a zip for them.

    Example: onepool customer copy phone:13800000000 --to copy.zip --reason "asked by letter"
    """
    if form not in ("json", "csv"):
        raise UsageError(f"no such format: {form}", hint="one of json, csv")
    if len(reason.strip()) < 3:
        raise UsageError("a reason is wanted", hint="say who asked for the copy and how")
    workspace = opened(folder)
    with workspace.pool.read() as session:
        customer = find_customer(session, who, workspace.standard())
    if customer is None:
        raise UsageError(f"no customer is known as {who}", hint="write an id, or type:value")
    try:
        # For its owner alone: what is in it is in clear.
        opened_file = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"{to} can't be written: {error.strerror}", hint="name a file that is not there yet") from None
    try:
        with os.fdopen(opened_file, "wb") as file:
            form_of: Form = "csv" if form == "csv" else "json"
            rows = copy_customer(
                workspace, workspace.clock, customer, file, form=form_of, actor=author(), reason=reason[:500]
            )
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    say(f"{to}: {sum(rows.values())} rows of customer {customer}")


def _write(table: pa.Table, form: str) -> None:
    if form == "json":
        show_json(table.to_pylist())
    elif form == "table":
        show_table(table.to_pylist(), verbatim=True)
    elif form == "csv":
        pyarrow.csv.write_csv(table, sys.stdout.buffer)
    elif form == "parquet":
        pyarrow.parquet.write_table(table, sys.stdout.buffer)
    else:
        raise UsageError(f"no such format: {form}", hint="one of table, json, csv, parquet")
