"""query, customer show."""

from __future__ import annotations

import sys
from typing import Annotated

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import typer

from onepool.api.lookup import find_customer, show_customer
from onepool.api.sql import run_readonly
from onepool.cli.output import HERE, Json, WorkspaceDir, opened, show_json, show_table
from onepool.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("query")(query)
    customer = typer.Typer(help="One customer.", no_args_is_help=True)
    customer.callback()(lambda: None)
    customer.command("show")(show)
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
